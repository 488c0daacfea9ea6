"""Labelled: a record's frames, spikes and weights as xarray's arrays, each of whose axes and places on them has a name.

The arrays are lazy: h5py reads, through the checks of the readers, the block that is selected when its values are used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

import numpy as np
import xarray as xr
from numpy.typing import DTypeLike, NDArray
from xarray.backends import BackendArray
from xarray.core.indexing import ExplicitIndexer, IndexingSupport, LazilyIndexedArray, explicit_indexing_adapter

from bio_fa.errors import RecordError
from bio_fa.io.activity import ActivityReader
from bio_fa.io.names import require_names
from bio_fa.io.weights import WeightsReader


def frames(reader: ActivityReader, population: str) -> xr.DataArray:
    """Return what a population's frames hold: (trial, time, neuron), as ``OpenedRun.activity`` describes it.

    Raises:
        RecordError: for an unknown population, trials that differ in their phases, or a damaged file.
    """
    info, axis = reader.population(population), TrialAxis(reader)
    require_names([reader.variable], "variable")
    reader.chunk(population, slice(0))  # refuses trials that claim more rows than there are
    phase = axis.frame_phases()
    coordinates = {
        **{key: ("trial", values) for key, values in axis.labels.items()},
        "phase": ("time", phase),
        "time": ("time", np.arange(len(phase)) * reader.frame, {"units": "s"}),
        "neuron": info.recorded,
        **_bins(reader, len(phase)),
    }
    values = _unread(
        "trial time neuron",
        (axis.trials, len(phase), len(info.recorded)),
        np.float32,
        lambda trial, time, neuron: reader.block(population, trial, time, neuron),
    )
    kind = {"area": info.area, "role": info.role, "cell_type": info.cell_type, "sign": info.sign or 0}
    said = {"variable": reader.variable, "units": reader.units, **kind}
    return xr.DataArray(values, coordinates, name=population, attrs=said).set_xindex("phase").set_xindex("epoch")


def _bins(reader: ActivityReader, rows: int) -> dict[str, tuple[str, NDArray[np.float64]]]:
    """Return the centre of each row's bin, of histograms; of other frames nothing.

    Raises:
        RecordError: for phases that have not a row for each bin.
    """
    if reader.edges is None:
        return {}
    centres = (reader.edges[:-1] + reader.edges[1:]) / 2
    if rows % len(centres):
        raise RecordError(f"{reader.path}: phases do not have a row for each of the {len(centres)} bins; restore a copy.")
    return {"bin": ("time", np.tile(centres, rows // len(centres)))}


def spikes(reader: ActivityReader, population: str) -> xr.Dataset:
    """Return a population's spikes: (spike,), as ``OpenedRun.spikes`` describes them.

    Raises:
        RecordError: for a population without recorded spikes or a damaged file.
    """
    axis, count = TrialAxis(reader), len(reader.spike_table(population))

    def of_entry(column: NDArray[Any]) -> xr.Variable:
        return _unread("spike", (count,), column.dtype, lambda rows: column[axis.entries(times(rows))])

    def times(rows: slice) -> NDArray[np.float64]:
        return reader.spike_table(population).rows(rows)[0]

    def since(rows: slice) -> NDArray[np.float64]:
        """Return the seconds since each spike's trial began, a whole number of time steps."""
        moments, dt = times(rows), reader.spike_table(population).dt
        return np.asarray(np.rint((moments - axis.begins[axis.entries(moments)]) / dt) * dt / 1e3)

    def neurons(rows: slice) -> NDArray[np.int64]:
        return reader.spike_table(population).rows(rows)[1]

    time = _unread("spike", (count,), np.float64, since)
    time.attrs["units"] = "s"
    own = {"trial": of_entry(axis.place), "time": time, "neuron": _unread("spike", (count,), np.int64, neurons)}
    return xr.Dataset(own | {key: of_entry(axis.columns[key]) for key in ("phase", "epoch", "label")})


