"""NWB: a run as a file of Neurodata Without Borders, written by pynwb so that its schema holds.

==========================  ============================================================================================
object                      holds
==========================  ============================================================================================
``units``                   every recorded neuron that spikes: spike times in seconds, when it was observed, ``population``,
                            ``node_id``, ``cell_type``, ``area``; ``resolution`` is the time step
``acquisition/<pop>``       activity of a population: (time, neuron), in the record's own unit; ``comments`` say which neurons
                            were recorded, where not all were
``intervals/trials``        each phase of each trial: ``phase``, ``trial``, ``label`` (−1: none), ``stimulus_id``, ``epoch``
``intervals/epochs``        the same, for readers that know epochs only
==========================  ============================================================================================

Time is the axis of ``activity.h5``, in seconds: test trials follow each other. What has other trials, those of learning and other
variables, is not in it. ``session_start_time`` is when the run began.

Choice: units are whole columns, 20 times as fast as unit by unit, and not packed: of times in seconds gzip spares a quarter of the
room, and takes as long as all the rest. Frames are in ``acquisition`` and there are no keywords, because Neo reads the former and
stumbles over the latter. There is a ``subject`` only if the configuration names a ``species``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from hdmf.common import ElementIdentifiers, VectorData, VectorIndex
from hdmf.data_utils import GenericDataChunkIterator
from numpy.typing import NDArray
from pynwb import NWBHDF5IO, NWBFile, TimeSeries
from pynwb.epoch import TimeIntervals
from pynwb.file import Subject
from pynwb.misc import Units

from bio_fa.errors import RecordError
from bio_fa.io.activity import ActivityReader, PopulationInfo
from bio_fa.io.hdf5 import BOUNDS
from bio_fa.io.opened_run import OpenedRun

ANY_AGE = "P0D/"
"""At least 0 days, as NWB writes it: archives want an age, and a simulation has none."""
ABOUT_ENTRIES = {
    "phase": "Phase of the trial.",
    "trial": "Number of the trial, from 0; the phases of a trial share it.",
    "label": "Class of the stimulus; -1: none.",
    "stimulus_id": "Number of the stimulus, from 0.",
    "epoch": "Epochs of learning before the trial.",
}
ABOUT_UNITS = {
    "population": "Population of the neuron.",
    "node_id": "Number of the neuron in its population, from 0.",
    "cell_type": "E: excitatory, I: inhibitory, U: unsigned.",
    "area": "Cortical area of the model.",
}


def write(run: OpenedRun, path: Path) -> None:
    """Write a run as a new NWB file.

    Raises:
        RecordError: when the run recorded no activity or does not say when it began, or for a damaged file.
    """
    reader, file = run.reader(), _session(run)
    for info in reader.populations:
        file.add_acquisition(_frames(reader, info))
    if reader.spiking:
        file.units = _units(reader)
    file.trials = _entries(reader, "trials")
    file.epochs = _entries(reader, "epochs")
    with h5py.File(path, "x", libver=BOUNDS) as stored, NWBHDF5IO(file=stored, mode="w") as output:
        output.write(file)


def _session(run: OpenedRun) -> NWBFile:
    """Return the file with what is known of the run as a whole; the same record has the same identifier."""
    said, origin = run.description, run.description.get("provenance") or {}
    with run.folder.activity.open("rb") as record:
        identity = hashlib.file_digest(record, "sha256").hexdigest()
    name = str(said.get("name"))
    return NWBFile(
        session_description=f"Simulation of the cortical circuit {said.get('model')}; there was no animal.",
        identifier=identity,
        session_start_time=_began(run, origin),
        session_id=name,
        experiment_description=f"{name}: {said.get('learning')} learning, seed {said.get('seed')}.",
        source_script=json.dumps(run.config or run.circuit),
        source_script_file_name="config.toml" if run.config else "circuit.json",
        was_generated_by=[["bio_fa", str(origin.get("bio_fa", "unknown"))]],
        subject=_subject(run.config, name),
    )


def _began(run: OpenedRun, origin: Mapping[str, Any]) -> datetime:
    try:
        return datetime.fromisoformat(origin["created"])
    except (LookupError, TypeError, ValueError) as error:
        raise RecordError(f"{run.folder.run} does not say when the run began, which NWB requires; run it again.") from error


def _subject(config: Mapping[str, Any], name: str) -> Subject | None:
    """Return the modelled species as a subject, if the configuration names one: none is invented."""
    if not isinstance(config.get("species"), str):
        return None
    about = "No animal: a simulation of the species' cortex."
    return Subject(subject_id=f"simulation_{name}", species=config["species"], sex="U", age=ANY_AGE, description=about)


class _Rows(GenericDataChunkIterator):  # type: ignore[misc]
    """The frames of a population, read as they are written."""

    def __init__(self, reader: ActivityReader, info: PopulationInfo) -> None:
        self._reader, self._info = reader, info
        super().__init__()

    def _get_data(self, selection: tuple[slice, ...]) -> NDArray[np.float32]:
        return self._reader.chunk(self._info.name, *selection)

    def _get_maxshape(self) -> tuple[int, int]:
        return self._reader.rows, len(self._info.recorded)

    def _get_dtype(self) -> np.dtype[np.float32]:
        return np.dtype(np.float32)


def _frames(reader: ActivityReader, info: PopulationInfo) -> TimeSeries:
    of_some = f"The columns are the neurons {', '.join(map(str, info.recorded))} of {info.size}, counted from 0."
    return TimeSeries(
        name=info.name,
        description=f"{reader.variable.capitalize()} of population {info.name}: (time, neuron).",
        data=_Rows(reader, info),
        comments="no comments" if info.neurons is None else of_some,
        unit=reader.units,
        starting_time=0.0,
        rate=1 / reader.frame,
    )


def _units(reader: ActivityReader) -> Units:
    """Return the recorded neurons that spike, population by population."""
    infos = [reader.population(name) for name in reader.spiking]
    times, counts = (np.concatenate(each) for each in zip(*(_by_neuron(reader, info) for info in infos), strict=True))
    observed = np.tile([[0.0, reader.rows * reader.frame]], (len(counts), 1))
    sizes = [len(info.recorded) for info in infos]
    own = {
        "population": np.repeat([info.name for info in infos], sizes).tolist(),
        "node_id": np.concatenate([info.recorded for info in infos]),
        "cell_type": np.repeat([info.cell_type for info in infos], sizes).tolist(),
        "area": np.repeat([info.area for info in infos], sizes).tolist(),
    }
    return Units(
        name="units",
        description="Simulated neurons that spike.",
        id=ElementIdentifiers(name="id", data=np.arange(len(counts))),
        columns=[
            *_ragged("spike_times", "Spike times, s.", times, counts),
            *_ragged("obs_intervals", "When the neuron was simulated, s.", observed, np.ones(len(counts), int)),
            *_columns(own, ABOUT_UNITS),
        ],
        colnames=["spike_times", "obs_intervals", *own],
        resolution=reader.spike_table(infos[0].name).dt / 1e3,
    )


def _by_neuron(reader: ActivityReader, info: PopulationInfo) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return spike times in seconds, neuron by neuron and in order within each, and how many each recorded neuron has."""
    times, neurons = reader.spike_table(info.name).rows(slice(None))
    small = neurons.astype(np.min_scalar_type(info.size))  # NumPy sorts short numbers several times as fast
    return times[np.argsort(small, kind="stable")] / 1e3, np.bincount(neurons, minlength=info.size)[info.recorded]


