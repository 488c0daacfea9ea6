"""Cluster: the engine of a cluster under SLURM. submitit submits the jobs, ``squeue`` says how they are, run folders what they did.

Nothing is asked of SLURM's accounting, which not every cluster has.
"""

from __future__ import annotations

import shlex
import signal
import subprocess
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from bio_fa.comparison.crew import LIBRARY, TICK
from bio_fa.comparison.engines import Slurm
from bio_fa.comparison.job import Event, Job
from bio_fa.errors import BackendError, PreemptionError, RecordError
from bio_fa.io import lock
from bio_fa.io.commit import make_folder
from bio_fa.io.plain import read_json, write_json

POLL = 2.0
"""Seconds between two questions to the cluster."""
PATIENCE = 120.0
"""Seconds for which a cluster may not answer, and for which cancelled jobs may leave their checkpoints."""
WARNING = 60
"""Seconds before the end of its time at which a job leaves a checkpoint."""
ARRAY = 1000
"""Jobs of an array, at most. Choice: SLURM's own limit, MaxArraySize, is 1001 unless a cluster says otherwise."""
ALIVE = {"PENDING", "CONFIGURING", "RUNNING", "COMPLETING", "SUSPENDED", "REQUEUED", "REQUEUE_HOLD", "SIGNALING", "STAGE_OUT"}
"""States of a job of which something is still to be expected."""


def work(jobs: Sequence[Job], slurm: Slurm, folder: Path) -> Generator[Event | None]:
    """Perform each job once, in job arrays; yield what happens, and None every now and then.

    Jobs that an earlier call submitted and that are still alive are waited for. Whoever closes this iterator cancels the jobs,
    which leave checkpoints first. ``folder``: of what SLURM is given and says, on a disk that its nodes share.

    Raises:
        BackendError: when submitit or SLURM's programs are not there.
        RecordError: when the cluster refuses the jobs, or does not answer.
    """
    queue = _Queue(jobs, slurm, folder)
    queue.submit()
    try:
        while queue.waiting:
            yield from queue.news()
            yield from _pause()
    finally:
        queue.cancel()


def _pause() -> Generator[None]:
    end = time.monotonic() + POLL
    while time.monotonic() < end:
        time.sleep(TICK)
        yield None


@dataclass
class _Queue:
    """The jobs that a cluster has, by their number there."""

    jobs: Sequence[Job]
    slurm: Slurm
    folder: Path
    waiting: dict[str, Job] = field(default_factory=dict)
    running: set[str] = field(default_factory=set)
    answered: float = field(default_factory=time.monotonic)
    """When the cluster answered last."""

    def submit(self) -> None:
        """Submit every job that is not there yet."""
        make_folder(self.folder)
        states, numbers = self._first_states(), self._known()
        alive = {place for place, number in numbers.items() if _state(number, states) in ALIVE}
        _unlock(numbers.keys() - alive)
        new = [job for job in self.jobs if job.place not in alive]
        for start in range(0, len(new), ARRAY):
            part = new[start : start + ARRAY]
            numbers |= dict(zip((job.place for job in part), self._submitted(part), strict=True))
            write_json(self._list, numbers)
        self.waiting = {numbers[job.place]: job for job in self.jobs}

    @property
    def _list(self) -> Path:
        return self.folder / "submitted.json"

    def _known(self) -> dict[str, str]:
        return dict(read_json(self._list)) if self._list.exists() else {}

    def _first_states(self) -> dict[str, str]:
        """Return the state of each job, once the cluster answers."""
        while (states := self._states()) is None:
            time.sleep(POLL)
        return states

    def _submitted(self, jobs: Sequence[Job]) -> list[str]:
        """Return the numbers of jobs just submitted."""
        executor = _executor(self.folder, self.slurm)
        try:
            return [job.job_id for job in executor.map_array(perform, jobs)]
        except Exception as error:
            why = " ".join(str(error).split())[-300:]
            raise RecordError(f"SLURM refused the jobs ({why}); mend [engine], or give --engine local.") from error

    def news(self) -> Generator[Event]:
        """Yield what happened since."""
        states = self._states()
        if states is None:
            return
        for number, job in list(self.waiting.items()):
            state = _state(number, states)
            if state == "RUNNING" and number not in self.running:
                self.running.add(number)
                yield Event("begun", job)
            if state not in ALIVE:
                del self.waiting[number]
                yield Event("ended", job, _told(state), again=state != "CANCELLED")

    def _states(self) -> dict[str, str] | None:
        """Return the state of each job of this user, or None when the cluster did not answer."""
        asked = ["squeue", "--me", "--noheader", "--array", "--states=all", "--format=%i %T"]
        try:
            answer = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=PATIENCE).stdout
        except FileNotFoundError as error:
            raise BackendError("SLURM is not here (no squeue); go where sbatch works, or give --engine local.") from error
        except subprocess.SubprocessError as error:
            if time.monotonic() - self.answered > PATIENCE:
                raise RecordError(f"SLURM does not answer ({error}); the same command goes on once it does.") from error
            return None
        self.answered = time.monotonic()
        return dict(line.split(maxsplit=1) for line in answer.splitlines() if line.strip())

    def cancel(self) -> None:
        """Cancel the jobs that wait or run, and wait until they have left their checkpoints."""
        if not self.waiting:
            return
        subprocess.run(["scancel", *self.waiting], check=False)
        end = time.monotonic() + PATIENCE
        while self._alive() and time.monotonic() < end:
            time.sleep(TICK)

    def _alive(self) -> bool:
        states = self._states() or {}
        return any(_state(number, states) in ALIVE for number in self.waiting)


