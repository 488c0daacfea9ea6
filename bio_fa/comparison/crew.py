"""Crew: the local engine, some processes that perform jobs side by side."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Generator, Sequence
from pathlib import Path

from bio_fa.comparison.job import Event, Job
from bio_fa.io.commit import make_folder

TICK = 0.3
"""Seconds after which whoever carries a study out is asked again whether to go on."""
LIBRARY = Path(__file__).parents[2]
"""The folder from which the package is imported."""


def work(jobs: Sequence[Job], at_once: int, logs: Path) -> Generator[Event | None]:
    """Perform each job once; yield what happens, and None every now and then.

    Whoever closes this iterator stops the processes, which leave checkpoints first. ``logs``: the folder of what they say.
    """
    crew = _Crew(logs)
    waiting, busy = deque(jobs), 0
    try:
        while waiting or busy:
            while waiting and busy < at_once:
                job = waiting.popleft()
                crew.give(job)
                busy += 1
                yield Event("begun", job)
            event = crew.hear()
            busy -= event is not None
            yield event
    finally:
        crew.dismiss()


class _Crew:
    """Workers, and one queue of what they answer."""

    def __init__(self, logs: Path) -> None:
        make_folder(logs)
        self.logs, self.hired = logs, 0
        self.answers = queue.SimpleQueue[tuple[_Worker, str]]()
        self.idle: list[_Worker] = []
        self.busy: dict[_Worker, Job] = {}

    def give(self, job: Job) -> None:
        """Let an idle worker, or a new one, perform a job."""
        worker = self.idle.pop() if self.idle else self._hire()
        self.busy[worker] = job
        worker.give(job)

    def _hire(self) -> _Worker:
        self.hired += 1
        return _Worker(self.logs / f"worker-{self.hired}.log", self.answers)

    def hear(self) -> Event | None:
        """Return whose job ended, or None after a while in which none did."""
        try:
            worker, answer = self.answers.get(timeout=TICK)
        except queue.Empty:
            return None
        job = self.busy.pop(worker, None)
        if job is None:
            self.idle = [each for each in self.idle if each is not worker]
            return None
        if not answer:
            return Event("ended", job, worker.obituary())
        self.idle.append(worker)
        return Event("ended", job, json.loads(answer)["error"])

    def dismiss(self) -> None:
        """Let every worker leave a checkpoint and end."""
        every = [*self.idle, *self.busy]
        for worker in every:
            worker.dismiss()
        for worker in every:
            worker.process.wait()


class _Worker:
    """A process that performs jobs; in a session of its own, so that Ctrl-C reaches only who gives it jobs."""

    def __init__(self, log: Path, answers: queue.SimpleQueue[tuple[_Worker, str]]) -> None:
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bio_fa.comparison.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment(),
                start_new_session=True,
                text=True,
            )
        threading.Thread(target=self._listen, args=(answers,), daemon=True).start()

    def _listen(self, answers: queue.SimpleQueue[tuple[_Worker, str]]) -> None:
        """Hand on each answer, and nothing at the end: one that died during a job is heard of so."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            answers.put((self, line))
        answers.put((self, ""))

    def give(self, job: Job) -> None:
        """Send a job; a worker that is gone is heard of soon."""
        self._send(job.text() + "\n")

    def _send(self, text: str) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(text)
            self.process.stdin.flush()
        except BrokenPipeError:
            self.process.poll()

    def dismiss(self) -> None:
        """End its input."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            self.process.poll()

    def obituary(self) -> str:
        """Return how a process ended that was not dismissed."""
        code = self.process.wait()
        return f"its process was killed by {signal.Signals(-code).name}" if code < 0 else f"its process ended with code {code}"


def environment() -> dict[str, str]:
    """Return the environment of a process that computes on one thread and finds the package."""
    paths = [str(LIBRARY), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(paths)}
