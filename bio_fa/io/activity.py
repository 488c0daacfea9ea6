"""Activity: ``activity.h5``, which frames of activity and which spikes each population showed in each trial, as SONATA has it.

========================================  ============================  =============================================
path                                      values                        attributes
========================================  ============================  =============================================
``/``                                                                   ``magic`` 0x0A7A, ``version`` (0, 1),
                                                                        ``format`` ``bio_fa-activity``,
                                                                        ``format_version``
``/report/<pop>``                                                       ``order``: its place in the circuit
``/report/<pop>/data``                    float32 or float16            ``units``, ``variable``,
                                          (row, neuron)                 ``dims`` ``time,neuron``; of histograms
                                                                        ``edges`` float64 (bins + 1)
``/report/<pop>/mapping/node_ids``        uint64 (N): who was           ``sorted`` int8 1
                                          recorded, ascending
``/report/<pop>/mapping/index_pointers``  uint64 (N + 1): 0 … N         (``index_pointer``, for bmtk, is the same)
``/report/<pop>/mapping/element_ids``     uint32 (N): 0
``/report/<pop>/mapping/element_pos``     float32 (N): 0
``/report/<pop>/mapping/time``            float64: start, stop, step;   ``units`` ms
                                          stop is excluded
``/spikes/<pop>/…``                       see ``spikes``; of populations that spike
``/nodes/<pop>/…``                        see ``nodes``
``/trials/start_time``, ``stop_time``     float64 (K)                   ``units`` ms
``/trials/phase``                         uint8 (K)                     ``names``: the phases, in order;
                                                                        ``windows``: ms at the end of each that
                                                                        answer and rules read
``/trials/label``, ``stimulus_id``,       int64 (K); label −1: none
``epoch``, ``trial``
``/provenance``                           ``config_json``, a text       every other item, a text each
========================================  ============================  =============================================

Row k of ``data`` is the frame at start + k · step; start is 0, but not in segments of an unfinished run that continue others. Rows
run trial by trial, within it phase by phase, within it by time. Each phase of each trial is one entry of ``/trials``; the entries
of a trial share its number, ``trial``. MATLAB shows dimensions reversed. Where some neurons of a population were recorded, N is
their number, and ``/spikes`` and ``/nodes`` go on counting in the whole population. A report of histograms has in each phase a row
for each bin: how often the variable was in it. Every other variable has a file of this layout: ``report_potential.h5``.

Source: Dai et al. (2020), The SONATA data format, PLoS Comput. Biol. 16, e1007696; N + 1 pointers, as its readers want.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, final

import h5py
import numpy as np
from numpy.typing import NDArray

from bio_fa.errors import RecordError, nearest
from bio_fa.io.activity_writer import ActivityWriter
from bio_fa.io.frames import are_edges
from bio_fa.io.hdf5 import RecordReader
from bio_fa.io.nodes import PopulationInfo, read_recorded
from bio_fa.io.spikes import Spikes, SpikeTable
from bio_fa.io.tables import BLOCK, gather
from bio_fa.io.trials import TrialTable

__all__ = ["ActivityReader", "ActivityWriter", "PopulationInfo", "Spikes"]


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
    windows: tuple[float, ...]
    """Seconds at the end of each phase that answer and rules read; infinite where the file does not say."""
    frame: float
    """Seconds between frames."""
    variable: str
    """What was recorded."""
    units: str
    """The unit of what was recorded."""
    edges: NDArray[np.float64] | None
    """Of histograms, whose rows within a phase are bins: where each bin begins, and where the last one ends, (bins + 1,)."""
    spiking: tuple[str, ...]
    """Whose spikes were recorded, in the circuit's order."""

    def _load(self) -> None:
        self.populations = [read_recorded(self, name) for name in self.ordered("report")]
        axes = [self.array(f"report/{info.name}/mapping/time", "f").tolist() for info in self.populations]
        start, _, step = axes[0]
        if not (0 <= start < math.inf and 0 < step < math.inf and all(each[::2] == [start, step] for each in axes)):
            raise self._refuse(f"its frames start at {start} ms and are {step} ms apart, or not so in all populations")
        self._first = round(start / step)
        self.phases, self.frame, self._step = self.words(self.dataset("trials/phase", "u", 1), "names"), step / 1e3, step
        self.windows = self._windows()
        self._table = TrialTable(self, len(self.phases), step, self._first)
        data = [self._data(info.name) for info in self.populations]
        self.variable, self.units = (self.attribute(data[0], key, str) for key in ("variable", "units"))
        self.edges = self._edges(data[0])
        kept = self.group("spikes") if "spikes" in self._file else ()
        self.spiking = tuple(info.name for info in self.populations if info.name in kept)
        self._tables: dict[str, SpikeTable] = {}

    def _windows(self) -> tuple[float, ...]:
        phase = self.dataset("trials/phase", "u", 1)
        if "windows" not in phase.attrs:
            return (math.inf,) * len(self.phases)
        stored = phase.attrs.get_id("windows")
        if stored.dtype.kind != "f" or stored.shape != (len(self.phases),) or not (phase.attrs["windows"] > 0).all():
            raise self._refuse("the windows of its phases are no times")
        return tuple((phase.attrs["windows"] / 1e3).tolist())

    def _edges(self, data: h5py.Dataset) -> NDArray[np.float64] | None:
        if "edges" not in data.attrs:
            return None
        stored = data.attrs.get_id("edges")
        if stored.dtype.kind != "f" or len(stored.shape) != 1 or not are_edges(data.attrs["edges"]):
            raise self._refuse("the edges of its bins are not in order")
        return np.asarray(data.attrs["edges"], dtype=np.float64)

    def population(self, name: str) -> PopulationInfo:
        """Return who was recorded under a name.

        Raises:
            RecordError: for an unknown name, with the nearest known one.
        """
        known = {info.name: info for info in self.populations}
        if name not in known:
            raise RecordError(f"{self.path} holds no population {name!r}; {nearest(name, known)}")
        return known[name]

    def _data(self, population: str) -> h5py.Dataset:
        columns = len(self.population(population).recorded)
        data = self.dataset(f"report/{population}/data", "f", 2)
        if data.shape[0] < self._table.rows or data.shape[1] != columns:
            raise RecordError(f"{self.path}: {population!r} lacks data (it has {data.shape}); restore a copy or run again.")
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
        first, time = self._spans(phase, epoch, trials)
        with self._reading():
            return gather(self._data(population), first, time)

    def block(self, population: str, trials: slice, times: slice, neurons: slice) -> NDArray[np.float32]:
        """Return a block of what ``frames`` returns of all phases, (trial, time, neuron), reading little more than that.

        Raises:
            RecordError: as ``frames`` does.
        """
        first, time = self._spans(None, None, None)
        steps = range(time)[times]
        earliest, count = (min(steps), max(steps) - min(steps) + 1) if steps else (0, 0)
        with self._reading():
            found = gather(self._data(population), first[trials] + earliest, count, neurons)
        return found[:, :: steps.step]

    def _spans(self, phase: str | None, epoch: float | None, trials: slice | None) -> tuple[NDArray[np.int64], int]:
        """Return the first row of each chosen trial, (trial,), and how many rows each has."""
        if phase is not None and phase not in self.phases:
            raise RecordError(f"{self.path} holds no phase {phase!r}; {nearest(phase, self.phases)}")
        return self._table.spans(None if phase is None else self.phases.index(phase), epoch, trials)

    def spikes(self, population: str, phase: str | None = None, epoch: float | None = None, trials: slice | None = None) -> Spikes:
        """Return recorded spikes, chosen as ``frames`` chooses: (trial, time, neuron), each (spike,).

        Raises:
            RecordError: for a population without recorded spikes, an unknown phase, trials that differ in duration, or a damaged
                file.
        """
        blocks = list(self.spike_chunks(population, phase, epoch, trials))
        nothing = Spikes(np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64))
        return Spikes(*(np.concatenate(each) for each in zip(nothing, *blocks, strict=True)))

    def spike_chunks(
        self, population: str, phase: str | None = None, epoch: float | None = None, trials: slice | None = None
    ) -> Iterator[Spikes]:
        """Yield what ``spikes`` returns in parts, so that memory holds one at a time."""
        first, time = self._spans(phase, epoch, trials)
        table = self.spike_table(population)
        blocks = table.within((self._first + first) * self._step, time * self._step)
        while True:
            with self._reading():
                block = next(blocks, None)
            if block is None:
                return
            yield block

    def spike_table(self, population: str) -> SpikeTable:
        """Return the spikes of a population as the file holds them, checked when they are first asked for."""
        if population not in self.spiking:
            raise RecordError(f"{self.path} holds no spikes of {population!r}; {nearest(population, self.spiking)}")
        with self._reading():
            if population not in self._tables:
                self._tables[population] = SpikeTable(self, self.population(population))
        return self._tables[population]

    @property
    def rows(self) -> int:
        """How many rows were recorded: frames of all trials, one after the other."""
        return self._table.rows

    @property
    def end(self) -> tuple[int, int]:
        """How many rows and trials there are with those of the files that this one continues."""
        numbers = self._table.columns["trial"]
        return self._first + self.rows, int(numbers[-1]) + 1 if len(numbers) else 0

    def follows(self, rows: int, trials: int) -> bool:
        """Return whether this file continues others that hold so many rows and trials."""
        numbers = self._table.columns["trial"]
        return self._first == rows and (len(numbers) == 0 or int(numbers[0]) == trials)

    def require_growing(self, tables: Mapping[str, tuple[str, int]]) -> None:
        """Refuse datasets, of given types (NumPy kinds) and dimensions, to which nothing can be appended, or not in this file."""
        with self._reading():
            for name, kind in tables.items():
                self._require_honest(name, None if self.dataset(name, *kind).maxshape[0] is None else "cannot grow")

    def chunks(self, population: str, rows: int = BLOCK) -> Iterator[NDArray[np.float32]]:
        """Yield all recorded rows in order, at most ``rows`` at a time: (row, neuron)."""
        for first in range(0, self.rows, rows):
            yield self.chunk(population, slice(first, min(first + rows, self.rows)))

    def chunk(self, population: str, rows: slice, neurons: slice = slice(None)) -> NDArray[np.float32]:
        """Return some recorded rows: (row, neuron)."""
        with self._reading():
            return np.asarray(self._data(population)[rows, neurons], dtype=np.float32)
