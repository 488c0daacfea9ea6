"""Aims at histograms whose bins are taken for moments, or for other bins, and at variables that only activity may be.

The truth is what was given to the writer.
"""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from bio_fa.errors import RecordError
from bio_fa.io import labelled
from bio_fa.io.activity import ActivityReader, ActivityWriter
from tests.io.recording import PHASES, POPULATIONS, frames

EDGES = (0.0, 0.25, 1.0, 4.0)
CENTRES = [0.125, 0.625, 2.5]


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "activity.h5"


def writer(path: Path, edges=EDGES, phases=PHASES) -> ActivityWriter:
    return ActivityWriter(path, POPULATIONS, phases, 1e-3, "histogram", "values", edges=edges)


def counts(phases=PHASES, bins: int = 3) -> dict[str, dict[str, np.ndarray]]:
    """Return how often each neuron was in each bin, (bin, trial, neuron)."""
    return frames(np.random.default_rng(1), [(phase, bins) for phase in phases])


def test_the_file_says_where_bins_begin_and_end(path):
    with writer(path) as opened:
        opened.append(counts(), None, np.arange(3), 0)
    with h5py.File(path) as file:
        for info in POPULATIONS:
            edges = file[f"report/{info.name}/data"].attrs["edges"]
            assert (edges.dtype, edges.tolist()) == (np.float64, list(EDGES))
    with ActivityReader(path) as reader:
        assert (reader.edges.tolist(), reader.variable, reader.units) == (list(EDGES), "histogram", "values")


@pytest.mark.parametrize("phases", [PHASES, PHASES[:1]])
def test_each_row_of_a_phase_is_labelled_with_its_bins_centre(path, phases):
    given = counts(phases)
    with writer(path, phases=phases) as opened:
        opened.append(given, None, np.arange(3), 0)
    with ActivityReader(path) as reader:
        found = labelled.frames(reader, "I1")
        assert found["bin"].values.tolist() == CENTRES * len(phases)
        second = found.sel(phase="free").isel(time=1)
        assert second["bin"] == CENTRES[1]
        np.testing.assert_array_equal(second, given["free"]["I1"][1].astype(np.float32))


def test_frames_that_are_no_histograms_have_no_bins(path):
    with ActivityWriter(path, POPULATIONS, PHASES, 1e-3) as opened:
        opened.append(counts(), None, np.arange(3), 0)
    with ActivityReader(path) as reader:
        assert reader.edges is None
        assert "bin" not in labelled.frames(reader, "I1").coords


def test_another_number_of_bins_than_the_edges_bound_is_refused(path):
    with writer(path) as opened, pytest.raises(RecordError, match="brings 4 bins to record; give 3"):
        opened.append(counts(bins=4), None, np.arange(3), 0)


@pytest.mark.parametrize("edges", [(), (1.0,), (0.0, 0.0), (1.0, 0.0), (0.0, np.nan, 1.0), (0.0, np.inf), [[0, 1]], range(9000)])
def test_edges_that_bound_no_bins_are_refused_and_nothing_is_written(path, edges):
    with pytest.raises(RecordError, match="Edges of bins"):
        writer(path, edges)
    assert list(path.parent.iterdir()) == []


def test_as_many_bins_as_a_file_can_say_are_said(path):
    with writer(path, range(8000)) as opened:
        opened.append(counts(bins=7999), None, np.arange(3), 0)
    with ActivityReader(path) as reader:
        assert reader.edges.tolist() == list(range(8000))


@pytest.mark.parametrize("edges", [[1.0, 0.0], [0.0], [0, 1, 2, 3], [[0.0, 1.0]], "all", 1.0])
def test_a_file_whose_edges_are_out_of_order_or_no_numbers_is_refused(path, edges):
    with writer(path) as opened:
        opened.append(counts(), None, np.arange(3), 0)
    with h5py.File(path, "a") as file:
        file["report/input/data"].attrs["edges"] = edges
    with pytest.raises(RecordError, match="the edges of its bins are not in order"):
        ActivityReader(path)


def test_a_file_whose_phases_have_other_rows_than_bins_is_refused(path):
    with writer(path) as opened:
        opened.append(counts(), None, np.arange(3), 0)
    with h5py.File(path, "a") as file:
        file["report/input/data"].attrs["edges"] = np.arange(6.0)
    with ActivityReader(path) as reader, pytest.raises(RecordError, match="not have a row for each of the 5 bins"):
        labelled.frames(reader, "I1")


@pytest.mark.parametrize(("variable", "units"), [("feedback", "unit of the current"), ("error", "normalised"), ("trace", "spikes")])
def test_every_variable_comes_back_with_its_unit_and_negative_values(path, variable, units):
    given = {"nudged": {name: values - 0.5 for name, values in counts(["nudged"])["nudged"].items()}}
    with ActivityWriter(path, POPULATIONS, ["nudged"], 1e-3, variable, units) as opened:
        opened.append(given, None, np.arange(3), 0)
    with ActivityReader(path) as reader:
        found = labelled.frames(reader, "I1")
        assert (found.attrs["variable"], found.attrs["units"], reader.phases) == (variable, units, ("nudged",))
        np.testing.assert_array_equal(found, given["nudged"]["I1"].swapaxes(0, 1).astype(np.float32))
