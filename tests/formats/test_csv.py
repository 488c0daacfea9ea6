"""Failure aimed at: tables from which other numbers are read than were recorded, or whose rows name the wrong thing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bio_fa import formats
from bio_fa.formats import csv
from bio_fa.io.activity import ActivityWriter
from tests.analysis.synthetic_run import SIGNS, SIZES
from tests.readers.recorded import DT, EPOCHS, FRAMES, PHASES, POPULATIONS, SPIKING, STEPS, TRIALS, Recorded, record_run

FRAMES_OF_TRIAL = len(PHASES) * FRAMES


@pytest.fixture(scope="module", params=[csv.BLOCK, 7], ids=["at once", "in many blocks"])
def tables(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Recorded, Path]:
    """The truth about a run, and its tables."""
    recorded = record_run(tmp_path_factory.mktemp("csv") / "run")
    with ActivityWriter(recorded.path / "report_potential.h5", POPULATIONS[:1], PHASES, DT, "potential", "mV") as writer:
        frames = {phase: {"V0_E": np.full((4, 2, SIZES["V0_E"]), place)} for place, phase in enumerate(PHASES)}
        writer.append(frames, None, np.array([20, 21]), 2)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(csv, "BLOCK", request.param)
        return recorded, formats.write(recorded.path, "csv")


@pytest.mark.parametrize("name", SIZES)
def test_activity_is_a_row_for_each_frame_of_each_neuron(tables: tuple[Recorded, Path], name: str) -> None:
    recorded, folder = tables
    table = pd.read_csv(folder / f"activity_{name}.csv", dtype={"activity": np.float32})
    assert list(table) == ["trial", "phase", "time", "neuron", "activity"]
    frame = table["trial"] * FRAMES_OF_TRIAL + np.rint(table["time"] / (STEPS * DT)).astype(int)
    dense = np.full(recorded.frames[name].shape, np.nan, np.float32)
    dense[frame, table["neuron"]] = table["activity"]
    assert np.array_equal(dense, recorded.frames[name])
    assert np.array_equal(table["phase"] == "nudged", frame % FRAMES_OF_TRIAL >= FRAMES)


@pytest.mark.parametrize("name", SPIKING)
def test_spikes_are_a_row_each(tables: tuple[Recorded, Path], name: str) -> None:
    recorded, folder = tables
    table = pd.read_csv(folder / f"spikes_{name}.csv")
    step = np.rint(table["time"] / DT).astype(int)
    assert np.array_equal(table["trial"] * FRAMES_OF_TRIAL * STEPS + step, recorded.steps[name])
    assert np.array_equal(table["neuron"], recorded.neurons[name])
    assert np.array_equal(table["phase"] == "nudged", step >= FRAMES * STEPS)


def test_weights_are_a_row_for_each_synapse_that_exists(tables: tuple[Recorded, Path]) -> None:
    recorded, folder = tables
    for name, mask in recorded.masks.items():
        table = pd.read_csv(folder / f"weights_{name}.csv")
        assert len(table) == np.count_nonzero(mask) * len(recorded.weights)
        for snapshot, weights in recorded.weights.items():
            some = table[table["snapshot"] == snapshot]
            dense = np.zeros(mask.shape)
            dense[some["post"], some["pre"]] = some["weight"]
            np.testing.assert_allclose(dense, weights[name], rtol=1e-15, err_msg=name)


def test_trials_and_neurons_are_explained(tables: tuple[Recorded, Path]) -> None:
    _, folder = tables
    trials = pd.read_csv(folder / "trials.csv")
    assert trials["trial"].tolist() == list(range(len(EPOCHS) * TRIALS))
    assert trials["epoch"].tolist() == [0] * TRIALS + [2] * TRIALS
    assert trials["stimulus"].tolist() == [20, 21, 22] * 2
    neurons = pd.read_csv(folder / "neurons.csv")
    assert neurons.groupby("population").size().to_dict() == SIZES
    assert neurons.groupby("population")["sign"].first().to_dict() == {name: SIGNS[name[-1]] for name in SIZES}


def test_potentials_have_trials_of_their_own(tables: tuple[Recorded, Path]) -> None:
    _, folder = tables
    table = pd.read_csv(folder / "potential_V0_E.csv")
    assert len(table) == 2 * 2 * 4 * SIZES["V0_E"]
    assert np.array_equal(table["potential"], (table["phase"] == "nudged").astype(float))
    assert pd.read_csv(folder / "potential_trials.csv")["stimulus"].tolist() == [20, 21]


def test_metrics_are_a_row_for_each_evaluation(tables: tuple[Recorded, Path]) -> None:
    metrics = pd.read_csv(tables[1] / "metrics.csv")
    assert metrics["epoch"].tolist() == [1.0, 2.0]
    assert metrics["test_error"].tolist() == [0.25, 0.125]


def test_spikes_that_never_came_are_a_table_without_rows(tmp_path: Path) -> None:
    recorded = record_run(tmp_path / "run")
    with ActivityWriter(recorded.path / "silent.h5", POPULATIONS, PHASES, DT, spiking=["V1_E"]):
        pass
    (recorded.path / "silent.h5").replace(recorded.path / "activity.h5")
    folder = formats.write(recorded.path, "csv")
    assert (folder / "spikes_V1_E.csv").read_text().split() == ["trial,phase,time,neuron"]
