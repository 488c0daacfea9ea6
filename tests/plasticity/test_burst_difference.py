"""Aims at bursts that are not compared with what is expected of them, or that teach silent neurons."""

import numpy as np

from bio_fa.plasticity import BurstDifference
from tests.plasticity.change import PRE, change

EVENTS = np.array([[0.25, 0.5], [0.75, 0.0]])
EXPECTED, PROBABILITY = 0.5, np.array([[0.75, 0.5], [0.25, 1.0]])


def test_it_is_the_rate_of_bursts_less_that_expected_of_so_many_events():
    """Payeur et al. (2021): Δw = η h(e) (b − p̄ e) r, with b = p e; h = 1 − e for sigmoid neurons."""
    bursts = PROBABILITY * EVENTS
    wanted = ((1 - EVENTS) * (bursts - EXPECTED * EVENTS)).T @ PRE / 2
    found = change(BurstDifference(), post=EVENTS, error=PROBABILITY - EXPECTED)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-15)
    assert found.any()


def test_a_neuron_without_events_or_whose_bursts_are_as_expected_does_not_learn():
    found = change(BurstDifference(), post=EVENTS * [1, 0], error=(PROBABILITY - EXPECTED) * [0, 1])
    assert not found.any()
