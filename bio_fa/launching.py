"""Launching: the processes of one run. This one leads others, which it starts; or all were started by torchrun."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bio_fa.errors import ConfigError, DescriptionError
from bio_fa.experiment import Experiment
from bio_fa.team import ALONE, Seat, Team

MEETING = "BIO_FA_MEETING"
"""The variable of the environment that says where the leader waits; processes that torchrun started have others."""
LIBRARY = Path(__file__).parents[1]
"""The folder from which the package is imported."""


@contextmanager
def assembled(experiment: Experiment, processes: int | None, words: Sequence[str]) -> Iterator[Team]:
    """Be one of the processes of a run: of those that were started already, or the leader of ``processes`` on this machine.

    Args:
        experiment: what they run.
        processes: how many there shall be; None: those that were started, or one.
        words: what the command line of those to be started says after ``bio-fa``.

    Raises:
        ConfigError: when another number was started.
        DescriptionError: when the experiment cannot be divided among so many.
        BackendError: when its backend computes in one process.
        TeamError: when one of them does not come.
    """
    seat = seated(os.environ)
    size = seat.size if seat is not None else 1 if processes is None else processes
    if processes not in (None, size):
        raise ConfigError(f"--nproc {processes} came, but {size} processes were started already; leave it out.")
    require_divisible(experiment, size)
    if size == 1:
        yield ALONE
    elif seat is not None:
        with experiment.backend.team(seat, _orphaned()) as team:
            yield team
    else:
        with _Followers(size, words) as followers:
            leading = experiment.backend.team(followers.seat(0), followers.fate)
            followers.start()
            with leading as team:
                yield team


def seated(environment: Mapping[str, str]) -> Seat | None:
    """Return which of several processes this one is, if it was started as one of them."""
    meeting = environment.get(MEETING, "env://" if "MASTER_ADDR" in environment else "")
    if not meeting or not {"RANK", "WORLD_SIZE"} <= environment.keys():
        return None
    rank, size = int(environment["RANK"]), int(environment["WORLD_SIZE"])
    return Seat(rank, size, int(environment.get("LOCAL_RANK", rank)), int(environment.get("LOCAL_WORLD_SIZE", 1)), meeting)


def require_divisible(experiment: Experiment, processes: int) -> None:
    """Refuse to divide the trials of an experiment among too many processes, or where one of them must see all.

    Raises:
        DescriptionError: saying what to change.
    """
    if not 1 <= processes <= experiment.batch:
        allowed = f"a batch of {experiment.batch} trials has work for 1 to {experiment.batch}"
        raise DescriptionError(f"{processes} processes came, but {allowed}; change --nproc or training.batch.")
    if processes > 1 and experiment.record.learning:
        raise DescriptionError("Record: learning trials are recorded in one process only; leave out record.learning or --nproc.")


def _orphaned() -> Callable[[float], str]:
    """Return what tells whether the process is gone that started this one."""
    parent = os.getppid()
    return lambda _: "" if os.getppid() == parent else "The process that leads the run is gone; start the run again."


@dataclass
class _Followers(AbstractContextManager["_Followers"]):
    """The processes that a leader starts on its machine; they write nothing, so that they may be ended at any time."""

    size: int
    words: Sequence[str]
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="bio_fa-")))
    """Where they meet the leader and leave their last words."""
    processes: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)

    def seat(self, rank: int) -> Seat:
        """Return the place of a process."""
        return Seat(rank, self.size, rank, self.size, f"file://{self.folder / 'meeting'}")

    def start(self) -> None:
        """Start them; in sessions of their own, so that Ctrl-C reaches the leader only."""
        command = [sys.executable, "-c", "from bio_fa.cli import app; app()", *self.words]
        for rank in range(1, self.size):
            with self._said(rank).open("wb") as said:
                self.processes[rank] = subprocess.Popen(
                    command, stdout=subprocess.DEVNULL, stderr=said, env=self._environment(rank), start_new_session=True
                )

    def _environment(self, rank: int) -> dict[str, str]:
        paths = [str(LIBRARY), *filter(None, [os.environ.get("PYTHONPATH")])]
        seat = {"RANK": rank, "WORLD_SIZE": self.size, "LOCAL_RANK": rank, "LOCAL_WORLD_SIZE": self.size}
        told = {MEETING: self.seat(rank).meeting, "PYTHONPATH": os.pathsep.join(paths)}
        return {**os.environ, **{name: str(value) for name, value in seat.items()}, **told}

    def __exit__(self, *error: object) -> None:
        """End those that have not ended."""
        for process in self.processes.values():
            process.kill()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def fate(self, patience: float) -> str:
        """Wait for one of them to fail, and tell how it did; nothing if none does."""
        end = time.monotonic() + patience
        while not (failed := self._failed()) and time.monotonic() < end:
            time.sleep(0.05)
        return "" if failed is None else f"Process {failed + 1} of {self.size} {self._obituary(failed)}; go on with --resume."

    def _failed(self) -> int | None:
        return next((rank for rank, process in self.processes.items() if process.poll()), None)

    def _obituary(self, rank: int) -> str:
        code, lines = self.processes[rank].returncode, self._said(rank).read_text(errors="replace").splitlines()
        if code < 0:
            return f"was killed by {signal.Signals(-code).name}"
        return f"ended ({(lines or [f'code {code}'])[-1].removeprefix('bio-fa: ').rstrip('.')})"

    def _said(self, rank: int) -> Path:
        return self.folder / f"{rank}.log"
