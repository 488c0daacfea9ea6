"""CSV: a run as tidy tables, a folder of plain text: every column a variable, every row an observation.

=============================  ===================================================================================
file                           columns
=============================  ===================================================================================
``trials.csv``                 ``trial``, ``epoch``, ``label`` (−1: none), ``stimulus``
``neurons.csv``                ``population``, ``neuron``, ``area``, ``role``, ``cell_type``, ``sign`` (0: unsigned)
``activity_<pop>.csv``         ``trial``, ``phase``, ``time``, ``neuron``, ``activity``
``spikes_<pop>.csv``           ``trial``, ``phase``, ``time``, ``neuron``
``potential_trials.csv``       as ``trials.csv``; potentials are kept of fewer trials, which are counted apart
``potential_<pop>.csv``        ``trial``, ``phase``, ``time``, ``neuron``, ``potential``
``weights_<projection>.csv``   ``snapshot``, ``epoch``, ``post``, ``pre``, ``weight``; of the synapses that exist
``metrics.csv``                those of ``OpenedRun.metrics``
=============================  ===================================================================================

``trial``, ``neuron``, ``post`` and ``pre`` count from 0; ``time`` is in seconds since the trial began. A number has as many
digits as give the same number back. What a run did not record has no file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from bio_fa.io.opened_run import OpenedRun

BLOCK = 1 << 18
"""Rows of a table that memory holds at a time, about."""


def write(run: OpenedRun, folder: Path) -> None:
    """Write the tables of a run into a new folder.

    Raises:
        RecordError: for a damaged file.
        OSError: when the disk refuses.
    """
    folder.mkdir()
    run.metrics.reset_index().to_csv(folder / "metrics.csv", index=False)
    if run.folder.activity.exists():
        recorded = {name: run.activity(name) for name in run.populations}
        _write(folder / "neurons.csv", map(_neurons, recorded.values()))
        _write_frames(folder, "trials.csv", recorded)
        for name in run.spiking:
            _write(folder / f"spikes_{name}.csv", _spikes(run.spikes(name)))
    if run.folder.potential.exists():
        _write_frames(folder, "potential_trials.csv", {name: run.potential(name) for name in run.probed})
    if run.folder.weights.exists():
        for name in run.projections:
            _write(folder / f"weights_{name}.csv", _synapses(run.weights(name)))


def _write_frames(folder: Path, trials: str, recorded: dict[str, xr.DataArray]) -> None:
    """Write which trials were recorded, and what each population showed in them."""
    one = next(iter(recorded.values()))
    labels = {key: one[key].values for key in ("epoch", "label", "stimulus")}
    _write(folder / trials, [pd.DataFrame({"trial": np.arange(one.sizes["trial"]), **labels})])
    for name, frames in recorded.items():
        _write(folder / f"{frames.attrs['variable']}_{name}.csv", _frames(frames))


def _write(path: Path, tables: Iterable[pd.DataFrame]) -> None:
    """Write tables of the same columns as one."""
    with path.open("w", encoding="utf-8", newline="") as file:
        for number, table in enumerate(tables):
            table.to_csv(file, header=number == 0, index=False)


def _neurons(frames: xr.DataArray) -> pd.DataFrame:
    kind = {key: frames.attrs[key] for key in ("area", "role", "cell_type", "sign")}
    return pd.DataFrame({"population": frames.name, "neuron": np.arange(frames.sizes["neuron"]), **kind})


def _frames(frames: xr.DataArray) -> Iterator[pd.DataFrame]:
    trials, times, neurons = frames.shape
    together = max(1, BLOCK // max(1, times * neurons))
    for first in range(0, max(1, trials), together):
        values = frames[first : first + together].values
        trial, time, neuron = np.indices(values.shape).reshape(3, -1)
        place = {"trial": first + trial, "phase": frames["phase"].values[time], "time": frames["time"].values[time]}
        yield pd.DataFrame({**place, "neuron": neuron, frames.attrs["variable"]: values.reshape(-1)})


def _spikes(spikes: xr.Dataset) -> Iterator[pd.DataFrame]:
    for first in range(0, max(1, spikes.sizes["spike"]), BLOCK):
        some = spikes.isel(spike=slice(first, first + BLOCK))
        yield pd.DataFrame({key: some[key].values for key in ("trial", "phase", "time", "neuron")})


def _synapses(weights: xr.DataArray) -> Iterator[pd.DataFrame]:
    post, pre = np.nonzero(weights["exists"].values)
    for each in weights:
        ends = {"snapshot": each["snapshot"].item(), "epoch": each["epoch"].item(), "post": post, "pre": pre}
        yield pd.DataFrame({**ends, "weight": each.values[post, pre]})
