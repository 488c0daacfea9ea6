"""Aims at a threshold that runs away instead of keeping the mean activity."""

import numpy as np

from bio_fa.plasticity import Intrinsic, prove_local
from tests.plasticity.change import change

TONIC = np.ones((2, 1))


def test_by_hand():
    """Mean activities are [1, 2.5]; η = 0.5 and r* = 2."""
    found = change(Intrinsic(2.0, 0.5), pre=TONIC, w=np.zeros((2, 1)))
    np.testing.assert_allclose(found, [[0.5], [-0.25]])


def test_the_mean_activity_converges_to_the_set_point_from_both_sides():
    currents = np.linspace(-1, 2, 40)[:, None] * np.array([[1.0, 0.5, -1.0]])
    for start in (-3.0, 3.0):
        threshold = np.full((3, 1), start)
        for _ in range(4000):
            activity = np.maximum(currents + threshold[:, 0], 0)
            threshold = threshold + change(Intrinsic(0.3, 0.05), np.ones((40, 1)), activity, threshold)
        np.testing.assert_allclose(np.maximum(currents + threshold[:, 0], 0).mean(0), 0.3, atol=1e-6)


def test_it_senses_no_more_than_the_two_activities():
    assert prove_local(Intrinsic()) == {"post.activity", "pre.activity"}
