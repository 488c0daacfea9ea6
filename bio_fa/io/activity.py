"""Activity: ``activity.h5``, which frames of activity each population showed in each trial, as a SONATA report.

========================================  ============================  =============================================
path                                      values                        attributes
========================================  ============================  =============================================
``/``                                                                   ``magic`` 0x0A7A, ``version`` (0, 1),
                                                                        ``format`` ``bio_fa-activity``,
                                                                        ``format_version``
``/report/<pop>``                                                       ``order``: its place in the circuit
``/report/<pop>/data``                    float32 (row, neuron)         ``units``, ``variable``,
                                                                        ``dims`` ``time,neuron``
``/report/<pop>/mapping/node_ids``        uint64 (N): 0 … N − 1         ``sorted`` int8 1
``/report/<pop>/mapping/index_pointers``  uint64 (N + 1): 0 … N         (``index_pointer``, for bmtk, is the same)
``/report/<pop>/mapping/element_ids``     uint32 (N): 0
``/report/<pop>/mapping/element_pos``     float32 (N): 0
``/report/<pop>/mapping/time``            float64: start, stop, step;   ``units`` ms
                                          stop is excluded
``/nodes/<pop>/…``                        see ``nodes``
``/trials/start_time``, ``stop_time``     float64 (K)                   ``units`` ms
``/trials/phase``                         uint8 (K)                     ``names``: the phases, in order
``/trials/label``, ``stimulus_id``,       int64 (K); label −1: none
``epoch``, ``trial``
``/provenance``                           ``config_json``, a text       every other item, a text each
========================================  ============================  =============================================

Row k of ``data`` is the frame at k · step. Rows run trial by trial, within it phase by phase, within it by time. Each
phase of each trial is one entry of ``/trials``; the entries of a trial share its number, ``trial``. MATLAB shows
dimensions reversed.

Source: Dai et al. (2020), The SONATA data format, PLoS Comput. Biol. 16, e1007696; N + 1 pointers, as its readers want.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, final

import h5py
import numpy as np
from numpy.typing import NDArray

from bio_fa.errors import RecordError, nearest
from bio_fa.io.frames import Frames, by_trial, durations, whole_numbers
from bio_fa.io.hdf5 import RecordReader, RecordWriter
from bio_fa.io.names import require_names, text, texts
from bio_fa.io.nodes import PopulationInfo, read_nodes, write_mapping, write_nodes
from bio_fa.io.plain import to_json
from bio_fa.io.tables import BLOCK, chunk_bytes, create_table, extend, gather
from bio_fa.io.trials import COLUMNS, TrialTable, entries

__all__ = ["ActivityReader", "ActivityWriter", "PopulationInfo"]


@final
class ActivityWriter(RecordWriter):
    """Stream frames into ``activity.h5`` with flat memory; a context manager.

    Args:
        path: where the file appears when it is closed.
        populations: who is recorded, in the circuit's order.
        phases: the phases of a trial, in order.
        frame: seconds between frames.
        variable: what is recorded.
        units: its unit.
        provenance: texts (anything else becomes JSON) about where the record comes from.

    Raises:
        RecordError: for names that clash or are no names, a frame that is not a positive time, or a disk that refuses.
    """

    format: ClassVar[str] = "bio_fa-activity"

    def __init__(
        self,
        path: Path | str,
        populations: Sequence[PopulationInfo],
        phases: Sequence[str],
        frame: float,
        variable: str = "activity",
        units: str = "normalised",
        provenance: Mapping[str, object] | None = None,
    ) -> None:
        self._populations, self._phases = tuple(populations), tuple(phases)
        require_names([info.name for info in self._populations], "population")
        require_names(self._phases, "phase")
        if not (math.isfinite(frame) and frame > 0):
            raise RecordError(f"{path}: a frame of {frame!r} s is not allowed; give the positive time between frames.")
        self._step = 1e3 * frame
        self._labels = {"variable": text(variable), "units": text(units), "dims": text("time,neuron")}
        origin = provenance or {}
        self._origin = {key: held if isinstance(held, str) else to_json(held) for key, held in origin.items()}
        self._committed = (0, 0, 0)
        self._tables: dict[str, h5py.Dataset] = {}
        self._chunks = 0
        described = sum((1 << 15) + 80 * info.size for info in self._populations)
        super().__init__(path, room=described + sum(4 * len(held) for held in self._origin.values()))

    def _lay_out(self, file: h5py.File) -> None:
        file.attrs["magic"], file.attrs["version"] = np.uint32(0x0A7A), np.array([0, 1], dtype=np.uint32)
        provenance = file.create_group("provenance")
        for key, held in self._origin.items():
            (provenance if key == "config_json" else provenance.attrs)[key] = held
        for order, info in enumerate(self._populations):
            write_nodes(file, info)
            write_mapping(file, info, self._step)
            file[f"report/{info.name}"].attrs["order"] = order

    def append(self, frames: Frames, label: NDArray[Any] | None, stimulus: NDArray[Any], epoch: int) -> None:
        """Append trials that ran side by side, and commit them.

        Args:
            frames: by phase, then by population, (time, trial, neuron); any of the phases, all populations in each.
            label: the class of each trial, (trial,); None when there is none.
            stimulus: which stimulus each trial showed, (trial,).
            epoch: the epoch to which the trials belong.

        Raises:
            RecordError: for frames of other shapes or names, or a disk that refuses; the trials before stay committed.
        """
        count = np.size(stimulus)
        stimulus = whole_numbers(stimulus, count, "stimulus")
        label = whole_numbers(np.full(count, -1) if label is None else label, count, "label")
        times = durations(frames, self._populations, self._phases, count)
        rows, trials, counted = self._committed
        indexed = {self._phases.index(phase): time for phase, time in times.items()}
        table = entries(indexed, (rows, trials), self._step, label, stimulus, epoch)
        added = (count * sum(times.values()), count, len(table["trial"]))
        self._create_tables(added[0], added[2])
        with self._committing(self._room(added[0], added[2])):
            try:
                self._extend([frames[phase] for phase in times], table)
                self._committed = (rows + added[0], trials + added[1], counted + added[2])
            finally:
                self._settle()

    def _create_tables(self, rows: int, added: int) -> None:
        """Create the tables that grow, if there are none, in chunks fit for what the first append brings."""
        if self._tables:
            return
        tables = {}
        with self._committing((1 << 12) * (len(self._populations) + len(COLUMNS))) as file:
            for info in self._populations:
                tables[info.name] = create_table(file, f"report/{info.name}/data", "f4", rows, info.size)
                tables[info.name].attrs.update(self._labels)
            for key, dtype in COLUMNS.items():
                tables[f"trials/{key}"] = create_table(file, f"trials/{key}", dtype, added)
            file["trials/phase"].attrs["names"] = texts(self._phases)
            file["trials/start_time"].attrs["units"] = file["trials/stop_time"].attrs["units"] = text("ms")
        self._tables, self._chunks = tables, sum(chunk_bytes(table) for table in tables.values())

    def _room(self, rows: int, added: int) -> int:
        """Return the bytes that an append may take: its values and, for each table, a chunk that it may begin."""
        values = sum(4 * rows * info.size for info in self._populations) + 8 * len(COLUMNS) * added
        return values + self._chunks

    def _extend(self, phases: Sequence[Mapping[str, NDArray[Any]]], table: dict[str, NDArray[Any]]) -> None:
        for info in self._populations:
            extend(self._tables[info.name], by_trial([recorded[info.name] for recorded in phases]))
        for key, column in table.items():
            extend(self._tables[f"trials/{key}"], column)

    def _settle(self) -> None:
        """Say how long the record is, and cut off what an interruption left beyond it."""
        rows, _, counted = self._committed
        for info in self._populations:
            self._file[f"report/{info.name}/mapping/time"][1] = rows * self._step
            self._tables[info.name].resize(rows, axis=0)
        for key in COLUMNS:
            self._tables[f"trials/{key}"].resize(counted, axis=0)

    def _complete(self) -> None:
        self._create_tables(rows=0, added=0)


@final
class ActivityReader(RecordReader):
    """Read ``activity.h5`` lazily; a context manager.

    Raises:
        RecordError: for a file that is not whole or not ours.
    """

    format: ClassVar[str] = "bio_fa-activity"

    populations: list[PopulationInfo]
    """Who was recorded, in the circuit's order."""
    phases: tuple[str, ...]
    """The phases of a trial, in order; ``trials()["phase"]`` counts them from 0."""
    frame: float
    """Seconds between frames."""
    variable: str
    """What was recorded."""
    units: str
    """The unit of what was recorded."""

    def _load(self) -> None:
        self.populations = [read_nodes(self, name) for name in self.ordered("report")]
        start, _, step = self.array(f"report/{self.populations[0].name}/mapping/time", "f").tolist()
        if start != 0 or not (math.isfinite(step) and step > 0):
            raise RecordError(f"{self.path}: the frames start at {start} ms and are {step} ms apart; restore a copy.")
        self.phases, self.frame = self.words(self.dataset("trials/phase", "u", 1), "names"), step / 1e3
        self._table = TrialTable(self, len(self.phases), step)
        data = [self._data(info.name) for info in self.populations]
        self.variable, self.units = (self.attribute(data[0], key, str) for key in ("variable", "units"))

    def _data(self, population: str) -> h5py.Dataset:
        sizes = {info.name: info.size for info in self.populations}
        if population not in sizes:
            raise RecordError(f"{self.path} holds no population {population!r}; {nearest(population, sizes)}")
        data = self.dataset(f"report/{population}/data", "f", 2)
        if data.shape[0] < self._table.rows or data.shape[1] != sizes[population]:
            raise RecordError(
                f"{self.path}: {population!r} lacks data (it has {data.shape}); restore a copy or run again."
            )
        return data

    def trials(self) -> dict[str, NDArray[Any]]:
        """Return the columns of ``/trials``, one entry for each phase of each trial: (entry,); times in ms."""
        return dict(self._table.columns)

    def frames(
        self, population: str, phase: str | None = None, epoch: float | None = None, trials: slice | None = None
    ) -> NDArray[np.float32]:
        """Return recorded activity: (trial, time, neuron).

        Args:
            population: whose activity.
            phase: in which phase; None: all phases, one after the other along time.
            epoch: in which epoch; None: all.
            trials: which of the trials so chosen; None: all.

        Returns:
            The frames; without any when nothing so chosen was recorded.

        Raises:
            RecordError: for an unknown population or phase, trials that differ in duration, or a damaged file.
        """
        if phase is not None and phase not in self.phases:
            raise RecordError(f"{self.path} holds no phase {phase!r}; {nearest(phase, self.phases)}")
        first, time = self._table.spans(None if phase is None else self.phases.index(phase), epoch, trials)
        with self._reading():
            return gather(self._data(population), first, time)

    def chunks(self, population: str, rows: int = BLOCK) -> Iterator[NDArray[np.float32]]:
        """Yield all recorded rows in order, at most ``rows`` at a time: (row, neuron)."""
        for first in range(0, self._table.rows, rows):
            with self._reading():
                block = self._data(population)[first : min(first + rows, self._table.rows)]
            yield block
