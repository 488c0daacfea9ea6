"""CSV: a run as tidy tables, a folder of plain text: every column a variable, every row an observation.

=============================  ===================================================================================
file                           columns
=============================  ===================================================================================
``trials.csv``                 ``trial``, ``epoch``, ``label`` (−1: none), ``stimulus``
``neurons.csv``                ``population``, ``neuron``, ``area``, ``role``, ``cell_type``, ``sign`` (0: unsigned); of
                               the neurons whose activity was recorded
``activity_<pop>.csv``         ``trial``, ``phase``, ``time``, ``neuron``, ``activity``
``spikes_<pop>.csv``           ``trial``, ``phase``, ``time``, ``neuron``
``<variable>_trials.csv``      as ``trials.csv``, of every other variable, such as ``potential``: it may be kept of fewer
                               trials, which are counted apart
``<variable>_<pop>.csv``       ``trial``, ``phase``, ``time``, ``neuron``, ``<variable>``
``learning_…``                 the same of trials of learning
``weights_<projection>.csv``   ``snapshot``, ``epoch``, ``post``, ``pre``, ``weight``; of the synapses that exist
``metrics.csv``                those of ``OpenedRun.metrics``
=============================  ===================================================================================

``trial``, ``neuron``, ``post`` and ``pre`` count from 0; ``time`` is in seconds since the trial began. A number has as many
digits as give the same number back. Histograms have ``bin``, its centre, for ``time``. What a run did not record has no file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from bio_fa.io.opened_run import OpenedRun, Trials

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
    if "activity" in run.variables():
        _write(folder / "neurons.csv", (_neurons(run.activity(name)) for name in run.populations))
    _write_record(run, folder, "test", "")
    _write_record(run, folder, "learning", "learning_")
    if run.folder.weights.exists():
        for name in run.projections:
            _write(folder / f"weights_{name}.csv", _synapses(run.weights(name)))


def _write_record(run: OpenedRun, folder: Path, trials: Trials, before: str) -> None:
    """Write what was recorded of test trials, or of those of learning, whose tables have ``before`` before their names."""
    for variable in run.variables(trials):
        reader = run.reader(variable, trials)
        recorded = {info.name: run.frames(info.name, variable, trials) for info in reader.populations}
        counted = before if variable == "activity" else f"{before}{variable}_"
        _write(folder / f"{counted}trials.csv", [_trials(next(iter(recorded.values())))])
        for name, frames in recorded.items():
            _write(folder / f"{before}{variable}_{name}.csv", _frames(frames))
        for name in reader.spiking:
            _write(folder / f"{before}spikes_{name}.csv", _spikes(run.spikes(name, trials)))


def _trials(frames: xr.DataArray) -> pd.DataFrame:
    labels = {key: frames[key].values for key in ("epoch", "label", "stimulus")}
    return pd.DataFrame({"trial": np.arange(frames.sizes["trial"]), **labels})


def _write(path: Path, tables: Iterable[pd.DataFrame]) -> None:
    """Write tables of the same columns as one."""
    with path.open("w", encoding="utf-8", newline="") as file:
        for number, table in enumerate(tables):
            table.to_csv(file, header=number == 0, index=False)


def _neurons(frames: xr.DataArray) -> pd.DataFrame:
    kind = {key: frames.attrs[key] for key in ("area", "role", "cell_type", "sign")}
    return pd.DataFrame({"population": frames.name, "neuron": frames["neuron"].values, **kind})


def _frames(frames: xr.DataArray) -> Iterator[pd.DataFrame]:
    trials, times, neurons = frames.shape
    together = max(1, BLOCK // max(1, times * neurons))
    along = "bin" if "bin" in frames.coords else "time"
    for first in range(0, max(1, trials), together):
        values = frames[first : first + together].values
        trial, time, neuron = np.indices(values.shape).reshape(3, -1)
        place = {"trial": first + trial, "phase": frames["phase"].values[time], along: frames[along].values[time]}
        yield pd.DataFrame({**place, "neuron": frames["neuron"].values[neuron], frames.attrs["variable"]: values.reshape(-1)})


def _spikes(spikes: xr.Dataset) -> Iterator[pd.DataFrame]:
    for first in range(0, max(1, spikes.sizes["spike"]), BLOCK):
        some = spikes.isel(spike=slice(first, first + BLOCK))
        yield pd.DataFrame({key: some[key].values for key in ("trial", "phase", "time", "neuron")})


def _synapses(weights: xr.DataArray) -> Iterator[pd.DataFrame]:
    post, pre = np.nonzero(weights["exists"].values)
    for each in weights:
        ends = {"snapshot": each["snapshot"].item(), "epoch": each["epoch"].item(), "post": post, "pre": pre}
        yield pd.DataFrame({**ends, "weight": each.values[post, pre]})
