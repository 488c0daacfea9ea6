"""Failure aimed at: a run lost, done twice, or another one than it would have been, because something was killed."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from rich.console import Console

from bio_fa.comparison.board import Board
from bio_fa.comparison.carrying_out import carry_out
from bio_fa.comparison.comparing import compare
from bio_fa.comparison.engines import Local
from bio_fa.comparison.plan import Plan
from bio_fa.comparison.standing import standing
from bio_fa.errors import PreemptionError, RecordError
from bio_fa.io.lock import held
from bio_fa.io.plain import read_json
from tests.comparison.studies import LASTING, TOML, Disturber, comparison, kill, lasting, planned, started, told, writer
from tests.faults.damaged_runs import same
from tests.small import contents

HUGE = {"training": {"update": [{"kind": "scale", "rate": 1e30}]}, "circuit": {"neuron": {"kind": "linear_rate"}}}
"""What makes a run diverge."""


def silent(plan: Plan) -> Board:
    return Board(Console(quiet=True), plan)


def runs(output: Path) -> dict[str, Path]:
    """Return the runs of a study by name."""
    return {each.name: each for each in sorted((output / "runs").iterdir())}


def assert_same(one: Path, other: Path) -> None:
    """Assert that two studies have the same runs, which recorded and measured the same to the last bit."""
    assert runs(one).keys() == runs(other).keys()
    for name, place in runs(one).items():
        same(place, runs(other)[name])


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """The comparison that was left alone, one run after the other."""
    output = tmp_path_factory.mktemp("studies") / "whole"
    compare(comparison(base=lasting()), output, engine=Local(jobs=1))
    return output


@pytest.mark.slow
def test_a_second_call_repeats_nothing(whole):
    before = contents(whole / "runs")
    compare(comparison(base=lasting()), whole)
    assert contents(whole / "runs") == before


@pytest.mark.slow
def test_a_seed_more_runs_that_seed_alone(tmp_path):
    compare(comparison(seeds=1), tmp_path)
    before = contents(tmp_path / "runs")
    compare(comparison(seeds=2), tmp_path)
    after = contents(tmp_path / "runs")
    assert before.items() <= after.items() and len(runs(tmp_path)) == 4


@pytest.mark.slow
def test_what_is_computed_side_by_side_is_the_same_to_the_last_bit(whole, tmp_path):
    compare(comparison(base=lasting()), tmp_path, engine=Local(jobs=3))
    assert_same(tmp_path, whole)


@pytest.mark.slow
def test_a_run_whose_process_is_killed_is_noticed_and_goes_on_from_its_checkpoint(whole, tmp_path):
    plan = planned(tmp_path, base=lasting())
    board = Disturber(plan, kill)
    assert carry_out(plan, Local(jobs=2), tmp_path, board) == {}
    killed = [event for event in board.ended if event.error]
    assert [event.error for event in killed] == ["its process was killed by SIGKILL"]
    assert "resumed" in told(killed[0].job.place)
    assert_same(tmp_path, whole)


@pytest.mark.slow
def test_a_study_that_is_killed_as_a_whole_is_completed_by_the_same_command(whole, tmp_path):
    text = TOML.replace("epochs = 1", f"epochs = {LASTING}")
    text = text.replace("liveness = false", "liveness = false\ncheckpoint = { every = 1 }")
    (tmp_path / "small.toml").write_text(text, encoding="utf-8")
    process = started(tmp_path, "small.toml", "--output", "out", "--jobs", 2)
    while not any(writer(place) for place in (tmp_path / "out/runs").glob("*")) and process.poll() is None:
        time.sleep(0.02)
    process.kill()
    process.wait()
    begun = [place for place in runs(tmp_path / "out").values() if not standing(place).over]
    assert begun, "the study was over before it was killed"
    again = started(tmp_path, "small.toml", "--output", "out", "--jobs", 2)
    said, errors = again.communicate(timeout=300)
    assert again.returncode == 0, errors
    assert any("resumed" in told(place) for place in begun)
    assert said.endswith("out/summary.json\n")
    assert_same(tmp_path / "out", whole)


@pytest.mark.parametrize(("number", "raised"), [(signal.SIGTERM, PreemptionError), (signal.SIGINT, KeyboardInterrupt)])
def test_a_signal_stops_the_study_and_every_run_leaves_a_checkpoint(tmp_path, number, raised):
    plan = planned(tmp_path, base=lasting(2000))
    with pytest.raises(raised):
        carry_out(plan, Local(jobs=2), tmp_path, Disturber(plan, lambda process: os.kill(os.getpid(), number)))
    begun = [each.place for each in plan.runs if (each.place / "run.json").exists()]
    assert {told(place)["status"] for place in begun} == {"interrupted"}
    assert not list(tmp_path.rglob("run.lock")), "nobody writes any more"


def test_a_run_that_fails_is_tried_again_reported_and_stops_no_other(tmp_path):
    plan = planned(tmp_path, seeds=1)
    first = plan.runs[0].place
    first.mkdir(parents=True)
    (first / "notes.txt").write_text("mine", encoding="utf-8")
    board = Disturber(plan, kill, times=0)
    failed = carry_out(plan, Local(jobs=1, retries=1), tmp_path, board)
    assert list(failed) == [str(first.absolute())] and "holds no run but other files (notes.txt)" in failed[str(first.absolute())]
    assert [event.job.place for event in board.ended].count(str(first.absolute())) == 2
    assert standing(plan.runs[1].place).status == "finished"


def test_a_run_that_diverges_is_a_result_and_is_not_tried_again(tmp_path):
    found = comparison(seeds=1, rules={"backpropagation": {}, "feedback_alignment": HUGE})
    results = compare(found, tmp_path, engine=Local(jobs=1))
    assert list(results.runs["status"]) == ["finished", "diverged"] and results.failed == {}
    before = contents(tmp_path / "runs")
    assert list(compare(found, tmp_path).table["diverged"]) == [0, 1]
    assert contents(tmp_path / "runs") == before


def test_two_processes_cannot_carry_out_one_study(tmp_path):
    plan = planned(tmp_path)
    with held(tmp_path), pytest.raises(RecordError, match="is being written by process"):
        carry_out(plan, Local(), tmp_path, silent(plan))


def test_the_results_are_left_beside_the_runs(whole):
    assert {"summary.json", "table.csv", "table.tex", "table.txt"} <= {each.name for each in whole.iterdir()}
    assert [each["status"] for each in read_json(whole / "summary.json")["runs"]] == ["finished"] * 4
