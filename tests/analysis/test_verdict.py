"""Aims at a verdict that says more than its seeds: a difference by chance, one of many comparisons, a bare "best"."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from scipy import stats

from bio_fa.analysis.significance import holm
from bio_fa.analysis.verdict import Verdict, verdicts
from bio_fa.errors import DataError

RULES = ("bp", "fa", "dfa", "none")


def errors_of(seeds: int, apart: float, seed: int = 0) -> dict[str, np.ndarray]:
    """Return the errors of four rules, each ``apart`` above the one before, with a part that a seed gives to all of them."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(0.1, 0.02, seeds)
    return {rule: shared + apart * rank + rng.normal(0, 0.002, seeds) for rank, rule in enumerate(RULES)}


def one(first: list[float] | np.ndarray, second: list[float] | np.ndarray, **how: object) -> Verdict:
    (found,) = verdicts({"fa": first, "bp": second}, measure="test error", **how)
    return found


def test_the_verdict_is_about_paired_differences() -> None:
    first, second = np.random.default_rng(2).random((2, 8))
    found, difference = one(first, second), first - second
    assert found.difference == pytest.approx(difference.mean())
    assert found.low < found.difference < found.high
    expected = stats.permutation_test((difference,), np.mean, permutation_type="samples", n_resamples=np.inf).pvalue
    assert (found.n, found.p) == (8, pytest.approx(expected))
    assert one(first, second[::-1]).p != found.p


def test_pairing_finds_what_the_spread_between_seeds_would_hide() -> None:
    scores = errors_of(8, apart=0.01)
    assert stats.ttest_ind(scores["fa"], scores["bp"]).pvalue > 0.05
    assert one(scores["fa"], scores["bp"]).significant


def test_all_pairs_are_judged_and_corrected_together() -> None:
    found = verdicts(errors_of(10, apart=0.001))
    assert [(each.first, each.second) for each in found] == [
        ("bp", "fa"), ("bp", "dfa"), ("bp", "none"), ("fa", "dfa"), ("fa", "none"), ("dfa", "none")
    ]  # fmt: skip
    assert [each.p_holm for each in found] == holm([each.p for each in found]).tolist()
    assert {each.comparisons for each in found} == {6}


def test_fewer_planned_pairs_are_corrected_less() -> None:
    scores = errors_of(7, apart=0.01)
    planned = verdicts(scores, pairs=[("fa", "bp"), ("dfa", "bp")])
    assert [(each.p, each.p_holm) for each in planned] == [(2 / 2**7, 4 / 2**7)] * 2
    assert all(each.significant for each in planned)
    assert not any(each.significant for each in verdicts(scores))


def test_swapping_the_rules_turns_the_difference_and_leaves_the_p() -> None:
    scores = errors_of(6, apart=0.01)
    there, back = one(scores["fa"], scores["bp"]), one(scores["bp"], scores["fa"])
    assert (there.difference, there.effect) == (-back.difference, -back.effect)
    assert (there.p, there.p_holm) == (back.p, back.p_holm)


def test_a_significant_verdict_says_which_is_higher_and_by_how_much() -> None:
    found = one(np.array([0.5, 0.75, 1, 1.25, 1.5, 1.75]) + 2, [0.25, 0.25, 0.5, 0.5, 0.75, 0.75])
    assert re.fullmatch(
        r"The mean test error of fa is 2\.62 higher than that of bp \(6 paired seeds, 95 % interval of the difference 2\.\d+ to "
        r"[23]\.\d+, g_z = [\d.]+, p = 0\.031\): they differ at 0\.05\.",
        found.sentence,
    )


def test_with_too_few_seeds_the_sentence_asks_for_more() -> None:
    found = verdicts(errors_of(6, apart=0.1), measure="test error")[0]
    assert not found.significant
    assert found.sentence.endswith(
        "p = 0.031, 0.19 after Holm's correction over 6 comparisons): "
        "6 seeds cannot conclude anything at 0.05 over 6 comparisons, where the least p is 0.19; run at least 8 seeds."
    )


def test_one_seed_has_a_difference_and_neither_interval_nor_effect() -> None:
    assert one([0.1], [0.2]).sentence == (
        "The mean test error of fa is 0.1 lower than that of bp (1 paired seed, p = 1): "
        "1 seed cannot conclude anything at 0.05, where the least p is 1; run at least 6 seeds."
    )


def test_with_seeds_enough_and_no_difference_the_sentence_says_that_none_is_shown() -> None:
    found = one([1, -1, 2, -2, 3, -3, 1.5], [0] * 7)
    assert found.sentence.endswith("the seeds do not show a difference at 0.05.")


def test_rules_with_the_same_scores_have_no_effect_and_no_difference() -> None:
    found = one([0.1, 0.2, 0.3], [0.1, 0.2, 0.3])
    assert (found.difference, found.p, found.p_holm) == (0, 1, 1)
    assert math.isnan(found.effect)
    assert found.sentence.startswith("The mean test error of fa is that of bp")


@pytest.mark.parametrize("seeds", [1, 3, 6, 12])
def test_no_sentence_crowns_a_rule(seeds: int) -> None:
    for each in verdicts(errors_of(seeds, apart=0.02)):
        assert not re.search(r"best|better|win|superior|outperform|state of the art", each.sentence)
        assert each.sentence.endswith(".")
        assert f"{seeds} " in each.sentence


def test_rules_that_do_not_differ_are_seldom_said_to() -> None:
    # The family-wise error of Holm's procedure is at most alpha; 200 experiments put it below 5 % + 3 × 1.5 %.
    wrong = [any(each.significant for each in verdicts(errors_of(9, apart=0, seed=seed))) for seed in range(200)]
    assert np.mean(wrong) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 200)


def test_rules_with_different_numbers_of_seeds_are_refused() -> None:
    with pytest.raises(DataError, match=r"'fa' has scores of shape \(3,\) and 'bp' of \(2,\); give one for each of the same seeds"):
        one([1.0, 2, 3], [1.0, 2])


def test_a_rule_that_diverged_and_a_rule_that_is_not_there_are_named() -> None:
    with pytest.raises(DataError, match="verdicts: 'fa': 1 of 2 scores"):
        one([1.0, math.nan], [1.0, 2])
    with pytest.raises(DataError, match="there are no scores of 'fb'; did you mean 'fa'"):
        one([1.0, 2], [1.0, 2], pairs=[("fb", "bp")])
