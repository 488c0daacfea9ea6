"""Watching: how somebody is told how a run goes."""

from __future__ import annotations

from typing import Any

from bio_fa.experiment import Experiment
from bio_fa.training import Score


class Watcher:
    """Is told how a run goes; this one says nothing."""

    def estimated(self, needed: int, free: int) -> None:
        """Learn how many bytes the files of a run will take at most, and how many are free."""

    def begin(self, experiment: Experiment, trials: int) -> None:
        """Learn that a run of so many training trials begins."""

    def trained(self, trials: int, score: Score, samples_per_second: float) -> None:
        """Learn that so many training trials have passed, with the score of this epoch so far."""

    def evaluated(self, line: dict[str, Any]) -> None:
        """Learn the metrics after an epoch."""

    def end(self) -> None:
        """Learn that the run is over."""
