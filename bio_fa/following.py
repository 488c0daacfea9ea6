"""Following: what a process of a run does that another one leads. It learns alike, and writes nothing."""

from __future__ import annotations

import signal
from contextlib import suppress
from pathlib import Path

from bio_fa.errors import TeamError
from bio_fa.experiment import Experiment
from bio_fa.interruption import PREEMPTING
from bio_fa.io.run_folder import RunFolder
from bio_fa.resuming import Position, restore
from bio_fa.team import Team
from bio_fa.training import Training


def follow(experiment: Experiment, folder: Path | str, team: Team) -> None:
    """Learn an experiment beside its leader, which has the run's ``folder``, until all is learned or the leader is gone.

    Whatever asks a run to stop is left to the leader, which leaves a checkpoint first, and which says when another process is gone.

    Raises:
        RecordError: when the checkpoint cannot be read from which the leader goes on.
        DataError: when the task's data are missing or cannot be used.
        DivergenceError: when activity or weights stop being finite.
    """
    for number in (signal.SIGINT, *PREEMPTING):
        signal.signal(number, signal.SIG_IGN)
    training = Training(experiment, experiment.dataset(), team)
    with suppress(TeamError):
        position = _beginning(training, RunFolder(Path(folder)))
        while position.epoch <= experiment.epochs:
            _learn(training, position)
            training.evaluate()
            position.follow()


def _beginning(training: Training, folder: RunFolder) -> Position:
    """Go where the leader begins: at the newest checkpoint of its folder, if it resumes a run."""
    resumes = training.team.told(0)
    checkpoint = folder.checkpoints.newest(folder.segments) if resumes else None
    return Position() if checkpoint is None else restore(training, checkpoint)


def _learn(training: Training, position: Position) -> None:
    """Learn what is left of an epoch."""
    if position.epoch:
        for _ in training.epoch(position.epoch, position.batches, position.score):
            continue
