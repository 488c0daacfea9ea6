"""Aims at disturbed weights whose consequences are not the gradient on average, or that stay disturbed."""

from dataclasses import replace

import numpy as np

from bio_fa.connectivity import FixedInDegree
from bio_fa.learning import GradientLearning
from bio_fa.rules.weight_perturbation import WeightPerturbation
from bio_fa.updates import Scale
from tests.rules.trained import ONE_AREA, SMALL, batch, learner, of_circuit
from tests.rules.unbiased import assert_unbiased


def test_its_mean_change_is_minus_the_gradient_of_the_loss():
    """Cauwenberghs (1993): E[(L(W + ζ) − L(W)) ζ / σ²] → ∂L/∂W as σ → 0."""
    one = learner(WeightPerturbation(deviation=1e-4), ONE_AREA)
    draws = [one.deltas() for _ in range(1500)]
    protocol = one.simulation.protocol
    gradient = of_circuit(one.simulation.circuit, protocol, GradientLearning(Scale()), batch(ONE_AREA)).deltas()
    for name, expected in gradient.items():
        assert_unbiased(np.array([each[name] for each in draws]), expected, sure=0.15)


def test_a_change_has_one_size_and_the_signs_of_its_noise():
    """|Δw| = |L(W + ζ) − L(W)| / σ for every synapse of every projection, because |ζ| = σ."""
    change = learner(WeightPerturbation(deviation=0.1)).deltas()
    sizes = np.concatenate([np.abs(each).ravel() for each in change.values()])
    assert sizes.min() > 0
    np.testing.assert_allclose(sizes, sizes[0], rtol=1e-10)
    assert {int(sign) for each in change.values() for sign in np.sign(each).ravel()} == {-1, 1}


def test_noise_does_not_stay_in_the_weights():
    one = learner(WeightPerturbation(deviation=1.0), update=Scale(0.0))
    before, after = one.parameters(), one.learn(trials=3)
    for name in before:
        np.testing.assert_array_equal(after[name].w, before[name].w)


def test_absent_synapses_are_not_disturbed():
    sparse = replace(SMALL, connectivity=FixedInDegree(0.5))
    one = learner(WeightPerturbation(), sparse)
    change, parameters = one.deltas(), one.parameters()
    for name in ("input_to_H1", "H1_to_H2", "H2_to_output"):
        assert not change[name][~parameters[name].mask].any()
        assert change[name][parameters[name].mask].all()
