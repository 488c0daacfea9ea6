"""Aims at a p value that no data of so few seeds can give, and at many comparisons that are read as one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from bio_fa.analysis.significance import holm, least_p, seeds_needed, sign_flip_p, too_few_seeds
from bio_fa.errors import DataError

DARWIN = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]
"""Cross- less self-fertilised maize, in eighths of an inch. Source: Fisher (1935) The Design of Experiments, chapter 3."""


def test_darwins_maize_gives_the_p_that_fisher_counted() -> None:
    # Of the 2¹⁵ = 32768 sign flips Fisher counted 863 with a sum of at least 314, and as many on the other side.
    assert sign_flip_p(DARWIN) == 2 * 863 / 32768


@pytest.mark.parametrize("seeds", [5, 8, 16, 17])
def test_the_sign_flip_test_is_scipys(seeds: int) -> None:
    x = np.random.default_rng(seeds).normal(0.3, 1, seeds)
    exact = stats.permutation_test((x,), np.mean, permutation_type="samples", n_resamples=np.inf, vectorized=True).pvalue
    drawn = seeds > 16
    assert sign_flip_p(x) == pytest.approx(exact, abs=4 * np.sqrt(exact / 100_000) if drawn else 1e-12)


def test_of_many_seeds_the_sign_flip_test_is_the_paired_t_test() -> None:
    x = np.random.default_rng(1).normal(0.25, 1, 60)
    assert sign_flip_p(x) == pytest.approx(stats.ttest_1samp(x, 0).pvalue, abs=0.01)


@pytest.mark.parametrize("seeds", [1, 2, 5, 6, 10])
def test_differences_of_one_sign_give_the_least_p_that_so_many_seeds_can_give(seeds: int) -> None:
    x = 1 + np.random.default_rng(seeds).random(seeds)
    assert sign_flip_p(x) == sign_flip_p(-x) == least_p(seeds) == 2 / 2**seeds


def test_among_ranks_the_sign_flip_test_is_wilcoxons() -> None:
    x = np.array([1.0, -2, 3, 4, -5, 6, 7, 8])
    assert sign_flip_p(x) == pytest.approx(stats.wilcoxon(x, method="exact").pvalue)


def test_drawn_flips_never_give_zero_and_follow_the_seed() -> None:
    assert sign_flip_p(np.ones(40), flips=999) == 1 / 1000
    x = np.random.default_rng(0).normal(0.2, 1, 30)
    assert sign_flip_p(x, seed=1) == sign_flip_p(x, seed=1) != sign_flip_p(x, seed=2)


def test_rules_that_never_differ_have_p_one() -> None:
    assert sign_flip_p(np.zeros(6)) == 1


def test_ties_up_to_rounding_count_as_ties() -> None:
    # In binary 0.1 + 0.2 − 0.3 + 0.4 and −0.1 − 0.2 + 0.3 + 0.4 are not equal; whole numbers tell that they are ties.
    for signs in itertools.product((1, -1), repeat=4):
        x = np.multiply(signs, [1, 2, 3, 4])
        assert sign_flip_p(x / 10) == sign_flip_p(x)


def test_a_difference_that_is_not_finite_is_refused() -> None:
    with pytest.raises(DataError, match="sign_flip_p: 1 of 2 scores that are not finite"):
        sign_flip_p([1.0, np.nan])


def test_holms_correction_multiplies_the_least_p_by_all_and_keeps_the_order() -> None:
    # (0.005, 0.01, 0.03, 0.04) × (4, 3, 2, 1), each at least the one before.
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]).tolist() == [1, 1]
    assert holm([]).tolist() == []


def test_holms_correction_is_that_of_statsmodels() -> None:
    multitest = pytest.importorskip("statsmodels.stats.multitest", reason="statsmodels is missing; pip install 'bio_fa[test]'")
    p = np.random.default_rng(0).random((50, 10)) ** 3
    for each in p:
        np.testing.assert_allclose(holm(each), multitest.multipletests(each, method="holm")[1])


def test_six_seeds_are_the_least_for_one_comparison_at_five_percent() -> None:
    assert seeds_needed(0.05) == 6
    assert least_p(5) > 0.05 >= least_p(6)


@pytest.mark.parametrize("comparisons", [1, 3, 10, 28])
@pytest.mark.parametrize("alpha", [0.05, 0.01, 1 / 32])
def test_with_the_seeds_needed_holm_can_reach_alpha_and_with_one_less_it_cannot(comparisons: int, alpha: float) -> None:
    needed = seeds_needed(alpha, comparisons)
    assert holm(np.full(comparisons, least_p(needed)))[0] <= alpha < holm(np.full(comparisons, least_p(needed - 1)))[0]


def test_too_few_seeds_are_told_how_many_it_takes() -> None:
    assert too_few_seeds(6) is None
    assert too_few_seeds(5) == "5 seeds cannot conclude anything at 0.05, where the least p is 0.062; run at least 6 seeds."
    told = too_few_seeds(6, comparisons=28)
    assert told == "6 seeds cannot conclude anything at 0.05 over 28 comparisons, where the least p is 0.88; run at least 11 seeds."


@pytest.mark.parametrize(("alpha", "comparisons"), [(0.0, 1), (1.0, 1), (0.05, 0)])
def test_an_alpha_that_nothing_can_reach_is_refused(alpha: float, comparisons: int) -> None:
    with pytest.raises(DataError, match="give 0 < alpha < 1"):
        seeds_needed(alpha, comparisons)
