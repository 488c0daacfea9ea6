"""Failure aimed at: a record of some neurons that the field's readers take for one of others.

The truth is what was given to the writer; each reader is asked for neurons by their number in the population.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bio_fa import formats
from tests.analysis.synthetic_run import SIZES
from tests.readers.recorded import Recorded, record_run

WHY = "{} is missing; pip install 'bio_fa[readers]'"
CHOSEN = {"V0_E": (0, 19), "V1_E": (1, 4, 17, 39), "V1_I": (2,)}
SPIKING = ("V1_E", "V1_I")


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """A run of which some neurons were recorded."""
    return record_run(tmp_path_factory.mktemp("chosen") / "run", chosen=CHOSEN)


@pytest.fixture(scope="module")
def exported(chosen: Recorded) -> dict[str, Path]:
    """The run in formats that need no package."""
    return {to: formats.write(chosen.path, to) for to in ("csv", "sonata")}


def who(name: str) -> list[int]:
    """Return who of a population was recorded."""
    return list(CHOSEN.get(name, range(SIZES[name])))


@pytest.mark.parametrize("name", SIZES)
def test_libsonata_reads_the_frames_of_each_neuron(chosen: Recorded, name: str) -> None:
    libsonata = pytest.importorskip("libsonata", reason=WHY.format("libsonata"))
    report = libsonata.ElementReportReader(str(chosen.path / "activity.h5"))[name]
    assert report.get_node_ids() == who(name)
    for column, neuron in enumerate(who(name)):
        assert np.array_equal(report.get(node_ids=[neuron]).data[:, 0], chosen.frames[name][:, column])
    assert libsonata.NodeStorage(str(chosen.path / "activity.h5")).open_population(name).size == SIZES[name]


@pytest.mark.parametrize("name", SPIKING)
def test_libsonata_reads_the_spikes(chosen: Recorded, name: str) -> None:
    libsonata = pytest.importorskip("libsonata", reason=WHY.format("libsonata"))
    found = libsonata.SpikeReader(str(chosen.path / "activity.h5"))[name].get_dict()
    assert np.array_equal(found["node_ids"], chosen.neurons[name])
    assert set(found["node_ids"]) <= set(who(name))


@pytest.mark.parametrize("name", SIZES)
def test_libsonata_reads_who_was_recorded_from_the_simulation(exported: dict[str, Path], name: str) -> None:
    libsonata = pytest.importorskip("libsonata", reason=WHY.format("libsonata"))
    simulation = libsonata.SimulationConfig.from_file(str(exported["sonata"] / "simulation_config.json"))
    nodes = libsonata.NodeStorage(str(exported["sonata"] / "nodes.h5")).open_population(name)
    sets = libsonata.NodeSets.from_file(simulation.node_sets_file)
    assert sets.materialize(simulation.report("activity").cells, nodes).flatten().tolist() == who(name)


@pytest.mark.parametrize("name", SIZES)
def test_bmtk_reads_the_frames_of_each_neuron(chosen: Recorded, name: str) -> None:
    reports = pytest.importorskip("bmtk.utils.reports", reason=WHY.format("bmtk"))
    report = reports.CompartmentReport(str(chosen.path / "activity.h5"), "r")
    assert report.node_ids(population=name).tolist() == who(name)
    for column, neuron in enumerate(who(name)):
        assert np.array_equal(np.ravel(report.data(population=name, node_id=neuron)), chosen.frames[name][:, column])


@pytest.mark.parametrize("name", SPIKING)
def test_bmtk_reads_the_spikes_of_each_neuron(chosen: Recorded, name: str) -> None:
    reports = pytest.importorskip("bmtk.utils.reports", reason=WHY.format("bmtk"))
    trains = reports.SpikeTrains.load(str(chosen.path / "activity.h5"), file_type="h5")
    for neuron in who(name):
        expected = 1e3 * chosen.times(name, neuron)
        np.testing.assert_allclose(trains.get_times(neuron, population=name), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", SIZES)
def test_xarray_reads_the_frames_and_whose_they_are(chosen: Recorded, name: str) -> None:
    xarray = pytest.importorskip("xarray", reason="xarray is missing")
    pytest.importorskip("h5netcdf", reason=WHY.format("h5netcdf"))
    settings = {"engine": "h5netcdf", "phony_dims": "sort", "decode_times": False}
    for group, key, expected in ((name, "data", chosen.frames[name]), (f"{name}/mapping", "node_ids", who(name))):
        with xarray.open_dataset(chosen.path / "activity.h5", group=f"report/{group}", **settings) as found:
            assert np.array_equal(found[key], expected)


def test_pynwb_reads_the_spikes_of_each_neuron_and_whose_the_frames_are(chosen: Recorded) -> None:
    pynwb = pytest.importorskip("pynwb", reason=WHY.format("pynwb"))
    path = formats.write(chosen.path, "nwb")
    assert pynwb.validate(path=str(path)) == []
    with pynwb.NWBHDF5IO(str(path), "r") as opened:
        file = opened.read()
        units = [(name, neuron) for name in SPIKING for neuron in who(name)]
        assert list(zip(file.units["population"][:], file.units["node_id"][:], strict=True)) == units
        for unit, (name, neuron) in enumerate(units):
            np.testing.assert_allclose(file.units["spike_times"][unit], chosen.times(name, neuron), rtol=0, atol=1e-12)
        for name, frames in chosen.frames.items():
            assert np.array_equal(file.acquisition[name].data[:], frames)
        assert file.acquisition["V1_E"].comments == "The columns are the neurons 1, 4, 17, 39 of 40, counted from 0."
        assert file.acquisition["V2_E"].comments == "no comments"


@pytest.mark.parametrize("name", CHOSEN)
def test_tables_name_each_neuron(chosen: Recorded, exported: dict[str, Path], name: str) -> None:
    table = pd.read_csv(exported["csv"] / f"activity_{name}.csv", dtype={"activity": np.float32})
    for column, neuron in enumerate(who(name)):
        assert np.array_equal(table["activity"][table["neuron"] == neuron], chosen.frames[name][:, column])
    neurons = pd.read_csv(exported["csv"] / "neurons.csv")
    assert neurons["neuron"][neurons["population"] == name].tolist() == who(name)


def test_the_node_sets_list_neurons_only_where_not_all_were_recorded(exported: dict[str, Path]) -> None:
    sets: dict[str, Any] = json.loads((exported["sonata"] / "node_sets.json").read_text())
    assert sets["test_activity_V1_E"] == {"population": "V1_E", "node_id": [1, 4, 17, 39]}
    assert sets["test_activity_V2_E"] == {"population": "V2_E"}
    assert sets["test_activity"] == [f"test_activity_{name}" for name in SIZES]
