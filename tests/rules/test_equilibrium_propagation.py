"""Aims at equilibrium propagation that is not the gradient of the loss at the free fixed point, or misses its order in β."""

import functools

import numpy as np
import pytest

from bio_fa import Settle
from bio_fa.losses import CrossEntropy
from bio_fa.rules.equilibrium_propagation import EquilibriumPropagation, SymmetricEquilibriumPropagation
from tests.rules.limits import generic, order, replaced
from tests.rules.trained import SMALL, learner

GAIN = 0.2
STRENGTHS = (0.08, 0.04, 0.02, 0.01)
EXACT = Settle(tolerance=1e-14, step=0.6, max_steps=5000)
POWERS = {"H2_to_output": 0, "tonic_to_output": 0, "H1_to_H2": 1, "tonic_to_H2": 1, "input_to_H1": 2, "tonic_to_H1": 2}
"""γᵏ of each projection: k steps below the output."""
TIED = {"H2_to_output": "output_to_H2", "H1_to_H2": "H2_to_H1"}


@functools.cache
def start():
    return generic(EquilibriumPropagation().circuit(SMALL).sample(2))


def loss(name: str, w: np.ndarray) -> float:
    """Return the mean cross-entropy of the free fixed point with other weights of one projection, and of its transpose."""
    tied = {TIED[name]: w.T} if name in TIED else {}
    one = learner(EquilibriumPropagation(gain=GAIN, settle=EXACT), parameters=replaced(start(), **{name: w}, **tied))
    one.state, _ = one.simulation.run(one.state, one.simulation.protocol.phases[0], one.inputs)
    free = one.simulation.activity(one.state, "output", "free")
    return float(CrossEntropy().per_trial(free, one.inputs["output"]).mean())


@functools.cache
def gradient(name: str, distance: float = 1e-5) -> np.ndarray:
    """Return ∂L/∂w by central differences, both directions of a symmetric synapse moving together."""
    w = start()[name].w
    slopes = np.zeros_like(w)
    for at in np.ndindex(*w.shape):
        moved = np.zeros_like(w)
        moved[at] = distance
        slopes[at] = (loss(name, w + moved) - loss(name, w - moved)) / (2 * distance)
    return slopes


def orders(rule) -> dict[str, float]:
    """Return the order in β with which the change of each projection tends to −γᵏ times the gradient."""
    found = {}
    for name, power in POWERS.items():

        def change(strength: float, name: str = name) -> np.ndarray:
            return learner(rule(gain=GAIN, settle=EXACT, strength=strength), parameters=start()).deltas()[name]

        found[name] = order(STRENGTHS, change, -(GAIN**power) * gradient(name))
    return found


def test_one_nudge_gives_the_gradient_with_an_error_of_first_order():
    """Scellier & Bengio (2017), theorem 1; the gradient by finite differences of the loss at the free fixed point."""
    for name, found in orders(EquilibriumPropagation).items():
        assert found == pytest.approx(1, abs=0.15), name


def test_nudges_of_both_signs_give_the_gradient_with_an_error_of_second_order():
    """Laborieux et al. (2021), eq. 8: what is even in β cancels."""
    for name, found in orders(SymmetricEquilibriumPropagation).items():
        assert found == pytest.approx(2, abs=0.15), name


def test_no_rate_is_pushed_below_0():
    """A push of strength 1 would bring an output of less than a half to below 0: 2 r − target."""
    one = learner(SymmetricEquilibriumPropagation(strength=1.0))
    one.run()
    free, opposed = (one.simulation.activity(one.state, "output", phase) for phase in ("free", "opposed"))
    assert (2 * free < one.inputs["output"]).any() and (opposed >= 0).all() and (opposed == 0).any()
