"""Aims at a ceiling that is passed, or at a slope at threshold other than 1."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bio_fa.neurons import SaturatingRate


def test_activity_is_the_hyperbolic_tangent_above_the_threshold_and_0_below():
    """tanh(ln 2 / 2) = (2 − 1) / (2 + 1) and tanh(ln 3) = (9 − 1) / (9 + 1)."""
    activity = SaturatingRate().activity(np.array([-1.0, 0.0, math.log(2) / 2, math.log(3)]))
    np.testing.assert_allclose(activity, [0, 0, 1 / 3, 0.8], rtol=1e-15)


def test_near_the_threshold_it_is_linear():
    assert SaturatingRate().activity(np.array([1e-5]))[0] == pytest.approx(1e-5, rel=1e-9)


def test_the_slope_falls_from_1_at_the_threshold_towards_0_at_the_ceiling():
    """tanh(ln 3) = 4/5, so that the slope there is 9/25."""
    slope = SaturatingRate().slope(np.array([-1.0, 1e-9, math.log(3), 1e6]))
    np.testing.assert_allclose(slope, [0, 1, 9 / 25, 0], rtol=1e-14)


def test_it_saturates_at_its_ceiling():
    assert SaturatingRate().activity(np.array([1e6]))[0] == SaturatingRate.ceiling == 1.0
