"""Estimate: about how long a plan will take, from runs that have finished or, where there is none, from a few timed batches."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from bio_fa.comparison.plan import Plan, PlannedRun
from bio_fa.comparison.standing import FINISHED
from bio_fa.experiment import Experiment
from bio_fa.record_files import snapshot_epochs
from bio_fa.training import Training

TIMED = 4
"""Batches that are timed, after one that is not."""


@dataclass(frozen=True)
class Estimate:
    """The seconds that a run of each cell takes, by name, and ``total``: those of all that are left, side by side."""

    seconds: dict[str, float]
    timed: frozenset[str]
    """The cells whose seconds come from a few batches."""
    total: float

    @property
    def sentence(self) -> str:
        """The estimate in words, and from what it was made."""
        finished = _of_cells("finished runs", len(self.seconds) - len(self.timed))
        timed = _of_cells(f"{TIMED} timed batches, files not counted,", len(self.timed))
        origin = " and ".join(filter(None, (finished, timed)))
        return f"about {_time(self.total)}, from {origin}" if origin else "nothing is left to do"


def estimate(plan: Plan, at_once: int) -> Estimate:
    """Return how long what is left of a plan will take when so many runs are computed at once; nothing is written."""
    left = plan.left()
    first = {each.cell.name: each for each in reversed(left)}
    found = {name: _finished(plan, name) for name in first}
    timed = {name: timed_seconds(first[name].experiment()) for name, seconds in found.items() if seconds is None}
    seconds = {name: timed[name] if value is None else value for name, value in found.items()}
    total = sum(seconds[each.cell.name] * _share_left(each) for each in left)
    return Estimate(seconds, frozenset(timed), total / max(min(at_once, len(left)), 1))


def _finished(plan: Plan, cell: str) -> float | None:
    """Return the median seconds of the runs of a cell that have finished."""
    standings = [each.standing() for each in plan.runs if each.cell.name == cell]
    seconds = [each.seconds for each in standings if each.status == FINISHED and each.seconds is not None]
    return statistics.median(seconds) if seconds else None


def _share_left(run: PlannedRun) -> float:
    learned = run.standing().epochs
    return 1 - learned / max(run.experiment().epochs, learned) if learned else 1.0


def timed_seconds(experiment: Experiment) -> float:
    """Return about how many seconds a run takes: a few of its batches, and one of each measure, are timed here and now."""
    training = Training(experiment, experiment.dataset())
    epoch = training.epoch(1)
    next(epoch)
    batch = _seconds(lambda: [next(epoch, None) for _ in range(TIMED)]) / TIMED
    batches = -(-len(training.dataset.train) // experiment.batch)
    evaluated = (experiment.epochs + 1) * 2 * _seconds(training.evaluate)
    aligned = len(snapshot_epochs(experiment)) * _seconds(training.alignment)
    return experiment.epochs * batches * batch + evaluated + aligned


def _seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def _of_cells(what: str, count: int) -> str:
    return f"{what} of {count} cell{'s' if count > 1 else ''}" if count else ""


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
