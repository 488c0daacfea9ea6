"""Failure aimed at: a page of the guide that says of a reader that it reads what it does not, and a reader that reads other values.

``docs/file-format.md`` says which reader reads half precision and gzip; each is asked. A reader that learns it makes a test fail.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from tests.readers.recorded import SPIKING, Recorded, record_run
from tests.readers.test_sonata import dumped

WHY = "{} is missing; pip install 'bio_fa[readers]'"
OPTIONS = [each for each in product(("float32", "float16"), ("none", "gzip")) if each != ("float32", "none")]
NAME = "V1_E"


@pytest.fixture(scope="module", params=OPTIONS, ids="-".join)
def stored(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Recorded, str, str]:
    """A run, the precision in which it was recorded, which its frames then have, and how it was packed."""
    precision, compression = request.param
    found = record_run(tmp_path_factory.mktemp("stored") / "run", precision=precision, compression=compression)
    found.frames = {name: frames.astype(precision) for name, frames in found.frames.items()}
    return found, precision, compression


def path(run: Recorded) -> str:
    return str(run.path / "activity.h5")


def test_libsonata_reads_frames_of_single_precision_without_gzip_only(stored: tuple[Recorded, str, str]) -> None:
    libsonata = pytest.importorskip("libsonata", reason=WHY.format("libsonata"))
    run, precision, _ = stored
    report = libsonata.ElementReportReader(path(run))[NAME]
    said = "should be Float32" if precision == "float16" else "Unable to read the dataset"
    with pytest.raises((libsonata.SonataError, RuntimeError), match=said):
        report.get()


def test_libsonata_reads_spikes_without_gzip_only(stored: tuple[Recorded, str, str]) -> None:
    libsonata = pytest.importorskip("libsonata", reason=WHY.format("libsonata"))
    run, _, compression = stored
    reader = libsonata.SpikeReader(path(run))
    if compression == "none":
        assert np.array_equal(reader[NAME].get_dict()["node_ids"], run.neurons[NAME])
    else:
        with pytest.raises(RuntimeError, match="Unable to read the dataset"):
            reader[NAME].get_dict()


def test_bmtk_reads_every_option(stored: tuple[Recorded, str, str]) -> None:
    reports = pytest.importorskip("bmtk.utils.reports", reason=WHY.format("bmtk"))
    run, _, _ = stored
    trains = reports.SpikeTrains.load(path(run), file_type="h5")
    for neuron in np.unique(run.neurons[NAME]):
        expected = 1e3 * run.times(NAME, neuron)
        np.testing.assert_allclose(trains.get_times(neuron, population=NAME), expected, rtol=0, atol=1e-9)
    assert np.array_equal(reports.CompartmentReport(path(run), "r").data(population=NAME), run.frames[NAME])


def test_xarray_reads_every_option(stored: tuple[Recorded, str, str]) -> None:
    xarray = pytest.importorskip("xarray", reason="xarray is missing")
    pytest.importorskip("h5netcdf", reason=WHY.format("h5netcdf"))
    run, _, _ = stored
    settings = {"engine": "h5netcdf", "phony_dims": "sort", "decode_times": False}
    with xarray.open_dataset(path(run), group=f"report/{NAME}", **settings) as report:
        assert np.array_equal(report["data"], run.frames[NAME])
    with xarray.open_dataset(path(run), group=f"spikes/{NAME}", **settings) as spikes:
        assert np.array_equal(spikes["node_ids"], run.neurons[NAME])


def test_h5dump_prints_every_option(stored: tuple[Recorded, str, str]) -> None:
    run, _, _ = stored
    assert np.array_equal(dumped(Path(path(run)), f"/report/{NAME}/data"), run.frames[NAME].ravel())
    for name in SPIKING:
        assert np.array_equal(dumped(Path(path(run)), f"/spikes/{name}/node_ids"), run.neurons[name])
