"""Failure aimed at: a cluster that gives other numbers than this machine, or loses what it had computed when jobs are cancelled.

A real cluster of one node runs here, where SLURM's programs are.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bio_fa.comparison.carrying_out import carry_out
from bio_fa.comparison.cluster import settings
from bio_fa.comparison.comparing import compare
from bio_fa.comparison.engines import Local, Slurm
from bio_fa.comparison.standing import standing
from bio_fa.errors import BackendError, PreemptionError
from bio_fa.io.lock import NAME
from tests.comparison.slurm_cluster import cluster, lacking
from tests.comparison.studies import Disturber, comparison, lasting, planned, told
from tests.faults.damaged_runs import same

REASON = lacking() or (None if importlib.util.find_spec("submitit") else "submitit is not installed")
ON_THE_CLUSTER = Slurm(partition="main", time=5, memory=0.5, jobs=2)
"""Half a gigabyte is what a small run takes."""
needs_slurm = pytest.mark.skipif(REASON is not None, reason=REASON or "")


@pytest.fixture(scope="module")
def slurm() -> Iterator[None]:
    """SLURM, found by the programs of this process."""
    with cluster() as environment, pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """The comparison as this machine computes it."""
    output = tmp_path_factory.mktemp("studies") / "whole"
    compare(comparison(base=lasting()), output, engine=Local(jobs=2))
    return output


def assert_same(one: Path, other: Path) -> None:
    """Assert that two studies have the same runs, which recorded and measured the same to the last bit."""
    places = {each.name: each for each in (one / "runs").iterdir()}
    assert places.keys() == {each.name for each in (other / "runs").iterdir()}
    for name, place in places.items():
        same(place, other / "runs" / name)


def cancel(process: int) -> None:
    """Cancel every job."""
    subprocess.run(["scancel", "--me"], check=True)


@needs_slurm
@pytest.mark.slow
def test_a_job_array_gives_the_same_numbers_as_this_machine(slurm, whole, tmp_path):
    results = compare(comparison(base=lasting()), tmp_path, engine=ON_THE_CLUSTER)
    assert results.failed == {}
    assert_same(tmp_path, whole)
    (text,) = {each.read_text() for each in tmp_path.glob("slurm/*_submission.sh")}
    assert "--array=0-3%2" in text and "--partition=main" in text


@needs_slurm
@pytest.mark.slow
def test_jobs_that_somebody_cancels_are_not_tried_again_and_a_second_call_loses_nothing(slurm, whole, tmp_path):
    plan = planned(tmp_path, base=lasting())
    board = Disturber(plan, cancel)
    failed = carry_out(plan, ON_THE_CLUSTER, tmp_path, board)
    assert failed and failed == {each.job.place: "SLURM says CANCELLED" for each in plan.left()}
    assert len(list(tmp_path.glob("slurm/*_submission.sh"))) == 1, "what waited was not submitted again"
    begun = [each.place for each in plan.left() if (each.place / "run.json").exists()]
    assert begun and {told(place)["status"] for place in begun} == {"interrupted"}
    for place in begun:  # as a node leaves it that went down
        (place / NAME).write_text('{"host": "another", "pid": 1}', encoding="utf-8")
    assert compare(comparison(base=lasting()), tmp_path, engine=ON_THE_CLUSTER).failed == {}
    assert any("resumed" in told(place) for place in begun)
    assert_same(tmp_path, whole)


@needs_slurm
@pytest.mark.slow
def test_a_study_that_is_stopped_cancels_its_jobs_which_leave_checkpoints(slurm, tmp_path):
    plan = planned(tmp_path, base=lasting(2000), seeds=1)
    with pytest.raises(PreemptionError):
        carry_out(plan, ON_THE_CLUSTER, tmp_path, Disturber(plan, lambda process: os.kill(os.getpid(), signal.SIGTERM)))
    begun = [each.place for each in plan.runs if (each.place / "run.json").exists()]
    assert begun and {told(place)["status"] for place in begun} == {"interrupted"}
    states = subprocess.run(["squeue", "--me", "-h"], capture_output=True, text=True, check=True).stdout
    assert states == ""


@needs_slurm
@pytest.mark.slow
def test_the_warning_before_the_end_of_its_time_makes_a_run_leave_a_checkpoint_and_go_on(slurm, whole, tmp_path):
    plan = planned(tmp_path, base=lasting())

    def warn(process: int) -> None:
        asked = ["squeue", "--me", "--noheader", "--array", "--states=RUNNING", "--format=%i"]
        running = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()
        subprocess.run(["scancel", "--signal=USR2", *running], check=False)

    board = Disturber(plan, warn)
    assert carry_out(plan, ON_THE_CLUSTER, tmp_path, board) == {}
    assert any("resumed" in told(each.place) for each in plan.runs)
    assert len(board.ended) > len(plan.runs), "what was warned went on in another job"
    assert_same(tmp_path, whole)


@needs_slurm
@pytest.mark.slow
def test_jobs_that_outlive_who_submitted_them_are_waited_for_and_not_submitted_again(slurm, whole, tmp_path):
    from bio_fa.comparison import cluster as engine

    plan = planned(tmp_path, base=lasting())
    jobs = [each.job for each in plan.runs]
    orphans = engine._Queue(jobs, ON_THE_CLUSTER, tmp_path / "slurm")
    orphans.submit()
    assert compare(comparison(base=lasting()), tmp_path, engine=ON_THE_CLUSTER).failed == {}
    assert len(list(tmp_path.glob("slurm/*_submission.sh"))) == 1
    assert set(json.loads((tmp_path / "slurm/submitted.json").read_text())) == {job.place for job in jobs}
    assert_same(tmp_path, whole)


def test_where_there_is_no_slurm_a_sentence_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackendError, match=r"SLURM is not here \(no squeue\)"):
        compare(comparison(), tmp_path, engine=Slurm())
    assert not any(standing(each).over for each in tmp_path.glob("runs/*"))


def test_what_the_engine_section_says_reaches_sbatch():
    told = settings(Slurm(partition="long", account="lab", time=90, memory=1.5, cpus=2, jobs=7))
    expected = {"partition": "long", "account": "lab", "time": 90, "mem": "1536M", "cpus_per_task": 2, "array_parallelism": 7}
    assert expected.items() <= told.items()
    assert "partition" not in settings(Slurm()) and "array_parallelism" not in settings(Slurm())
