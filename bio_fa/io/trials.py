"""Trials: which rows of ``activity.h5`` belong to which phase of which trial, as ``/trials`` lists them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from bio_fa.errors import RecordError
from bio_fa.io.hdf5 import RecordReader

COLUMNS = {
    "start_time": "f8",
    "stop_time": "f8",
    "label": "i8",
    "stimulus_id": "i8",
    "phase": "u1",
    "epoch": "i8",
    "trial": "i8",
}
"""The datasets of ``/trials``, one value for each phase of each trial; times are in ms."""


def entries(
    times: Mapping[int, int],
    first: tuple[int, int],
    step: float,
    label: NDArray[Any],
    stimulus: NDArray[Any],
    epoch: int,
) -> dict[str, NDArray[Any]]:
    """Return the entries of trials that follow each other.

    Args:
        times: frames of each phase, by its index.
        first: the row and the number of the first trial.
        step: ms between frames.
        label: class of each trial, (trial,).
        stimulus: stimulus of each trial, (trial,).
        epoch: the epoch of all of them.
    """
    trials, phases = len(stimulus), len(times)
    rows = first[0] + np.cumsum([0, *list(times.values()) * trials])
    return {
        "start_time": rows[:-1] * step,
        "stop_time": rows[1:] * step,
        "label": np.repeat(label, phases),
        "stimulus_id": np.repeat(stimulus, phases),
        "phase": np.tile(np.array(list(times), dtype=np.uint8), trials),
        "epoch": np.full(trials * phases, epoch, dtype=np.int64),
        "trial": np.repeat(first[1] + np.arange(trials), phases),
    }


@final
class TrialTable:
    """The ``/trials`` of a file whose rows of data count on from ``first``, checked.

    Raises:
        RecordError: when the entries contradict each other.
    """

    def __init__(self, reader: RecordReader, phases: int, step: float, first: int) -> None:
        self.columns = {key: reader.array(f"trials/{key}", dtype[0]) for key, dtype in COLUMNS.items()}
        rows = {key: np.rint(self.columns[key] / step) - first for key in ("start_time", "stop_time")}
        self._follow(reader, phases, rows["start_time"], rows["stop_time"])
        self._first, self._last = (each.astype(np.int64) for each in rows.values())

    def _follow(self, reader: RecordReader, phases: int, first: NDArray[Any], last: NDArray[Any]) -> None:
        """Refuse a table whose entries do not follow each other from row 0."""
        sizes = {len(column) for column in self.columns.values()}
        sound = (
            len(sizes) == 1
            and np.array_equal(first, np.append(0, last)[:-1])
            and bool(np.all(last >= first))
            and bool(np.all(np.diff(self.columns["trial"]) >= 0))
            and bool(np.all(self.columns["phase"] < phases))
            and bool(np.all(last < 2**53))
        )
        if not sound:
            raise RecordError(
                f"{reader.path}: the entries of /trials contradict each other; restore a copy or run again."
            )

    @property
    def rows(self) -> int:
        """How many rows of data belong to trials."""
        return int(self._last[-1]) if len(self._last) else 0

    def spans(self, phase: int | None, epoch: float | None, trials: slice | None) -> tuple[NDArray[np.int64], int]:
        """Return the first row of each chosen trial, (trial,), and how many rows each has; ``None`` chooses all.

        Raises:
            RecordError: when the chosen trials differ in duration.
        """
        chosen = np.ones(len(self._first), dtype=bool)
        chosen &= True if phase is None else self.columns["phase"] == phase
        chosen &= True if epoch is None else self.columns["epoch"] == epoch
        _, entry = np.unique(self.columns["trial"][chosen], return_index=True)
        first = self._first[chosen][entry]
        last = self._last[chosen][np.append(entry, np.count_nonzero(chosen))[1:] - 1]
        first, durations = first[trials or slice(None)], (last - first)[trials or slice(None)]
        if len(np.unique(durations)) > 1:
            raise RecordError(
                f"The chosen trials differ in duration ({np.unique(durations)} frames); choose one phase or epoch."
            )
        return first, int(durations[0]) if len(durations) else 0
