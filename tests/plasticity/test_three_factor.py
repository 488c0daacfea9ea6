"""Aims at an error of the wrong sign, above all at inhibitory synapses, where growing means less activity."""

from __future__ import annotations

import numpy as np

from bio_fa.plasticity import ThreeFactor
from bio_fa.population import INHIBITORY
from tests.plasticity.change import PRE, change

ERROR = np.array([[0.5, -1.0], [0.25, 0.0]])


def test_by_hand():
    """Trial 1: [[0.5·1, 0.5·2], [−1·1, −1·2]]; trial 2: [[0.25·3, 0], [0, 0]]; their mean times η = 2."""
    assert change(ThreeFactor(2.0), error=ERROR).tolist() == [[1.25, 1.0], [-1.0, -2.0]]


def test_an_inhibitory_synapse_grows_where_an_excitatory_one_would_shrink():
    assert np.array_equal(change(ThreeFactor(), error=ERROR, sign=INHIBITORY), -change(ThreeFactor(), error=ERROR))


def test_without_an_error_nothing_changes_however_active_both_sides_are():
    assert not change(ThreeFactor(), error=0.0).any()


def test_whatever_the_sign_of_the_neuron_the_change_moves_the_current_towards_the_error():
    """The current of one trial changes by s Δw · r = η e |r|², which has the sign of the error."""
    for sign in (1, INHIBITORY):
        delta = change(ThreeFactor(1.0), PRE[:1], ERROR[:1], error=ERROR[:1], sign=sign)
        np.testing.assert_allclose(sign * delta @ PRE[0], ERROR[0] * (PRE[0] @ PRE[0]))


def test_with_the_output_clamped_to_its_target_it_is_the_delta_rule():
    """For y = w x and e = t − y, Δw = −∂/∂w ½ (t − y)², here by central differences."""
    w, target = np.array([[0.5, 1.0]]), 4.0

    def loss(w: np.ndarray) -> float:
        return 0.5 * np.mean((target - PRE @ w.T) ** 2)

    steps = 1e-6 * np.eye(2)
    gradient = [(loss(w + step) - loss(w - step)) / 2e-6 for step in steps]
    delta = change(ThreeFactor(1.0), PRE, PRE @ w.T, w, error=target - PRE @ w.T)
    np.testing.assert_allclose(delta[0], -np.array(gradient), rtol=1e-8)


def test_centred_presynaptic_activity_that_is_as_always_teaches_nothing():
    """The first neuron is as active as ever; the second departs by ±1: [0.5 · 1 + 0.25 · −1] / 2 and [−1 · 1 + 0] / 2."""
    pre = np.array([[3.0, 2.0], [3.0, 0.0]])
    found = change(ThreeFactor(centred=True), pre, error=ERROR, pre_mean=np.array([3.0, 1.0]))
    np.testing.assert_allclose(found, [[0, 0.125], [0, -0.5]], rtol=1e-14)


def test_centred_and_averaged_over_all_trials_it_is_their_covariance():
    """⟨e (r − r̄)⟩ = ⟨(e − ē) (r − r̄)⟩ where r̄ is the mean of the trials themselves."""
    rng = np.random.default_rng(0)
    error, pre = rng.normal(size=(50, 2)), rng.random((50, 3))
    found = change(ThreeFactor(centred=True), pre, error, np.ones((2, 3)), error=error, pre_mean=pre.mean(axis=0))
    np.testing.assert_allclose(found, (error - error.mean(axis=0)).T @ (pre - pre.mean(axis=0)) / 50, rtol=1e-10)
