"""Aims at an oracle that is wrong itself: the reference is compared with arithmetic done by hand on two neurons, since
every other backend is compared with it.
"""

from __future__ import annotations

import numpy as np
import pytest

from bio_fa import (
    Activity,
    ActivityDifference,
    Area,
    Circuit,
    Constant,
    Covariance,
    GradientLearning,
    Hebbian,
    Homeostasis,
    LocalLearning,
    Nudge,
    Oja,
    Phase,
    Population,
    Projection,
    Protocol,
    Scale,
    ThreeFactor,
    WeightDecay,
    backends,
    one_phase,
    two_phase,
)
from bio_fa.errors import BackendError
from tests.tiny import MODELS, batch, chain_of, leaky, trial

STIMULI = np.array([[1.0], [3.0]])
"""Two trials of one neuron; through a weight of 2 the output is 2 and 6."""
R, R2 = 2.0, 6.0


def learned(rule, update=Scale(1.0), error=None, protocol=None, target=None, trials=1):  # noqa: B008 (frozen)
    """Return Δw of the last of ``trials`` equal trials for the synapse input → output of weight 2."""
    circuit = chain_of(leaky("input", 1), leaky("output", 1), weights=Constant(2.0), plasticity=rule, error=error, reads="free")
    simulation = backends.get("reference").compile(circuit, protocol or one_phase(circuit), LocalLearning(update))
    state = simulation.init(circuit.sample(0))
    for _ in range(trials - 1):
        state = simulation.learn(trial(simulation, state, {"input": STIMULI, "output": target}))
    return simulation.deltas(trial(simulation, state, {"input": STIMULI, "output": target}))["input_to_output"].item()


BY_HAND = {
    "hebbian": (Hebbian(rate=0.5), 0.5 * (R * 1 + R2 * 3) / 2),
    "oja": (Oja(rate=0.5), 0.5 * (R * (1 - R * 2) + R2 * (3 - R2 * 2)) / 2),
    "covariance": (Covariance(rate=0.5), 0.5 * ((R - 4) * (1 - 2) + (R2 - 4) * (3 - 2)) / 2),
    "homeostasis": (Homeostasis(set_point=1.0, rate=0.5), 0.5 * (1 - 4) * 2),
    "weight_decay": (WeightDecay(rate=0.5), -0.5 * 2),
    "sum": (Hebbian(rate=0.5) + WeightDecay(rate=0.5), 0.5 * (R * 1 + R2 * 3) / 2 - 1),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_a_rule_averages_its_equation_over_the_trials_of_a_batch(name):
    rule, expected = BY_HAND[name]
    assert learned(rule) == pytest.approx(expected, rel=1e-15)


def test_the_error_is_the_nudged_activity_less_the_free_one():
    phases = (Phase("free", ("input",)), Phase("nudged", ("input",), (Nudge("output", 0.5),), plastic=True))
    target = np.array([[4.0], [0.0]])
    # e = β (target − r) = 1 and −3; Δw = ⟨e r_pre⟩ = (1 · 1 − 3 · 3) / 2.
    found = learned(ThreeFactor(), error=ActivityDifference.in_time("output"), protocol=Protocol(phases), target=target)
    assert found == pytest.approx(-4, rel=1e-15)


def test_an_inhibitory_synapse_grows_where_an_excitatory_one_would_shrink():
    input_, inhibitory, output = leaky("input", 1), Population("I", 1, -1), leaky("output", 1)
    learns = {"plasticity": ThreeFactor(), "error": ActivityDifference.in_time("output"), "reads": "free"}
    projections = (
        Projection("input", "I"),
        Projection("input", "output", weights=Constant(3.0), **learns),
        Projection("I", "output", **learns),
    )
    circuit = Circuit("pair", (Area("all", (input_, inhibitory, output)),), projections, "input", "output")
    simulation = backends.get("reference").compile(circuit, two_phase(circuit, hold=False), LocalLearning())
    inputs = {"input": np.array([[1.0]]), "output": np.array([[5.0]])}
    state = trial(simulation, simulation.init(circuit.sample(0)), inputs)
    # Free output 3 · 1 − 1 · 1 = 2, nudged 5: e = 3; ΔW = e s r.
    assert simulation.activity(state, "output", "free").item() == 2
    deltas = simulation.deltas(state)
    assert (deltas["input_to_output"].item(), deltas["I_to_output"].item()) == (3, -3)


def test_an_error_in_space_is_the_difference_of_two_populations_in_one_phase():
    plus, minus, output = leaky("plus", 1), leaky("minus", 1), leaky("output", 1)
    error = ActivityDifference(Activity("plus", "free"), Activity("minus", "free"))
    projections = (
        Projection("input", "plus", weights=Constant(5.0)),
        Projection("input", "minus", weights=Constant(2.0)),
        Projection("input", "output", plasticity=ThreeFactor(), error=error),
    )
    circuit = Circuit("space", (Area("all", (leaky("input", 1), plus, minus, output)),), projections, "input", "output")
    simulation = backends.get("reference").compile(circuit, one_phase(circuit), LocalLearning())
    state = trial(simulation, simulation.init(circuit.sample(0)), {"input": np.array([[2.0]])})
    assert simulation.deltas(state)["input_to_output"].item() == (10 - 4) * 2


def test_learning_adds_the_update_of_the_change_and_then_applies_the_constraints():
    circuit = chain_of(leaky("input", 1), leaky("output", 1), weights=Constant(2.0), plasticity=WeightDecay(rate=1.0))
    for rate, expected in ((0.25, 1.5), (5.0, 0.0)):  # 2 − 0.25 · 2; and [2 − 10]₊ = 0 by Dale's law
        simulation = backends.get("reference").compile(circuit, one_phase(circuit), LocalLearning(Scale(rate)))
        state = simulation.learn(trial(simulation, simulation.init(circuit.sample(0)), {"input": STIMULI}))
        assert simulation.parameters(state)["input_to_output"].w.item() == expected
        assert state.trials == 1


def test_it_computes_in_double_precision_whatever_comes():
    circuit = MODELS["two_area"]
    simulation = backends.get("reference").compile(circuit, two_phase(circuit), LocalLearning())
    inputs = {name: values.astype(np.float32) for name, values in batch(circuit, 2).items()}
    state = trial(simulation, simulation.init(circuit.sample(0)), inputs)
    assert {simulation.activity(state, each.name, "nudged").dtype for each in circuit.populations} == {np.dtype(float)}
    assert {delta.dtype for delta in simulation.deltas(state).values()} == {np.dtype(float)}


def test_it_refuses_gradient_learning_and_says_who_can():
    circuit = MODELS["mlp"]
    with pytest.raises(BackendError, match="reference cannot run 'mlp': it has no gradient; use torch_rate"):
        backends.get("reference").compile(circuit, two_phase(circuit), GradientLearning())
