"""Aims at a dendrite that teaches the wrong neurons, the wrong synapses, or into the wrong direction."""

from __future__ import annotations

import numpy as np
import pytest

from bio_fa.plasticity import DendriticError, ThreeFactor, momentary, prove_local
from bio_fa.population import INHIBITORY
from tests.plasticity.change import PRE, change

APICAL = np.array([[0.5, -1.0], [0.25, 0.0]])
SENSITIVITY = np.array([[1.0, 0.5], [0.4, 0.8]])


def test_it_is_taken_once_a_trial_from_what_the_neuron_itself_feels():
    assert prove_local(DendriticError()) == {"post.apical", "post.sensitivity", "pre.activity", "pre.sign"}
    assert momentary(DendriticError()) == (False,)


def test_by_hand():
    """L ψ = [[0.5, −0.5], [0.1, 0]]: [[0.5·1, 0.5·2], [−0.5·1, −0.5·2]], then [[0.1·3, 0], [0, 0]]; their mean times η = 2."""
    found = change(DendriticError(2.0), apical=APICAL, sensitivity=SENSITIVITY)
    np.testing.assert_allclose(found, [[0.8, 1.0], [-0.5, -1.0]], rtol=1e-14)


def test_it_is_the_three_factor_rule_whose_error_is_the_apical_change_times_the_slope():
    three_factor = change(ThreeFactor(0.3), error=APICAL * SENSITIVITY)
    np.testing.assert_allclose(change(DendriticError(0.3), apical=APICAL, sensitivity=SENSITIVITY), three_factor, rtol=1e-14)


def test_an_inhibitory_synapse_grows_where_an_excitatory_one_would_shrink():
    plain, opposite = (change(DendriticError(), apical=APICAL, sensitivity=1.0, sign=sign) for sign in (1, INHIBITORY))
    assert plain.any() and np.array_equal(opposite, -plain)


@pytest.mark.parametrize("nothing", [{"apical": 0.0, "sensitivity": 1.0}, {"apical": APICAL, "sensitivity": 0.0}])
def test_without_feedback_or_far_from_threshold_nothing_is_learned(nothing):
    assert not change(DendriticError(), **nothing).any()


def test_centred_presynaptic_activity_that_is_as_always_teaches_nothing():
    """The first neuron is as active as ever; the second departs by ±1: [0.5 · 1 + 0.25 · −1] / 2 and [−1 · 1 + 0] / 2."""
    pre = np.array([[3.0, 2.0], [3.0, 0.0]])
    found = change(DendriticError(centred=True), pre, apical=APICAL, sensitivity=1.0, pre_mean=np.array([3.0, 1.0]))
    np.testing.assert_allclose(found, [[0, (0.5 - 0.25) / 2], [0, -0.5]], rtol=1e-14)


def test_not_centred_it_ignores_the_average():
    with_mean = change(DendriticError(), PRE, apical=APICAL, sensitivity=1.0, pre_mean=np.array([3.0, 1.0]))
    assert np.array_equal(with_mean, change(DendriticError(), PRE, apical=APICAL, sensitivity=1.0))
