"""Aims at bursts that do not carry the error, or change what a neuron signals as events."""

import numpy as np

from bio_fa.rules.burst_dependent import BurstDependent
from bio_fa.rules.feedback_alignment import FeedbackAlignment
from tests.rules.limits import generic, order, replaced
from tests.rules.trained import SMALL, SMOOTH, learner

STRENGTHS = (1e-1, 3e-2, 1e-2, 3e-3)
FIRST_SLOPE = 0.25
"""σ′(0), by which a small dendritic potential changes the probability of bursts."""
BACK = {"output_to_H2": "output_to_H2_bursts", "H2_to_H1": "H2_to_H1_bursts"}


def test_where_bursts_are_linear_it_is_feedback_alignment():
    """Payeur et al. (2021): p − p̄ → ¼ κ B (s⁺ − s⁻), and e h(e) is the slope of the sigmoid. One factor ¼ κ an area."""
    parameters = generic(BurstDependent().circuit(SMOOTH).sample(1))
    own = FeedbackAlignment().circuit(SMOOTH).sample(1)
    same = {name: parameters[BACK.get(name, name)].w for name in own}
    wanted = learner(FeedbackAlignment(), SMOOTH, parameters=replaced(own, **same)).deltas()
    slope, gain = 0.8, 0.5
    scales = {"H1_to_H2": slope * FIRST_SLOPE, "input_to_H1": (slope * FIRST_SLOPE) ** 2 * gain}
    for name, scale in scales.items():

        def change(strength: float, name: str = name, scale: float = scale) -> np.ndarray:
            rule = BurstDependent(strength=strength, gain=gain, slope=slope)
            return learner(rule, SMOOTH, parameters=parameters).deltas()[name] / (strength * scale)

        assert order(STRENGTHS, change, wanted[name]) > 0.9, name


def test_it_is_the_difference_of_burst_rates_from_those_expected():
    """ΔW = h(e) (p e − p̄ e) rᵀ, from the recorded events and probabilities."""
    one = learner(BurstDependent())
    delta = one.deltas()["H1_to_H2"]
    events, before = (one.simulation.activity(one.state, each, "free") for each in ("H2", "H1"))
    expected, probability = (one.simulation.activity(one.state, "H2_bursts", phase) for phase in ("free", "nudged"))
    error = (1 - events) * (probability * events - expected * events)
    np.testing.assert_allclose(delta, error.T @ before / len(before), rtol=0, atol=1e-15)
    np.testing.assert_array_equal(expected, 0.5)


def test_rates_of_events_are_never_negative_whatever_the_neurons_of_the_network():
    one = learner(BurstDependent(), SMALL)
    one.run()
    for layer in ("H1", "H2"):
        events = one.simulation.activity(one.state, layer, "free")
        assert (events > 0).all() and (events < 1).all()
