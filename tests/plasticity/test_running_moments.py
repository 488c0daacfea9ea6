"""Aims at moments that are averages of something else, or that forget faster than they say."""

import numpy as np
import pytest

from bio_fa.errors import DescriptionError
from bio_fa.plasticity import RunningMean, RunningVariance, prove_local
from tests.plasticity.change import change

TONIC = np.ones((40, 1))
ACTIVITY = np.zeros((40, 2))


@pytest.mark.parametrize("horizon", [1, 20])
def test_threshold_and_shunt_go_to_the_moments_of_the_current_as_running_averages_do(horizon):
    """After n batches of equal moments a running average has gone 1 − (1 − 1/H)ⁿ of its way from 0 to −Ī, and from 1 to v."""
    current = np.random.default_rng(0).normal([2.0, -1.0], [0.5, 3.0], (40, 2))
    threshold, fixed, steps = np.zeros((2, 1)), -current.mean(0)[:, None], 5
    for _ in range(steps):
        threshold = threshold + change(RunningMean(horizon), TONIC, ACTIVITY, threshold, deviation=current + threshold.T)
    np.testing.assert_allclose(threshold, (1 - (1 - 1 / horizon) ** steps) * fixed, rtol=1e-12)
    variance, expected = np.ones((2, 1)), current.var(0)[:, None]
    for _ in range(steps):
        variance = variance + change(RunningVariance(horizon), TONIC, ACTIVITY, variance, deviation=current + fixed.T)
    np.testing.assert_allclose(variance, expected + (1 - 1 / horizon) ** steps * (1 - expected), rtol=1e-12)
    assert (variance > 0).all()


def test_they_are_local():
    assert prove_local(RunningMean()) == {"post.deviation", "pre.activity"}
    assert prove_local(RunningVariance()) == {"post.deviation", "pre.activity", "w"}


@pytest.mark.parametrize("rule", [RunningMean, RunningVariance])
@pytest.mark.parametrize("horizon", [0, -1])
def test_moments_over_no_trials_are_refused(rule, horizon):
    with pytest.raises(DescriptionError, match=f"horizon = {horizon} is not allowed; give at least 1 trial"):
        rule(horizon)
