"""ActivityWriter: frames and spikes stream into ``activity.h5``, whose layout ``activity`` describes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, final, get_args

import h5py
import numpy as np
from numpy.typing import ArrayLike, NDArray

from bio_fa.errors import RecordError, nearest
from bio_fa.io.frames import MOST_EDGES, Frames, are_edges, by_trial, durations, require_within, whole_numbers
from bio_fa.io.hdf5 import RecordWriter
from bio_fa.io.names import require_names, text, texts
from bio_fa.io.nodes import PopulationInfo, write_populations
from bio_fa.io.plain import to_json
from bio_fa.io.scratch import Scratch
from bio_fa.io.spikes import Columns, Events, SpikeStream
from bio_fa.io.tables import Compression, chunk_bytes, create_table, extend
from bio_fa.io.trials import COLUMNS, entries

Precision = Literal["float32", "float16"]


@final
class ActivityWriter(RecordWriter):
    """Stream frames and spikes into ``activity.h5`` with flat memory; a context manager.

    Args:
        path: where the file appears when it is closed.
        populations: who is recorded, in the circuit's order.
        phases: the phases of a trial, in order.
        frame: seconds between frames.
        variable: what is recorded.
        units: its unit.
        provenance: texts (anything else becomes JSON) about where the record comes from.
        spiking: the names of those whose spikes are recorded.
        dt: seconds per time step, in which spikes are counted; None: that of a frame.
        windows: seconds at the end of each phase that answer and rules read; None: it is not said.
        after: how many rows and trials came before, where this file continues another.
        precision: the type of the frames' values; float16 has 3 digits, in half the room, and no value beyond 65504.
        compression: how frames and spikes are packed; gzip makes spikes some five times as small, activity hardly, takes several
            times as long, and the wheel of libsonata cannot read it.
        edges: where frames are histograms, whose rows within a phase are bins: their edges, (bins + 1,) ascending.

    Raises:
        RecordError: for names that clash or are no names, an unknown precision or compression, a frame that is not a positive time
            or no whole number of steps, edges out of order, or a disk that refuses.
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
        spiking: Sequence[str] = (),
        dt: float | None = None,
        windows: Sequence[float] | None = None,
        after: tuple[int, int] = (0, 0),
        precision: Precision = "float32",
        compression: Compression = "none",
        edges: ArrayLike | None = None,
    ) -> None:
        self._populations, self._phases = tuple(populations), tuple(phases)
        require_names([info.name for info in self._populations], "population")
        require_names(self._phases, "phase")
        _require_known(path, precision, get_args(Precision))
        _require_known(path, compression, get_args(Compression))
        if not (math.isfinite(frame) and frame > 0):
            raise RecordError(f"{path}: a frame of {frame!r} s is not allowed; give the positive time between frames.")
        self._windows = None if windows is None else 1e3 * np.asarray(windows, dtype=np.float64)
        self._step, self._dt, self._steps = 1e3 * frame, 1e3 * (dt or frame), round(frame / (dt or frame))
        if abs(self._steps * self._dt - self._step) > 1e-6 * self._step:
            raise RecordError(f"{path}: a time step of {dt!r} s does not divide a frame of {frame!r} s; give one that does.")
        self._spikes = SpikeStream([info for info in self._populations if info.name in spiking], self._dt, compression)
        self._precision, self._compression = np.dtype(precision), compression
        self._labels = {"variable": text(variable), "units": text(units), "dims": text("time,neuron")}
        self._bins = None if edges is None else self._label_bins(np.asarray(edges, dtype=np.float64))
        origin = provenance or {}
        self._origin = {key: held if isinstance(held, str) else to_json(held) for key, held in origin.items()}
        self._after, self._committed = after, (0, 0, 0)
        self._tables: dict[str, h5py.Dataset] = {}
        self._scratch = Scratch()
        self._chunks = 0
        described = sum((1 << 15) + 80 * info.size for info in self._populations)
        super().__init__(path, room=described + sum(4 * len(held) for held in self._origin.values()))

    def _lay_out(self, file: h5py.File) -> None:
        file.attrs["magic"], file.attrs["version"] = np.uint32(0x0A7A), np.array([0, 1], dtype=np.uint32)
        provenance = file.create_group("provenance")
        for key, held in self._origin.items():
            (provenance if key == "config_json" else provenance.attrs)[key] = held
        write_populations(file, self._populations, self._step)

    def append(
        self, frames: Frames, label: NDArray[Any] | None, stimulus: NDArray[Any], epoch: int, spikes: Events | None = None
    ) -> None:
        """Append trials that ran side by side, and commit them.

        Args:
            frames: by phase, then by population, (time, trial, neuron) of the recorded neurons; any of the phases, all populations
                in each.
            label: the class of each trial, (trial,); None when there is none.
            stimulus: which stimulus each trial showed, (trial,).
            epoch: the epoch to which the trials belong.
            spikes: (spike, 3) [step, trial, neuron] by phase, then by population; of all phases in ``frames``, all that spike; a
                recorded neuron's number is that in its population.

        Raises:
            RecordError: for frames or spikes of other shapes or names, values beyond the precision, another number of bins than
                there are, or a disk that refuses; the trials before stay committed.
        """
        count = np.size(stimulus)
        stimulus = whole_numbers(stimulus, count, "stimulus")
        label = whole_numbers(np.full(count, -1) if label is None else label, count, "label")
        times = durations(frames, self._populations, self._phases, count)
        self._require_storable(frames, times)
        rows, trials, counted = self._committed
        indexed = {self._phases.index(phase): time for phase, time in times.items()}
        before = (self._after[0] + rows, self._after[1] + trials)
        table = entries(indexed, before, self._step, label, stimulus, epoch)
        steps = {phase: time * self._steps for phase, time in times.items()}
        fired = self._spikes.columns(spikes or {}, steps, table["start_time"].reshape(count, len(times)))
        added = (count * sum(times.values()), count, len(table["trial"]))
        self._create_tables(added[0], added[2], fired)
        with self._committing(self._room(added[0], added[2]) + self._spikes.room(fired)):
            try:
                self._extend([frames[phase] for phase in times], table)
                self._spikes.extend(fired, self.settled.wrote)
                self._committed = (rows + added[0], trials + added[1], counted + added[2])
                self._spikes.commit(fired)
            except BaseException:
                self.settled.doubt()
                self._cut()
                raise

    @property
    def end(self) -> tuple[int, int]:
        """How many rows and trials were committed, with those of the files that this one continues."""
        return self._after[0] + self._committed[0], self._after[1] + self._committed[1]

    def _label_bins(self, edges: NDArray[np.float64]) -> int:
        """Return how many bins the frames have, which the data will say."""
        if edges.ndim != 1 or not are_edges(edges):
            raise RecordError(f"Edges of bins {edges.tolist()!s:.200} are not allowed; give 2 to {MOST_EDGES} ascending numbers.")
        self._labels["edges"] = edges
        return len(edges) - 1

    def _require_storable(self, frames: Frames, times: Mapping[str, int]) -> None:
        """Refuse frames that the file would hold as something else."""
        if self._precision.itemsize < 4:
            require_within(frames, float(np.finfo(self._precision).max))
        for phase, time in times.items():
            if self._bins not in (None, time):
                raise RecordError(f"Phase {phase!r} brings {time} bins to record; give {self._bins}, one less than edges.")

    def _create_tables(self, rows: int, added: int, spikes: Columns) -> None:
        """Create the tables that grow, if there are none, in chunks fit for what the first append brings."""
        if self._tables:
            return
        tables = {}
        edges = len(self._populations) * 8 * (self._bins or 0)
        with self._committing((1 << 12) * (3 * len(self._populations) + len(COLUMNS)) + edges) as file:
            for info in self._populations:
                name, dtype, columns = f"report/{info.name}/data", self._precision.str, len(info.recorded)
                tables[info.name] = create_table(file, name, dtype, rows, columns, compression=self._compression)
                tables[info.name].attrs.update(self._labels)
            self._spikes.create(file, spikes)
            for key, dtype in COLUMNS.items():
                tables[f"trials/{key}"] = create_table(file, f"trials/{key}", dtype, added)
            file["trials/phase"].attrs["names"] = texts(self._phases)
            if self._windows is not None:
                file["trials/phase"].attrs["windows"] = self._windows
            file["trials/start_time"].attrs["units"] = file["trials/stop_time"].attrs["units"] = text("ms")
        self._tables, self._chunks = tables, sum(chunk_bytes(table) for table in tables.values())

    def _room(self, rows: int, added: int) -> int:
        """Return the bytes that an append may take: its values and, for each table, a chunk that it may begin."""
        values = self._precision.itemsize * rows * sum(len(info.recorded) for info in self._populations) + 8 * len(COLUMNS) * added
        return values + self._chunks

    def _extend(self, phases: Sequence[Mapping[str, NDArray[Any]]], table: dict[str, NDArray[Any]]) -> None:
        for info in self._populations:
            rows = by_trial([recorded[info.name] for recorded in phases], self._scratch, self._precision)
            extend(self._tables[info.name], rows, self.settled.wrote)
        for key, column in table.items():
            extend(self._tables[f"trials/{key}"], column, self.settled.wrote)

    def _cut(self) -> None:
        """Cut off what an interruption left beyond what was committed."""
        rows, _, counted = self._committed
        for info in self._populations:
            self._tables[info.name].resize(rows, axis=0)
        self._spikes.cut()
        for key in COLUMNS:
            self._tables[f"trials/{key}"].resize(counted, axis=0)

    def _complete(self) -> None:
        self._create_tables(rows=0, added=0, spikes={})
        for info in self._populations:
            self._file[f"report/{info.name}/mapping/time"][:2] = self._after[0] * self._step, self.end[0] * self._step


def _require_known(path: Path | str, given: str, known: Sequence[str]) -> None:
    if given not in known:
        raise RecordError(f"{path}: frames cannot be stored as {given!r}; {nearest(given, known)}")
