"""Aims at noise whose consequences are not the gradient on average: of the wrong sign or size, or of another neuron's noise."""

import numpy as np
import pytest

from bio_fa.learning import GradientLearning
from bio_fa.rules.node_perturbation import NodePerturbation
from bio_fa.updates import Scale
from tests.rules.trained import DOUBLE, SMALL, batch, learner, of_circuit
from tests.rules.unbiased import assert_unbiased

REPEATS = 500
"""How often each trial is repeated in a batch, with noise of its own."""


def test_its_mean_change_is_minus_the_gradient_of_the_loss():
    """Werfel, Xie & Seung (2005): E[(L(ξ) − L(0)) ξ / σ²] → ∂L/∂u as σ → 0."""
    one = learner(NodePerturbation(deviation=1e-3))
    one.inputs = {name: np.tile(values, (REPEATS, 1)) for name, values in batch(SMALL).items()}
    draws = [one.deltas() for _ in range(100)]
    circuit = one.simulation.circuit
    gradient = of_circuit(circuit, one.simulation.protocol, GradientLearning(Scale()), batch(SMALL)).deltas()
    assert set(gradient) == {each.name for each in circuit.plastic}
    for name, expected in gradient.items():
        assert_unbiased(np.array([each[name] for each in draws]), expected)


@pytest.mark.parametrize("backend", ["torch_rate", "reference"])
def test_a_change_is_the_scalar_times_the_noise_times_the_activity(backend):
    """e = −(L(ξ) − L(0)) ξ / σ², from the activities and the noise that a trial leaves."""
    rule = NodePerturbation(deviation=0.2)
    one = learner(rule, backend=backend)
    change, memory, target = one.deltas(), one.state.memory, one.inputs["output"]
    rates = {phase: {name: np.asarray(r) for name, r in each.items()} for phase, each in memory.activity.items()}
    loss = {phase: -np.log((rates[phase]["output"] * target).sum(1)) for phase in ("free", "noisy")}
    for pre, post in SMALL.pairs:
        error = -(loss["noisy"] - loss["free"])[:, None] * np.asarray(memory.noise["noisy"][post]) / 0.2**2
        np.testing.assert_allclose(change[f"{pre}_to_{post}"], error.T @ rates["free"][pre] / len(target), atol=1e-12)


def test_both_phases_start_from_the_same_stimulus_and_the_free_one_is_without_noise():
    one = learner(NodePerturbation(deviation=10.0))
    one.run()
    quiet = learner(NodePerturbation(deviation=1e-9))
    quiet.run()
    for name in ("H1", "H2", "output"):
        free, noisy = (one.simulation.activity(one.state, name, phase) for phase in ("free", "noisy"))
        np.testing.assert_array_equal(free, quiet.simulation.activity(quiet.state, name, "free"))
        assert np.abs(free - noisy).max() > 0.1


def test_every_batch_of_trials_has_noise_of_its_own():
    assert DOUBLE["precision"] == "float64"
    one = learner(NodePerturbation())
    first, second = one.deltas(), one.deltas()
    assert all(np.abs(first[name] - second[name]).max() > 0 for name in first)
