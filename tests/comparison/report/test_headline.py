"""Failure aimed at: a headline that claims more than the seeds show, or less."""

from __future__ import annotations

from bio_fa.analysis.verdict import verdicts
from bio_fa.comparison.report.headline import asked, ended, headline
from bio_fa.comparison.report.reading import Reading

BASE = [0.10, 0.11, 0.12, 0.10, 0.11, 0.09, 0.1, 0.12]


def scores(**shifts: float) -> dict[str, list[float]]:
    return {"bp": BASE} | {rule: [x + shift for x in BASE] for rule, shift in shifts.items()}


def against_bp(**shifts: float) -> str:
    found = scores(**shifts)
    return headline(verdicts(found, "test error", [(each, "bp") for each in shifts]), "bp")


def test_higher_lower_and_alike_are_told_apart():
    noisy = [x + sign * 0.01 for x, sign in zip(BASE, (1, -1, 1, -1, 1, -1, 1, -1), strict=True)]
    found = scores(worse=0.1, better=-0.05) | {"like": noisy}
    said = headline(verdicts(found, "test error", [(each, "bp") for each in ("worse", "better", "like")]), "bp")
    higher, lower, alike = said.removeprefix("Compared with bp over 8 seeds, ").split("; ")
    assert higher == "1 (worse) of the 3 others has a higher mean test error"
    assert lower == "1 (better) of the 3 others has a lower mean test error"
    assert alike == "for 1 (like) the seeds show no difference (p ≤ 0.05 after Holm's correction over 3 pairs)."


def test_all_others_are_said_to_be_all():
    assert "all 2 others have a higher mean test error" in against_bp(one=0.1, other=0.2)


def test_few_seeds_claim_nothing():
    found = {"a": [0.1, 0.2], "bp": [0.3, 0.4]}
    said = headline(verdicts(found, "test error", [("a", "bp")]), "bp")
    assert said.startswith("No difference is claimed: 2 seeds cannot conclude anything at 0.05") and "6 seeds" in said


def test_without_a_reference_pairs_are_counted():
    nine = {rule: [*values, 0.1 + values[0]] for rule, values in scores(a=0.1, b=0.2).items()}
    assert headline(verdicts(nine, "loss"), None).startswith("Of 3 pairs over 9 seeds, 3 differ in mean loss (p ≤ 0.05")


def test_nothing_is_the_best():
    assert not any(word in against_bp(one=0.1, other=-0.05) for word in ("best", "wins", "proves"))


def test_how_runs_ended_is_counted():
    assert ended(["finished", "finished", "diverged"], 1) == "3 runs: 2 finished, 1 diverged; 1 combination refused."


def test_what_was_asked_is_told_in_its_terms():
    study = {"rules": ["a", "b"], "reference": None, "seeds": 6, "measure": "test_loss", "threshold": 0.1, "tasks": {}}
    told = dict(asked(study, Reading(100, 1, " %")))
    assert told["compared with"] == "each other" and told["seeds"] == "1 to 6" and told["threshold"] == "10 %"
    assert told["judged by"].startswith("test loss") and "tasks" not in told
