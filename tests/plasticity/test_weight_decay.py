"""Aims at a decay that grows, overshoots, or depends on activity."""

from __future__ import annotations

import numpy as np
import pytest

from bio_fa.plasticity import WeightDecay
from tests.plasticity.change import POST, PRE, W, change
from tests.refusals import assert_refused


def test_by_hand():
    np.testing.assert_allclose(change(WeightDecay(0.1)), [[-0.05, -0.1], [-0.025, -0.2]])


@pytest.mark.parametrize("rate", [0.0, 0.01, 0.5, 1.0])
def test_the_weights_decay_exponentially(rate):
    """After n trials w = (1 − λ)ⁿ w₀."""
    w = W
    for _ in range(20):
        w = w + change(WeightDecay(rate), w=w)
    np.testing.assert_allclose(w, (1 - rate) ** 20 * W, rtol=1e-12)


def test_activity_plays_no_part():
    assert np.array_equal(change(WeightDecay(0.1), 7 * PRE, 0 * POST), change(WeightDecay(0.1)))


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan")])
def test_a_decay_that_grows_or_overshoots_is_refused(rate):
    assert_refused(lambda: WeightDecay(rate), f"WeightDecay: rate = {rate!r} is not allowed", "give a")
