"""Standing: how a run stands, as its folder tells; nothing else remembers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bio_fa.account import ENDED
from bio_fa.errors import RecordError
from bio_fa.io.run_folder import RunFolder

FINISHED, FAILED, UNFINISHED, TO_DO = "finished", "failed", "unfinished", "to do"


@dataclass(frozen=True)
class Standing:
    """How a run stands: finished, diverged, stopped (a population is dead), failed, unfinished or to do."""

    status: str
    message: str = ""
    seconds: float | None = None
    """That it took until now."""
    epochs: int = 0
    """That have been learned and measured."""

    @property
    def over(self) -> bool:
        """Whether nothing is left to do: the run has a result, be it that it diverged."""
        return self.status in (FINISHED, *ENDED)


def standing(place: Path) -> Standing:
    """Return how the run in a folder stands; a folder that cannot be read counts as that of a run that failed."""
    folder = RunFolder(place)
    if not folder.run.exists():
        return Standing(UNFINISHED if folder.begun else TO_DO)
    try:
        return _told(folder, folder.read_json(folder.run))
    except RecordError as error:
        return Standing(FAILED, str(error))


def _told(folder: RunFolder, table: Mapping[str, Any]) -> Standing:
    status = str(table.get("status"))
    known = status if status in (FINISHED, FAILED, *ENDED) else UNFINISHED
    lines = folder.read_metrics() if folder.metrics.exists() else []
    epochs = int(lines[-1]["epoch"]) if lines else 0
    seconds = (table.get("timing") or {}).get("total_seconds")
    return Standing(known, str(table.get("message", "")), seconds, epochs)


def advance(place: Path) -> str:
    """Return a mark that changes when a run leaves a checkpoint further on."""
    steps = RunFolder(place).checkpoints.steps()
    return steps[-1].name if steps else ""
