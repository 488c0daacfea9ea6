"""Failure aimed at: a plan that promises a time out of nowhere, and a run whose state is guessed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from bio_fa.comparison.engines import Local
from bio_fa.comparison.estimate import estimate
from bio_fa.comparison.plan import PlannedRun
from bio_fa.comparison.standing import standing
from tests.comparison.studies import lasting, planned


def leave(place: Path, status: str, seconds: float | None = None, epochs: int | None = None) -> None:
    """Leave in a folder what a run that stands so leaves."""
    place.mkdir(parents=True, exist_ok=True)
    table = {"status": status, "message": "", "timing": {"total_seconds": seconds}}
    (place / "run.json").write_text(json.dumps(table), encoding="utf-8")
    lines = "".join(json.dumps({"epoch": epoch}) + "\n" for epoch in range(epochs + 1)) if epochs is not None else ""
    (place / "metrics.jsonl").write_text(lines, encoding="utf-8")


def of(runs: tuple[PlannedRun, ...], rule: str) -> list[PlannedRun]:
    return [each for each in runs if each.cell.labels["rule"] == rule]


def test_what_is_left_takes_as_long_as_the_runs_of_its_cell_that_have_finished(tmp_path):
    plan = planned(tmp_path, rules=("backpropagation",), seeds=5, base=lasting(8))
    for run, seconds in zip(plan.runs, (10, 30, 20), strict=False):
        leave(run.place, "finished", seconds, 8)
    found = estimate(plan, 1)
    assert (found.total, found.timed) == (2 * 20, frozenset())
    assert estimate(plan, 2).total == 20, "two at once"
    assert estimate(plan, 9).total == 20, "no more than two are left"
    assert found.sentence == "about 40 s, from finished runs of 1 cell"


def test_of_a_run_that_was_interrupted_only_the_rest_is_counted(tmp_path):
    plan = planned(tmp_path, rules=("backpropagation",), seeds=2, base=lasting(8))
    leave(plan.runs[0].place, "finished", 40, 8)
    leave(plan.runs[1].place, "interrupted", 20, 6)
    assert estimate(plan, 1).total == pytest.approx(40 * 2 / 8)


def test_a_cell_without_a_finished_run_is_timed_and_said_to_be(tmp_path):
    plan = planned(tmp_path, seeds=1)
    (bp,) = of(plan.runs, "backpropagation")
    leave(bp.place, "finished", 1, 1)
    found = estimate(plan, 1)
    assert found.timed == {"feedback_alignment"} and found.total > 0
    assert found.sentence.endswith("from 4 timed batches, files not counted, of 1 cell")


@pytest.mark.parametrize(
    ("left", "status", "over"),
    [
        ("finished", "finished", True),
        ("diverged", "diverged", True),
        ("stopped", "stopped", True),
        ("failed", "failed", False),
        ("interrupted", "unfinished", False),
        ("running", "unfinished", False),
    ],
)
def test_a_run_stands_as_its_folder_says(tmp_path, left, status, over):
    leave(tmp_path, left, 3.0, 2)
    found = standing(tmp_path)
    assert (found.status, found.over, found.epochs, found.seconds) == (status, over, 2, 3.0)


def test_a_folder_without_a_run_is_to_do_and_one_that_is_torn_has_failed(tmp_path):
    assert standing(tmp_path / "none").status == "to do"
    (tmp_path / "run.json").write_text("{", encoding="utf-8")
    assert standing(tmp_path).status == "failed" and "not valid JSON" in standing(tmp_path).message


def test_as_many_runs_at_once_as_there_are_cores_unless_told():
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert (Local().at_once, Local(jobs=7).at_once) == (cores, 7)
