"""Spikes: ``/spikes`` of ``activity.h5``, who fired when, as SONATA wants it, beside the frames and on their time axis.

==============================  ==============================  ==================================================
path                            values                          attributes
==============================  ==============================  ==================================================
``/spikes/<pop>``                                               ``sorting``: enum uint8 {none 0, by_id 1,
                                                                by_time 2} = 2; ``dt``: float64, ms per time step
``/spikes/<pop>/timestamps``    float64 (spike): ms             ``units`` ms
``/spikes/<pop>/node_ids``      uint64 (spike): the neuron
==============================  ==============================  ==================================================

A spike in time step k of a phase of a trial, counted from 0, stands at that entry's ``start_time`` + k · dt: the beginning of
its step, so that it belongs to the entry with start_time ≤ t < stop_time. Within a moment, spikes run by neuron.

Source: Dai et al. (2020), The SONATA data format, PLoS Comput. Biol. 16, e1007696.
Choice: the beginning of the step, as Brian2 counts, because a phase excludes its end.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, final

import h5py
import numpy as np
from numpy.typing import NDArray

from bio_fa.errors import RecordError
from bio_fa.io.digest import Wrote
from bio_fa.io.hdf5 import RecordReader
from bio_fa.io.names import text
from bio_fa.io.nodes import PopulationInfo
from bio_fa.io.tables import Compression, chunk_bytes, create_table, extend

COLUMNS = {"timestamps": "f8", "node_ids": "u8"}
"""The datasets of ``/spikes/<pop>``, one value for each spike."""
SORTING = {"none": 0, "by_id": 1, "by_time": 2}
BLOCK = 1 << 16
"""Spikes that a reader holds at a time."""

Events = Mapping[str, Mapping[str, NDArray[Any]]]
"""Spikes that ran side by side, (spike, 3) [step, trial, neuron] by phase and population."""
Columns = Mapping[str, Mapping[str, NDArray[Any]]]
"""What is added to the datasets of ``/spikes/<pop>``, by population."""


class Spikes(NamedTuple):
    """Spikes of chosen trials; each of the three is (spike,)."""

    trial: NDArray[np.int64]
    """The place of the spike's trial among those chosen, from 0."""
    time: NDArray[np.float64]
    """Seconds since the beginning of the chosen phase, or of the trial where all phases were chosen."""
    neuron: NDArray[np.int64]
    """Who fired, from 0."""


@final
class SpikeStream:
    """The tables of ``/spikes`` that a writer lets grow.

    Args:
        populations: those whose spikes are recorded.
        dt: ms per time step.
        compression: how the tables are packed.
    """

    def __init__(self, populations: Sequence[PopulationInfo], dt: float, compression: Compression = "none") -> None:
        self._populations, self._dt, self._packed = tuple(populations), dt, compression
        self._tables: dict[str, dict[str, h5py.Dataset]] = {}
        self._committed = {info.name: 0 for info in populations}

    def columns(self, events: Events, steps: Mapping[str, int], starts: NDArray[np.float64]) -> Columns:
        """Return what an append adds to each population's tables.

        Args:
            events: the spikes.
            steps: time steps of each phase that was recorded, in order.
            starts: when each phase of each trial begins, (trial, phase) in ms.

        Raises:
            RecordError: for other phases or populations, or a step, trial or neuron that does not exist.
        """
        require_events(events, steps, self._populations, len(starts))
        names = [info.name for info in self._populations]
        return {name: in_order([events[phase][name] for phase in steps], starts, self._dt) for name in names}

    def create(self, file: h5py.File, first: Columns) -> None:
        """Create the empty tables, in chunks fit for what the first append brings."""
        for info in self._populations:
            group, rows = file.require_group(f"spikes/{info.name}"), len(first[info.name]["node_ids"]) if first else 0
            group.attrs.create("sorting", SORTING["by_time"], dtype=h5py.enum_dtype(SORTING, basetype="u1"))
            group.attrs["dt"] = np.float64(self._dt)
            tables = {
                key: create_table(file, f"spikes/{info.name}/{key}", dtype, rows, compression=self._packed, shuffle=True)
                for key, dtype in COLUMNS.items()
            }
            tables["timestamps"].attrs["units"] = text("ms")
            self._tables[info.name] = tables

    def room(self, columns: Columns) -> int:
        """Return the bytes that an append may take."""
        values = sum(column.nbytes for table in columns.values() for column in table.values())
        return values + sum(chunk_bytes(each) for tables in self._tables.values() for each in tables.values())

    def extend(self, columns: Columns, wrote: Wrote | None = None) -> None:
        """Append to the tables; ``wrote`` hears where."""
        for name, table in columns.items():
            for key, column in table.items():
                extend(self._tables[name][key], column, wrote)

    def commit(self, columns: Columns) -> None:
        """Take what was appended for good."""
        self._committed = {name: count + len(columns[name]["node_ids"]) for name, count in self._committed.items()}

    def cut(self) -> None:
        """Cut off what an interruption left beyond what was committed."""
        for name, tables in self._tables.items():
            for table in tables.values():
                table.resize(self._committed[name], axis=0)


