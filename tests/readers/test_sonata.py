"""Failure aimed at: a record that the field's readers of SONATA and HDF5 refuse, or read as other spikes, rates or weights.

The truth is what was given to the writer; libsonata, bmtk, xarray and h5dump are asked what they find.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.analysis.synthetic_run import SIGNS, SIZES
from tests.readers.recorded import DT, SPIKING, STEPS, Recorded

WHY = "{} is missing; pip install 'bio_fa[readers]'"
PLASTIC = "V1_E_to_V2_E"


@pytest.mark.parametrize("name", SPIKING)
def test_libsonata_reads_the_spikes(recorded: Recorded, name: str) -> None:
    libsonata = pytest.importorskip("libsonata", reason=WHY.format("libsonata"))
    found = libsonata.SpikeReader(str(recorded.path / "activity.h5"))[name].get_dict()
    assert np.array_equal(found["node_ids"], recorded.neurons[name])
    np.testing.assert_allclose(found["timestamps"], 1e3 * recorded.times(name), rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", SIZES)
def test_libsonata_reads_the_frames_and_the_neurons(recorded: Recorded, name: str) -> None:
    libsonata = pytest.importorskip("libsonata", reason=WHY.format("libsonata"))
    path = str(recorded.path / "activity.h5")
    report = libsonata.ElementReportReader(path)[name]
    assert np.array_equal(report.get().data, recorded.frames[name])
    assert report.times == pytest.approx((0.0, 1e3 * STEPS * DT * len(recorded.frames[name]), 1e3 * STEPS * DT))
    nodes = libsonata.NodeStorage(path).open_population(name)
    kinds = np.array(nodes.enumeration_values("cell_type"))[nodes.get_enumeration("cell_type", nodes.select_all())]
    assert (nodes.size, set(kinds)) == (SIZES[name], {name[-1]})


def test_libsonata_reads_the_circuit_and_its_synapses(recorded: Recorded, sonata: Path) -> None:
    libsonata = pytest.importorskip("libsonata", reason=WHY.format("libsonata"))
    circuit = libsonata.CircuitConfig.from_file(str(sonata / "circuit_config.json"))
    assert circuit.node_populations == set(SIZES)
    assert circuit.edge_populations == set(recorded.masks)
    for name, mask in recorded.masks.items():
        edges = circuit.edge_population(name)
        everyone, dense = edges.select_all(), np.zeros(mask.shape)
        dense[edges.target_nodes(everyone), edges.source_nodes(everyone)] = edges.get_attribute("syn_weight", everyone)
        sign = SIGNS[edges.source[-1]]
        assert np.array_equal(dense, sign * recorded.weights["final"][name]), name
        assert edges.size == np.count_nonzero(mask)
    assert set(circuit.edge_population("V1_I_to_V1_E").get_attribute("delay", libsonata.Selection([0, 1]))) == {2.0}


def test_libsonata_reads_the_simulation(recorded: Recorded, sonata: Path) -> None:
    libsonata = pytest.importorskip("libsonata", reason=WHY.format("libsonata"))
    simulation = libsonata.SimulationConfig.from_file(str(sonata / "simulation_config.json"))
    assert simulation.run.tstop == pytest.approx(1e3 * STEPS * DT * len(recorded.frames["V1_E"]))
    assert (simulation.run.dt, simulation.run.random_seed) == (pytest.approx(1e3 * DT), 3)
    assert Path(simulation.output.spikes_file).samefile(sonata / "activity.h5")


@pytest.mark.parametrize("name", SPIKING)
def test_bmtk_reads_the_spikes_of_each_neuron(recorded: Recorded, name: str) -> None:
    reports = pytest.importorskip("bmtk.utils.reports", reason=WHY.format("bmtk"))
    trains = reports.SpikeTrains.load(str(recorded.path / "activity.h5"), file_type="h5")
    for neuron in range(SIZES[name]):
        expected = 1e3 * recorded.times(name, neuron)
        np.testing.assert_allclose(trains.get_times(neuron, population=name), expected, rtol=0, atol=1e-9)


def test_bmtk_reads_the_frames(recorded: Recorded) -> None:
    reports = pytest.importorskip("bmtk.utils.reports", reason=WHY.format("bmtk"))
    report = reports.CompartmentReport(str(recorded.path / "activity.h5"), "r")
    for name, frames in recorded.frames.items():
        assert np.array_equal(report.data(population=name), frames), name
        assert report.dt(population=name) == pytest.approx(1e3 * STEPS * DT)


def test_bmtk_reads_the_synapses_of_each_snapshot(recorded: Recorded, sonata: Path) -> None:
    sonata_files = pytest.importorskip("bmtk.utils.sonata", reason=WHY.format("bmtk"))
    for snapshot, weights in recorded.weights.items():
        files = [str(sonata / name) for name in ("nodes.h5", f"edges_{snapshot}.h5")]
        types = [str(sonata / name) for name in ("node_types.csv", "edge_types.csv")]
        edges = sonata_files.File(data_files=files, data_type_files=types).edges[PLASTIC]
        dense = np.zeros(recorded.masks[PLASTIC].shape)
        for edge in edges:
            dense[edge.target_node_id, edge.source_node_id] = edge["syn_weight"]
        assert np.array_equal(dense, weights[PLASTIC]), snapshot
        assert (edges.source_population, edges.target_population) == ("V1_E", "V2_E")


def test_xarray_reads_the_frames_and_the_spikes(recorded: Recorded) -> None:
    xarray = pytest.importorskip("xarray", reason="xarray is missing")
    pytest.importorskip("h5netcdf", reason=WHY.format("h5netcdf"))
    for name in SPIKING:
        settings = {"engine": "h5netcdf", "phony_dims": "sort"}
        with xarray.open_dataset(recorded.path / "activity.h5", group=f"report/{name}", **settings) as report:
            assert np.array_equal(report["data"], recorded.frames[name])
        # Else xarray takes the units of the timestamps for an instruction and makes them time differences.
        with xarray.open_dataset(recorded.path / "activity.h5", group=f"spikes/{name}", decode_times=False, **settings) as spikes:
            assert np.array_equal(spikes["node_ids"], recorded.neurons[name])
            np.testing.assert_allclose(spikes["timestamps"], 1e3 * recorded.times(name), rtol=0, atol=1e-9)


def dumped(path: Path, dataset: str) -> np.ndarray:
    """Return the numbers that h5dump prints of a dataset."""
    h5dump = shutil.which("h5dump")
    if h5dump is None:
        pytest.skip("h5dump is missing; install hdf5-tools")
    words = [h5dump, "--noindex", "--format=%.17g", "--width=0", f"--dataset={dataset}", str(path)]
    text = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    numbers, *_of_attributes = re.findall(r"DATA \{(.*?)\}", text, re.S)
    return np.array(numbers.replace(",", " ").split(), float)


@pytest.mark.parametrize("name", SPIKING)
def test_h5dump_prints_the_spikes_and_the_frames(recorded: Recorded, name: str) -> None:
    path = recorded.path / "activity.h5"
    assert np.array_equal(dumped(path, f"/spikes/{name}/node_ids"), recorded.neurons[name])
    np.testing.assert_allclose(dumped(path, f"/spikes/{name}/timestamps"), 1e3 * recorded.times(name), rtol=0, atol=1e-9)
    assert np.array_equal(dumped(path, f"/report/{name}/data"), recorded.frames[name].ravel())
