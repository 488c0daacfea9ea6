"""Aims at effects that flatter few seeds, and at aggregates over tasks that differ from those that others publish."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from bio_fa.analysis.effect_size import (
    cliffs_delta,
    cohens_dz,
    hedges_gz,
    interquartile_mean,
    probability_of_improvement,
    stratified_interval,
)
from bio_fa.errors import DataError


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(11)


def test_cohens_dz_is_the_paired_t_over_the_root_of_n(rng) -> None:
    x, y = rng.random(8), rng.random(8)
    assert cohens_dz(x - y) == pytest.approx(stats.ttest_rel(x, y).statistic / math.sqrt(8))


def test_hedges_correction_takes_the_bias_of_six_seeds_away(rng) -> None:
    # E d_z = δ / J(5) = 0.8 / 0.841; the standard error of the mean of 20000 is 0.004.
    samples = rng.normal(0.8, 1, (20_000, 6))
    assert np.mean([hedges_gz(each) for each in samples]) == pytest.approx(0.8, abs=0.016)
    assert np.mean([cohens_dz(each) for each in samples]) == pytest.approx(0.8 / 0.841, abs=0.02)


@pytest.mark.parametrize("n", [6, 10, 30, 1000])
def test_hedges_correction_is_near_its_published_approximation(n: int, rng) -> None:
    # J(m) ≈ 1 − 3 / (4m − 1), Hedges (1981).
    x = rng.normal(1, 1, n)
    assert hedges_gz(x) / cohens_dz(x) == pytest.approx(1 - 3 / (4 * (n - 1) - 1), rel=2e-3)


@pytest.mark.parametrize("effect", [cohens_dz, hedges_gz])
def test_differences_that_do_not_vary_have_no_standardised_effect(effect) -> None:
    assert math.isnan(effect([0.1] * 6))
    assert math.isnan(effect([0.1]))


def test_the_probability_of_improvement_is_the_mann_whitney_u_over_the_pairs(rng) -> None:
    x, y = rng.integers(0, 6, (7, 4)).astype(float), rng.integers(0, 5, (5, 4)).astype(float)
    u = [stats.mannwhitneyu(x[:, task], y[:, task]).statistic for task in range(4)]
    assert probability_of_improvement(x, y) == pytest.approx(np.mean(u) / 35)


def test_the_probability_of_improvement_of_normal_scores_follows_its_closed_form(rng) -> None:
    # P(X > Y) = Φ((μx − μy) / √(σx² + σy²)).
    x, y = rng.normal(1, 1, (2000, 1)), rng.normal(0, 2, (2000, 1))
    assert probability_of_improvement(x, y) == pytest.approx(stats.norm.cdf(1 / math.sqrt(5)), abs=0.03)


def test_cliffs_delta_counts_pairs_won_less_pairs_lost() -> None:
    assert cliffs_delta([1, 2, 3], [0, 2]) == pytest.approx((4 - 1) / 6)
    assert cliffs_delta([3, 4], [1, 2, 2]) == 1 == -cliffs_delta([1, 2, 2], [3, 4])
    assert cliffs_delta([1, 2], [1, 2]) == 0


@pytest.mark.parametrize("shape", [(6, 1), (6, 5), (3, 3), (1, 3)])
def test_the_interquartile_mean_is_scipys_mean_without_the_outer_quarters(shape: tuple[int, int], rng) -> None:
    scores = rng.standard_normal(shape)
    assert interquartile_mean(scores) == pytest.approx(stats.trim_mean(scores, 0.25, axis=None))


def test_aggregates_are_those_of_rliable(rng) -> None:
    metrics = pytest.importorskip("rliable.metrics", reason="rliable is missing; pip install rliable")
    x, y = rng.integers(0, 9, (6, 4)) / 9, rng.integers(0, 9, (8, 4)) / 10
    assert interquartile_mean(x) == pytest.approx(metrics.aggregate_iqm(x))
    assert probability_of_improvement(x, y) == pytest.approx(metrics.probability_of_improvement(x, y))


def test_one_run_that_fails_leaves_the_interquartile_mean_as_it_is() -> None:
    scores = np.arange(8.0).reshape(8, 1)
    failed = np.where(scores == 7, 1e6, scores)
    assert interquartile_mean(scores) == interquartile_mean(failed) == 3.5


def test_of_one_task_the_stratified_interval_is_scipys_percentile_bootstrap(rng) -> None:
    scores = rng.standard_normal((12, 1))
    found = stratified_interval(interquartile_mean, scores, resamples=20_000)
    other = stats.bootstrap((scores[:, 0],), lambda x, axis: stats.trim_mean(x, 0.25, axis=axis), n_resamples=20_000,
                            method="percentile", rng=rng).confidence_interval  # fmt: skip
    assert found == pytest.approx(other, abs=0.05)


def test_the_spread_between_tasks_is_no_uncertainty() -> None:
    # Every seed gives the same on a task, and tasks differ by hundreds: nothing is left to chance.
    scores = np.tile([0.0, 100, 200, 700], (6, 1))
    assert stratified_interval(interquartile_mean, scores) == (150, 150)


def test_the_seeds_of_a_task_are_drawn_apart_from_those_of_another(rng) -> None:
    # Two tasks that mirror each other: drawn together their mean would never vary; apart its variance is that of two tasks.
    scores = rng.standard_normal((8, 1)) * [1, -1]
    low, high = stratified_interval(lambda x: x.mean(axis=(1, 2)), scores, resamples=20_000)
    assert high - low == pytest.approx(2 * 1.96 * scores[:, 0].std() / math.sqrt(2 * 8), rel=0.05)


def test_the_interval_of_the_probability_of_improvement_surrounds_it_and_is_certain_where_the_scores_are(rng) -> None:
    x, y = rng.normal(0.5, 1, (8, 3)), rng.normal(0, 1, (8, 3))
    low, high = stratified_interval(probability_of_improvement, x, y)
    assert 0 < low < probability_of_improvement(x, y) < high < 1
    assert stratified_interval(probability_of_improvement, x + 100, y) == (1, 1)


def test_scores_without_tasks_are_refused() -> None:
    with pytest.raises(DataError, match=r"scores of shape \(6,\) are not allowed; give \(seed, task\)"):
        stratified_interval(interquartile_mean, np.arange(6.0))