def require_events(events: Events, steps: Mapping[str, int], populations: Sequence[PopulationInfo], trials: int) -> None:
    """Refuse spikes that the frames beside them do not know.

    Args:
        events: what came.
        steps: time steps of each phase that was recorded.
        populations: those whose spikes are recorded.
        trials: how many ran side by side.

    Raises:
        RecordError: for other phases or populations, or a step, trial or neuron that does not exist.
    """
    came = {phase: sorted(fired) for phase, fired in events.items() if fired}
    wanted = {phase: sorted(info.name for info in populations) for phase in steps if populations}
    if came != wanted:
        raise RecordError(f"Spikes of {came} came to record; give exactly those of {wanted}.")
    for phase, fired in events.items():
        for info in populations:
            whose = f"{info.name!r} in phase {phase!r}"
            _require_inside(fired[info.name], (steps[phase], trials, info.size), whose)
            if not info.includes(fired[info.name][:, 2]):
                raise RecordError(f"The spikes of {whose} are of others than the recorded neurons; give those of the recorded.")


def _require_inside(events: NDArray[Any], limits: tuple[int, int, int], whose: str) -> None:
    if events.ndim != 2 or events.shape[1] != 3 or events.dtype.kind not in "iu":
        raise RecordError(f"The spikes of {whose} have the shape {events.shape}; give whole numbers [step, trial, neuron].")
    if len(events) and (events.min() < 0 or any(column.max() >= limit for column, limit in zip(events.T, limits, strict=True))):
        found = f"[step, trial, neuron] up to {events.max(axis=0).tolist()}"
        raise RecordError(f"The spikes of {whose} have {found}; give those from 0 up to, but without, {list(limits)}.")


def in_order(events: Sequence[NDArray[Any]], starts: NDArray[np.float64], dt: float) -> dict[str, NDArray[Any]]:
    """Return a population's spikes as they follow each other in the file: the columns of ``/spikes/<pop>``.

    Args:
        events: in each phase, (spike, 3) [step, trial, neuron].
        starts: when each phase of each trial begins, (trial, phase) in ms.
        dt: ms per time step.

    Choice: one number a spike, its place among all that could be, is sorted: five times as fast as to sort by four keys.
    """
    steps, neurons = (1 + max(int(each[:, column].max(initial=0)) for each in events) for column in (0, 2))
    shape = (*starts.shape, steps, neurons)
    keys = [np.asarray(each, dtype=np.int64).T for each in events]
    places = [np.ravel_multi_index((trial, phase, step, neuron), shape) for phase, (step, trial, neuron) in enumerate(keys)]
    trials, phases, step, neuron = np.unravel_index(np.sort(np.concatenate(places)), shape)
    return {"timestamps": starts[trials, phases] + step * dt, "node_ids": neuron.astype(np.uint64)}


@final
class SpikeTable:
    """The ``/spikes/<pop>`` of a file, checked as a whole and read a block at a time.

    Raises:
        RecordError: when its times are not in order, its neurons do not exist, or it lacks its units.
    """

    def __init__(self, reader: RecordReader, info: PopulationInfo) -> None:
        self._path, self._name, name = reader.path, info.name, info.name
        group = reader.group(f"spikes/{name}")
        self.dt: float = reader.attribute(group, "dt", float)
        """Milliseconds per time step."""
        self._times, self._neurons = (reader.whole(f"spikes/{name}/{key}", dtype[0]) for key, dtype in COLUMNS.items())
        units, sorting = reader.attribute(self._times, "units", str), reader.attribute(group, "sorting", int)
        sound = units == "ms" and sorting == SORTING["by_time"] and math.isfinite(self.dt) and self.dt > 0
        self._require(sound and self._times.shape == self._neurons.shape)
        self._last = [self._check(row, info) for row in range(0, len(self._times), BLOCK)]
        """When the last spike of each block was."""

    def _check(self, row: int, info: PopulationInfo) -> float:
        """Refuse a block whose spikes cannot be; return when its last one was."""
        times = self._times[max(row - 1, 0) : row + BLOCK]
        self._require(bool((np.diff(times) >= 0).all()) and info.includes(self._neurons[row : row + BLOCK]))
        self._require(times[0] >= 0 and math.isfinite(times[-1]))
        return float(times[-1])

    def _require(self, sound: bool) -> None:
        if not sound:
            raise RecordError(f"{self._path}: the spikes of {self._name!r} contradict themselves; restore a copy or run again.")

    def __len__(self) -> int:
        return len(self._times)

    def rows(self, rows: slice) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return when some of the spikes happened, ms on the file's time axis, and who fired: each (spike,)."""
        return self._times[rows], self._neurons[rows].astype(np.int64)

    def within(self, first: NDArray[np.float64], duration: float) -> Iterator[Spikes]:
        """Yield, block by block, the spikes within ``duration`` of each of the moments ``first`` (trial,); both in ms."""
        order = np.argsort(first, kind="stable")
        starts = first[order]
        earliest, latest = (starts[0], starts[-1] + duration) if len(first) else (0.0, 0.0)
        for block in range(bisect_left(self._last, earliest), len(self._last)):
            rows = slice(block * BLOCK, (block + 1) * BLOCK)
            times = self._times[rows]
            if times[0] >= latest:
                break
            place = np.searchsorted(starts, times, side="right") - 1
            since = times - starts[place]
            inside = (place >= 0) & (since < duration)
            steps = np.rint(since[inside] / self.dt)
            yield Spikes(order[place[inside]], steps * self.dt / 1e3, self._neurons[rows][inside].astype(np.int64))
