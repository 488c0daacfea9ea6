"""Resuming: what a checkpoint must hold for a run to go on as if it had never stopped, and whether one belongs to that run."""

from __future__ import annotations

import hashlib
import json
import tomllib
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, final

from bio_fa.errors import RecordError
from bio_fa.examination import Examination
from bio_fa.experiment import Experiment
from bio_fa.io.checkpoint import Checkpoint
from bio_fa.io.tree import resembles
from bio_fa.training import Score, Training


@final
@dataclass
class Position:
    """Where a run is."""

    epoch: int = 0
    """The epoch in progress, counted from 1; 0: nothing has been measured yet."""
    batches: int = 0
    """How many batches of it have been learned."""
    score: Score = field(default_factory=Score)
    """Of these batches."""
    examined: list[Examination] = field(default_factory=list)
    """What was found after the epochs before."""
    elapsed: float = 0.0
    """Seconds since the run began, without those in which it was interrupted."""

    def step(self, batches: int) -> int:
        """Return a number that grows with every batch and every epoch, of so many batches each."""
        return self.epoch * (batches + 1) + self.batches

    def follow(self) -> None:
        """Go to the next epoch."""
        self.epoch, self.batches, self.score = self.epoch + 1, 0, Score()


def state(training: Training, position: Position) -> dict[str, Any]:
    """Return everything by which a run goes on, of plain values, arrays and random streams."""
    return {"training": training.saved(), "position": asdict(position)}


def restore(training: Training, checkpoint: Checkpoint) -> Position:
    """Put training where it was, and return where that is.

    Raises:
        RecordError: when what was saved is not the state of such a run.
        DescriptionError: when its weights break a constraint.
    """
    try:
        position = _position(checkpoint.state["position"])
        training.restore(checkpoint.state["training"], max(position.epoch if position.batches else position.epoch - 1, 1))
    except (LookupError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise _unfit(repr(error)) from error
    training.simulation.check_parameters(training.parameters())
    return position


def _position(told: Mapping[str, Any]) -> Position:
    examined = [Examination(**each) for each in told["examined"]]
    if not resembles(told, asdict(Position())) or min(told["epoch"], told["batches"]) < 0:
        raise ValueError("its position is none")
    return Position(**{**told, "score": Score(**told["score"]), "examined": examined})


def _unfit(what: str) -> RecordError:
    return RecordError(f"The checkpoint is not that of such a run ({what:.200}); restore a copy, or run anew with --overwrite.")


def settings(experiment: Experiment, texts: Mapping[str, str]) -> dict[str, Any]:
    """Return what must be the same for a run to go on: its configuration and Python files, or the experiment if there are none."""
    if "config.toml" not in texts:
        return _as_json(experiment.to_table())
    files = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items() if name != "config.toml"}
    return _as_json({**tomllib.loads(texts["config.toml"]), **files})


def _as_json(table: dict[str, Any]) -> dict[str, Any]:
    """Return a table as a file gives it back."""
    return json.loads(json.dumps(table, default=str))  # type: ignore[no-any-return]


def require_same(checkpoint: Checkpoint, config: Mapping[str, Any], versions: Mapping[str, str], where: object) -> None:
    """Refuse to go on with another configuration; warn of other versions of what computes.

    Raises:
        RecordError: naming the first key that differs.
    """
    key = _difference(checkpoint.config, config, "")
    if key is not None:
        remedy = "resume with the configuration in that folder, or run in another one"
        raise RecordError(f"{where} was begun with another configuration: {key} differs; {remedy}.")
    other = [f"{name} {old}" for name, old in checkpoint.versions.items() if versions.get(name) != old]
    if other:
        warnings.warn(f"{where} was begun with {', '.join(other)}; results may differ in the last bits.", stacklevel=2)


def _difference(one: Any, other: Any, key: str) -> str | None:
    """Return the key of the first value that differs, dotted; None: none does."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        names = [*one, *(name for name in other if name not in one)]
        pairs = ((name, one.get(name), other.get(name)) for name in names)
        found = (_difference(first, second, f"{key}.{name}".lstrip(".")) for name, first, second in pairs)
        return next((each for each in found if each is not None), None)
    return None if one == other else key
