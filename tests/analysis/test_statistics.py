"""Aims at an interval that promises 95 % and covers less with the few seeds that there are."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from bio_fa.analysis.statistics import mean_interval, summary
from bio_fa.errors import DataError

EXPERIMENTS, AT_ONCE = 20_000, 200
"""The standard error of a coverage of 95 % is then 0.15 %: six of them reach to 94 and to 96 %."""

LAWS = {
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "skewness 1": lambda rng, shape: rng.gamma(4, size=shape) - 4,
}
"""Laws of mean 0. The gamma law of shape k has skewness 2/√k."""


def coverage(law: str, seeds: int) -> float:
    """Return in which part of simulated experiments the interval holds the mean, with other bootstraps in each batch of them."""
    rng = np.random.default_rng(seeds)
    covered = []
    for batch in range(EXPERIMENTS // AT_ONCE):
        low, high = mean_interval(LAWS[law](rng, (AT_ONCE, seeds)), seed=batch, resamples=1000)
        covered.append((low <= 0) & (high >= 0))
    return float(np.mean(covered))


@pytest.mark.parametrize("seeds", [6, 10])
@pytest.mark.parametrize("law", LAWS)
def test_the_interval_covers_the_mean_of_few_seeds_as_often_as_it_says(law: str, seeds: int) -> None:
    assert 0.94 <= coverage(law, seeds) <= 0.96


def test_of_many_normal_scores_the_interval_is_students() -> None:
    scores = np.random.default_rng(0).normal(3, 2, 300)
    low, high = mean_interval(scores)
    expected = stats.t.interval(0.95, len(scores) - 1, scores.mean(), stats.sem(scores))
    assert (low, high) == pytest.approx(expected, abs=0.05 * (expected[1] - expected[0]))


def test_the_interval_moves_and_scales_with_the_scores() -> None:
    scores = np.random.default_rng(1).standard_normal(7)
    moved = np.array(mean_interval(10 + 3 * scores))
    np.testing.assert_allclose(moved, 10 + 3 * np.array(mean_interval(scores)))


def test_the_interval_leans_to_the_side_of_the_long_tail() -> None:
    # Of a right-skewed law a sample's mean errs low more gravely than high, so that the interval reaches farther up.
    scores = stats.expon.ppf((np.arange(20) + 0.5) / 20)
    low, high = mean_interval(scores)
    assert high - scores.mean() > 1.2 * (scores.mean() - low)


def test_intervals_of_many_evaluations_are_those_of_each_alone() -> None:
    scores = np.random.default_rng(2).random((3, 6))
    together = np.transpose(mean_interval(scores, seed=4))
    np.testing.assert_allclose(together, [mean_interval(each, seed=4) for each in scores])


def test_a_wider_level_gives_a_wider_interval_and_the_same_seed_the_same_one() -> None:
    scores = np.random.default_rng(3).random(6)
    (low, high), (wide_low, wide_high) = mean_interval(scores, level=0.9), mean_interval(scores, level=0.99)
    assert wide_low < low < high < wide_high
    assert mean_interval(scores, seed=5) == mean_interval(scores, seed=5) != mean_interval(scores, seed=6)


def test_scores_that_repeat_each_other_have_a_finite_interval() -> None:
    # Plain resamples of these give s* = 0 in 1/3 of the cases: (5/6)⁶.
    low, high = mean_interval([0.9, 0.9, 0.9, 0.9, 0.9, 0.8], resamples=20_000)
    assert 0.6 < low < 0.8833 < high < 1.1


def test_a_summary_is_mean_and_deviation_with_n_minus_one() -> None:
    found = summary([1.0, 2, 3, 4])
    assert (found.mean, found.sd, found.n) == (2.5, pytest.approx(math.sqrt(5 / 3)), 4)
    assert found.low < 2.5 < found.high


def test_one_seed_has_a_mean_and_nothing_more() -> None:
    found = summary([0.5])
    assert (found.mean, found.n) == (0.5, 1)
    assert math.isnan(found.sd) and math.isnan(found.low) and math.isnan(found.high)


def test_equal_scores_have_an_interval_of_no_width() -> None:
    found = summary([0.5] * 6)
    assert (found.sd, found.low, found.high) == (0, 0.5, 0.5)


@pytest.mark.parametrize(("scores", "said"), [([1.0, math.nan, math.inf], "2 of 3 scores"), ([], "no score")])
def test_a_seed_that_diverged_is_refused_and_not_averaged(scores: list[float], said: str) -> None:
    with pytest.raises(DataError, match=f"summary: {said}.*; leave"):
        summary(scores)


def test_the_percentile_bootstrap_of_six_seeds_would_not_cover_as_often() -> None:
    rng = np.random.default_rng(0)
    scores = rng.standard_normal((2000, 6))
    low, high = stats.bootstrap((scores,), np.mean, axis=-1, n_resamples=500, method="percentile", rng=rng).confidence_interval
    assert np.mean((low <= 0) & (high >= 0)) < 0.9


@pytest.mark.parametrize("level", [0.0, 1.0, 95])
def test_a_level_that_is_no_probability_is_refused(level: float) -> None:
    with pytest.raises(DataError, match="give one between 0 and 1"):
        summary([1.0, 2, 3], level=level)
