"""Aims at a feedback of the wrong sign, which silences quiet neurons and excites loud ones."""

from __future__ import annotations

import numpy as np
import pytest

from bio_fa.plasticity import Homeostasis
from bio_fa.population import EXCITATORY, INHIBITORY
from tests.plasticity.change import W, change
from tests.refusals import assert_refused

QUIET, LOUD = 0.5, 2.0


def test_by_hand():
    """η (r* − r̄) w = 0.1 · (1 − 0.5) · w in the first row and 0.1 · (1 − 2) · w in the second."""
    expected = [[0.05 * 0.5, 0.05 * 1.0], [-0.1 * 0.25, -0.1 * 2.0]]
    np.testing.assert_allclose(change(Homeostasis(1.0, 0.1), post_mean=np.array([QUIET, LOUD])), expected)


@pytest.mark.parametrize(
    ("mean", "sign", "direction"), [(QUIET, EXCITATORY, 1), (QUIET, INHIBITORY, -1), (LOUD, EXCITATORY, -1), (LOUD, INHIBITORY, 1)]
)
def test_a_quiet_neuron_gains_excitation_and_loses_inhibition_and_a_loud_one_the_reverse(mean, sign, direction):
    assert (np.sign(change(Homeostasis(1.0), post_mean=mean, sign=sign)) == direction).all()


def test_at_its_set_point_a_neuron_changes_nothing():
    assert not change(Homeostasis(1.0), post_mean=1.0).any()


def test_scaling_is_multiplicative_so_that_the_proportions_of_a_neurons_synapses_stay():
    """Turrigiano & Nelson (2004)."""
    after = W + change(Homeostasis(1.0, 0.1), post_mean=np.array([QUIET, LOUD]))
    np.testing.assert_allclose(after[:, 1] / after[:, 0], W[:, 1] / W[:, 0])


def test_a_linear_neuron_reaches_its_set_point():
    w, rates = np.array([[0.2, 0.1]]), np.array([[1.0, 2.0]])
    for _ in range(2000):
        w = w + change(Homeostasis(1.0, 0.05), rates, rates @ w.T, w, post_mean=(rates @ w.T)[0])
    assert (rates @ w.T).item() == pytest.approx(1.0, rel=1e-6)


def test_a_set_point_below_0_is_refused():
    assert_refused(lambda: Homeostasis(-0.1), "Homeostasis: set_point = -0.1 is not allowed", "give an activity of at least 0")