def _ragged(name: str, about: str, values: Any, counts: NDArray[np.int64]) -> tuple[VectorData, VectorIndex]:
    """Return a column whose rows have so many values each: their values, and where each row ends."""
    data = VectorData(name=name, description=about, data=values)
    return data, VectorIndex(name=f"{name}_index", data=np.cumsum(counts).astype(np.uint64), target=data)


def _columns(values: Mapping[str, Any], about: Mapping[str, str]) -> list[VectorData]:
    return [VectorData(name=name, description=about[name], data=column) for name, column in values.items()]


def _entries(reader: ActivityReader, name: str) -> TimeIntervals:
    """Return the phases of trials; times in seconds."""
    table = reader.trials()
    times = {key: table[key] / 1e3 for key in ("start_time", "stop_time")}
    own = {key: table[key] for key in ABOUT_ENTRIES} | {"phase": [reader.phases[each] for each in table["phase"]]}
    spans = {"start_time": "Beginning, s.", "stop_time": "End, s."}
    tags = _ragged("tags", "Phase of the trial, again.", own["phase"], np.ones(len(table["trial"]), int))
    return TimeIntervals(
        name=name,
        description="Each phase of each trial.",
        id=ElementIdentifiers(name="id", data=np.arange(len(table["trial"]))),
        columns=[*_columns(times | own, spans | ABOUT_ENTRIES), *tags],
        colnames=[*times, *own, "tags"],
    )