def weights(reader: WeightsReader, projection: str) -> xr.DataArray:
    """Return a projection's magnitudes: (snapshot, post, pre), as ``OpenedRun.weights`` describes them.

    Raises:
        RecordError: for an unknown projection or a damaged file.
    """
    exists, info = reader.mask(projection), reader.synapse(projection)
    names = [each.name for each in reader.snapshots]
    dtype = reader.weights(names[0], projection).dtype if names else np.float32

    def stacked(snapshot: slice, post: slice, pre: slice) -> NDArray[Any]:
        found = [reader.weights(name, projection) for name in names[snapshot]]
        if any(each.shape != exists.shape for each in found):
            raise RecordError(f"{reader.path}: the weights of {projection!r} and its mask differ in shape; restore a copy.")
        return np.array([each[post, pre] for each in found], dtype).reshape(-1, *exists[post, pre].shape)

    coordinates = {
        "snapshot": names,
        "epoch": ("snapshot", [each.epoch for each in reader.snapshots]),
        "step": ("snapshot", [each.step for each in reader.snapshots]),
        "exists": (("post", "pre"), exists),
    }
    ends = {"pre": info.pre, "post": info.post, "compartment": info.compartment}
    said = {**ends, "sign": info.sign or 0, "plastic": info.plastic, "density": info.density}
    return xr.DataArray(
        _unread("snapshot post pre", (len(names), *exists.shape), dtype, stacked), coordinates, name=projection, attrs=said
    )


@final
class TrialAxis:
    """The trials of a record in order, and to which of them a moment belongs."""

    def __init__(self, reader: ActivityReader) -> None:
        table = reader.trials()
        self._reader, self._start = reader, table["start_time"]
        _, first, self.place = np.unique(table["trial"], return_index=True, return_inverse=True)
        """The place of each entry's trial."""
        self.trials = len(first)
        self.begins = self._start[first][self.place]
        """When each entry's trial began, ms."""
        self.columns = {**table, "phase": np.array(reader.phases)[table["phase"]]}
        """The columns of ``/trials``, one value for each phase of each trial, phases by name."""
        self.labels = {key.removesuffix("_id"): table[key][first] for key in ("epoch", "label", "stimulus_id")}
        """What is known of each trial: (trial,)."""

    def entries(self, moments: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return to which entry of ``/trials`` each moment belongs; moments are in ms on the file's time axis.

        Raises:
            RecordError: for moments without trials.
        """
        if len(moments) and not self.trials:
            raise RecordError(f"{self._reader.path}: there are spikes but no trials; restore a copy or run again.")
        return np.searchsorted(self._start, moments, side="right") - 1

    def frame_phases(self) -> NDArray[np.str_]:
        """Return the phase of each frame of a trial: (time,).

        Raises:
            RecordError: when trials differ in their phases.
        """
        if not self.trials:
            return np.zeros(0, "U1")
        durations = self.columns["stop_time"] - self._start
        frames = np.rint(durations / (1e3 * self._reader.frame)).astype(np.int64)
        entries = np.count_nonzero(self.place == 0)
        for column in (self.columns["phase"], frames):
            if not np.array_equal(np.tile(column[:entries], self.trials), column):
                raise RecordError(f"{self._reader.path}: trials differ in their phases; read them with ActivityReader.frames.")
        return np.repeat(self.columns["phase"][:entries], frames[:entries])


def _unread(dims: str, shape: tuple[int, ...], dtype: DTypeLike, read: Callable[..., NDArray[Any]]) -> xr.Variable:
    """Return an array whose blocks ``read`` returns, given a slice of each dimension."""
    return xr.Variable(dims.split(), LazilyIndexedArray(_Unread(shape, dtype, read)))


@final
class _Unread(BackendArray):
    """An array of a file, read block by block."""

    def __init__(self, shape: tuple[int, ...], dtype: DTypeLike, read: Callable[..., NDArray[Any]]) -> None:
        self.shape, self.dtype, self._read = shape, np.dtype(dtype), read

    def __getitem__(self, key: ExplicitIndexer) -> Any:
        return explicit_indexing_adapter(key, self.shape, IndexingSupport.BASIC, self._block)

    def _block(self, key: tuple[Any, ...]) -> NDArray[Any]:
        """Return what a key of slices and single places cuts out; a single place ends its dimension."""
        block = self._read(*(each if isinstance(each, slice) else slice(each, each + 1) for each in key))
        return np.asarray(block[tuple(slice(None) if isinstance(each, slice) else 0 for each in key)])