def _state(number: str, states: Mapping[str, str]) -> str:
    """Return the state of a job; jobs of an array that were cancelled before they began are told of under its number alone."""
    return states.get(number) or states.get(number.partition("_")[0], "GONE")


def _unlock(places: Iterable[str]) -> None:
    """Take the locks of runs whose jobs are gone: on another node nobody could know that the process which held one is."""
    for place in places:
        (Path(place) / lock.NAME).unlink(missing_ok=True)


def _told(state: str) -> str:
    """Return why a job ended so; nothing where it ended by itself."""
    return "" if state in ("COMPLETED", "GONE") else f"SLURM says {state}"


def _executor(folder: Path, slurm: Slurm) -> Any:
    """Return what submits jobs.

    Raises:
        BackendError: when submitit is not installed.
    """
    try:
        from submitit import SlurmExecutor
    except ModuleNotFoundError as error:
        raise BackendError("--engine slurm needs submitit, which is not installed; pip install 'bio_fa[slurm]'.") from error
    executor = SlurmExecutor(folder=folder.absolute())
    executor.update_parameters(**settings(slurm))
    return executor


def settings(slurm: Slurm) -> Mapping[str, Any]:
    """Return the options of ``sbatch`` as submitit calls them."""
    given = {
        "partition": slurm.partition,
        "account": slurm.account,
        "mem": None if slurm.memory is None else f"{round(1024 * slurm.memory)}M",
        "array_parallelism": slurm.jobs,
    }
    exported = ["export OMP_NUM_THREADS=1", f"export PYTHONPATH={shlex.quote(str(LIBRARY))}${{PYTHONPATH:+:$PYTHONPATH}}"]
    return {
        "job_name": "bio_fa",
        "time": slurm.time,
        "cpus_per_task": slurm.cpus,
        "signal_delay_s": WARNING,
        "setup": exported,
        "stderr_to_stdout": True,
        **{name: value for name, value in given.items() if value is not None},
    }


def perform(job: Job) -> None:
    """Perform a job on a node; asked to stop, by whatever signal, it leaves a checkpoint and ends."""
    for number in (signal.SIGTERM, signal.SIGUSR1):
        signal.signal(number, _end)
    signal.signal(signal.SIGUSR2, _pass_on)
    try:
        job.perform()
    except PreemptionError as error:
        print(error)


def _end(number: int, frame: FrameType | None) -> None:
    raise PreemptionError("stopped before the run had begun; the same command goes on.")


def _pass_on(number: int, frame: FrameType | None) -> None:
    """Tell a run, which does not know SLURM's warning before the end of its time."""
    signal.raise_signal(signal.SIGUSR1)
