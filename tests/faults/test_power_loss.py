"""Failure aimed at: a power failure, after which writes and renames that nobody waited for are missing.

All that a learning, recording run does to its folder is watched; then every moment is one at which the power may fail, and each
leaves many states (see ``disk``). ``make faults`` tries more of them. This is a model: no plug was pulled.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from bio_fa.errors import RecordError
from bio_fa.io import lock
from bio_fa.io.checkpoint import Checkpoints, intact
from bio_fa.io.commit import publish, synchronise, write_bytes
from bio_fa.io.run_folder import RunFolder
from bio_fa.running import run
from bio_fa.watching import Watcher
from tests.faults.damaged_runs import go, opens, same, tiny
from tests.faults.disk import Disk, Moment, fail, watching

STATES = int(os.environ.get("BIO_FA_STATES", "4"))
"""How many states of each scenario are tried."""



class Stopping(Watcher):
    """Somebody who stops a run after its first epoch."""

    def evaluated(self, line):
        """Press Ctrl-C."""
        if line["epoch"] == 1:
            raise KeyboardInterrupt


def begun(folder: Path) -> None:
    """Begin and end a run."""
    go("tiny", str(folder))


def stopped(folder: Path) -> None:
    """Leave a run that was stopped, with a segment that no checkpoint lists."""
    with pytest.raises(KeyboardInterrupt):
        run(tiny(), folder, watcher=Stopping())


def other(folder: Path) -> None:
    """Leave a finished run of another seed."""
    run(replace(tiny(), seed=9), folder)


def nothing(folder: Path) -> None:
    """Leave nothing."""


def overwritten(folder: Path) -> None:
    """Run in the place of another run."""
    run(tiny(), folder, overwrite=True)


@dataclass(frozen=True)
class Scenario:
    """What is there, and what is done while the power may fail."""

    before: Callable[[Path], None]
    during: Callable[[Path], None]


SCENARIOS = {"new": Scenario(nothing, begun), "resumed": Scenario(stopped, begun), "overwritten": Scenario(other, overwritten)}


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """The run that was left alone."""
    folder = tmp_path_factory.mktemp("power") / "whole"
    go("tiny", str(folder))
    return folder


@pytest.fixture(scope="module", params=SCENARIOS)
def watched(request, tmp_path_factory) -> Disk:
    """What a run did to its folder, ``run`` in the folder that was watched."""
    root = tmp_path_factory.mktemp("watched")
    scenario = SCENARIOS[request.param]
    scenario.before(root / "run")
    write = Checkpoints.write
    with watching(root) as disk, pytest.MonkeyPatch.context() as patch:

        def committed(self, step, checkpoint):
            write(self, step, checkpoint)
            disk.marks = step

        patch.setattr(Checkpoints, "write", committed)
        scenario.during(root / "run")
    return disk


def states(disk: Disk, count: int, place: Path) -> Iterator[tuple[int, Moment, Path]]:
    """Yield some states that a power failure may leave, spread over all moments, each in a folder of its own."""
    rng = np.random.default_rng(len(disk.moments))
    for number in range(count):
        at = int((number + rng.random()) / count * len(disk.moments))
        root = place / f"{number}-at-{at}"
        root.mkdir()
        fail(disk.moments[at], root, np.random.default_rng([at, number]))
        yield at, disk.moments[at], root / "run"


def reboot(folder: Path) -> None:
    """Make the lock that a run held one of the boot before; where it is torn, let it grow old."""
    path = folder / lock.NAME
    if path.exists():
        try:
            path.write_text(json.dumps({**json.loads(path.read_text()), "start": "the boot before/1"}))
        except ValueError:
            os.utime(path, (0, 0))


def committed(folder: Path) -> int:
    """Return the step of the newest checkpoint that is whole; one of a run that has finished is that of its end."""
    place = RunFolder(folder)
    if place.run.exists() and place.read_json(place.run)["status"] == "finished" and place.sealed:
        return 10**9
    found = 0
    for path in place.checkpoints.steps():
        table = intact(path, place.segments)
        assert place.metrics.stat().st_size >= table["metrics"]
        found = max(found, table["step"])
    return found


@pytest.mark.filterwarnings("ignore:.*its lock is taken over")
def test_after_a_power_failure_nothing_committed_is_lost_and_the_run_goes_on(watched, whole, tmp_path):
    for at, moment, folder in states(watched, STATES, tmp_path):
        where = f"moment {at} of {len(watched.moments)}, {moment.call}"
        reboot(folder)
        try:
            survives(folder, whole, moment.marks)
        except Exception as error:
            error.add_note(f"{where}: {sorted(str(each.relative_to(folder)) for each in folder.rglob('*'))}")
            raise
        shutil.rmtree(folder.parent)


def survives(folder: Path, whole: Path, marks: int) -> None:
    """Assert that a struck run has what it had committed, can be read without a wrong value, and goes on to the same end."""
    if foreign(folder):
        run(tiny(), folder, overwrite=True)
    else:
        assert committed(folder) >= marks
        opens(folder, whole)
        try:
            go("tiny", str(folder))
        except RecordError as error:
            assert "already holds a run" in str(error) and not (folder / "run.json").exists(), error
            run(tiny(), folder, overwrite=True)
    same(folder, whole)


def foreign(folder: Path) -> bool:
    """Return whether a folder still holds the run that was to be overwritten."""
    return (folder / "run.json").exists() and RunFolder(folder).read_json(folder / "run.json")["seed"] == 9


@pytest.mark.parametrize("synchronised", [True, False])
def test_the_disk_of_these_tests_loses_what_was_not_synchronised(tmp_path, monkeypatch, synchronised):
    root = tmp_path / "root"
    root.mkdir()
    with watching(root) as disk:
        if not synchronised:
            monkeypatch.setattr("bio_fa.io.commit.synchronise", lambda path: None)
        write_bytes(root / ".file.part", b"text" * 5000)
        publish(root / ".file.part", root / "file")
    found = set()
    for seed in range(40):
        place = tmp_path / str(seed)
        place.mkdir()
        fail(disk.moments[-1], place, np.random.default_rng(seed))
        found.add((place / "file").read_bytes() == b"text" * 5000 if (place / "file").exists() else None)
    assert found == ({True} if synchronised else {True, False, None})


def test_the_disk_of_these_tests_keeps_what_was_synchronised_whatever_another_thread_did_meanwhile(tmp_path):
    root = tmp_path / "root"
    for folder in ("one", "other"):
        (root / folder).mkdir(parents=True)
    with watching(root) as disk:
        (root / "one/file").write_bytes(b"text")
        (root / "other/file").write_bytes(b"text")
        synchronise(root / "one/file")
        synchronise(root / "one")
    found = set()
    for seed in range(40):
        place = tmp_path / str(seed)
        place.mkdir()
        fail(disk.moments[-1], place, np.random.default_rng(seed))
        found.add((*((place / folder / "file").exists() for folder in ("one", "other")), (place / "one/file").read_bytes()))
    assert found == {(True, True, b"text"), (True, False, b"text")}
