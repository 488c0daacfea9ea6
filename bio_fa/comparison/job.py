"""Job: one run as a process of its own gets it, on this machine or on a cluster."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Self

from bio_fa.config import understand
from bio_fa.errors import RecordError
from bio_fa.io import lock
from bio_fa.running import run

PATIENCE = 60.0
"""Seconds for which a job waits for a process that still writes the run's folder: one that is leaving its last checkpoint."""


@dataclass(frozen=True)
class Job:
    """A configuration, the folder of its relative files, and the folder of its run."""

    table: dict[str, Any]
    beside: str
    place: str

    def text(self) -> str:
        """Return the job on one line."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the job of a line that ``text`` wrote."""
        return cls(**json.loads(text))

    def perform(self) -> None:
        """Run it, from its newest checkpoint if there is one; a run that has finished is left as it is.

        Raises:
            BioFAError: as ``run``.
        """
        beside = Path(self.beside)
        config = understand(self.table, beside)
        _wait(Path(self.place))
        run(config.experiment(beside), self.place, texts=config.texts(beside), resume=True)


@dataclass(frozen=True)
class Event:
    """A job that was begun, or whose attempt has ended; how it stands then is said by its folder."""

    what: Literal["begun", "ended"]
    job: Job
    error: str = ""
    """Why the attempt failed."""
    again: bool = True
    """Whether it may be attempted again; not, where somebody cancelled it."""


def _wait(place: Path) -> None:
    """Wait until nobody writes a folder, or patience ends."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            return lock.require_free(place)
        except RecordError:
            time.sleep(0.1)
