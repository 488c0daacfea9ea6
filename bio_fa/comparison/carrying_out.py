"""Carrying out: every run of a plan that is not over is attempted, and attempted again where it failed, until it is given up.

What is over is asked of the runs' folders alone, so that a study which was stopped or killed is completed by carrying it out again.
"""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from bio_fa.comparison import cluster, crew
from bio_fa.comparison.board import Board
from bio_fa.comparison.engines import Engine, Slurm
from bio_fa.comparison.job import Event, Job
from bio_fa.comparison.plan import Plan, PlannedRun
from bio_fa.comparison.standing import advance
from bio_fa.errors import PreemptionError
from bio_fa.interruption import Interruption, heeded
from bio_fa.io.lock import held

LOGS, JOBS = "logs", "slurm"
"""The folders, in that of the study, of what processes said and of what SLURM was given."""


def carry_out(plan: Plan, engine: Engine, output: Path, board: Board) -> dict[str, str]:
    """Carry out what is left of a plan in the folder of its study; return why runs were given up, by their folder.

    Raises:
        RecordError: when another process carries out the study, or a cluster does not take its jobs.
        KeyboardInterrupt, PreemptionError: when this one is asked to stop; runs in progress have left checkpoints.
    """
    attempts = _Attempts(plan, engine, output, board)
    if plan.left():
        with held(output), heeded() as interruption, board:
            while attempts.left():
                attempts.make(interruption)
    return attempts.given_up()


@dataclass
class _Attempts:
    """The attempts at the runs of a plan, in rounds: each makes one at every run that is left."""

    plan: Plan
    engine: Engine
    output: Path
    board: Board
    in_vain: Counter[str] = field(default_factory=Counter)
    """How many attempts at a run, by its folder, brought it no further."""
    errors: dict[str, str] = field(default_factory=dict)
    """How the last attempt at a run failed, by its folder."""

    def left(self) -> tuple[PlannedRun, ...]:
        """Return the runs that are not over and may be tried again."""
        return tuple(each for each in self.plan.left() if self.in_vain[each.job.place] <= self.engine.retries)

    def make(self, interruption: Interruption) -> None:
        """Make one round."""
        left = self.left()
        before = {each.job.place: advance(each.place) for each in left}
        with closing(self._events([each.job for each in left])) as events:
            for event in events:
                self._hear(event)
                _heed(interruption)
        self.in_vain.update(each.job.place for each in left if advance(each.place) == before[each.job.place])

    def _events(self, jobs: Sequence[Job]) -> Generator[Event | None]:
        if isinstance(self.engine, Slurm):
            return cluster.work(jobs, self.engine, self.output / JOBS)
        return crew.work(jobs, self.engine.at_once, self.output / LOGS)

    def _hear(self, event: Event | None) -> None:
        if event is not None and event.what == "ended":
            self.errors[event.job.place] = event.error
            self.in_vain[event.job.place] += 0 if event.again else 1 + self.engine.retries
        self.board.show(event)

    def given_up(self) -> dict[str, str]:
        """Return why runs that are not over failed at last."""
        return {each.job.place: self._reason(each) for each in self.plan.left()}

    def _reason(self, run: PlannedRun) -> str:
        return self.errors.get(run.job.place) or run.standing().message or "it did not end"


def _heed(interruption: Interruption) -> None:
    """Stop if that was asked for."""
    if interruption.asked == signal.SIGINT:
        raise KeyboardInterrupt
    if interruption.asked is not None:
        name = interruption.asked.name
        raise PreemptionError(f"stopped by {name}; runs in progress left checkpoints, from which the same command goes on.")
