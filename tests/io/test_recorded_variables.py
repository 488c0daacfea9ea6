"""Aims at a variable, or trials of learning, that are read as another, or that a run is said not to have.

The truth is what was given to the writers.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bio_fa
from bio_fa import formats
from bio_fa.errors import RecordError
from bio_fa.io.activity import ActivityWriter
from tests.io.recording import PHASES, POPULATIONS, frames
from tests.readers.recorded import Recorded, record_run
from tests.refusals import assert_refused

SOME = replace(POPULATIONS[0], neurons=(1, 3))
EDGES = (0.0, 0.5, 1.0)
SHOWN = frames(np.random.default_rng(2), tuple((phase, 2) for phase in PHASES))
HELD = {phase: {"input": values["input"][..., SOME.recorded]} for phase, values in SHOWN.items()}
FIRED = {phase: {"input": np.array([[1, 0, 3], [0, 2, 1]])} for phase in PHASES}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """A run with feedback of some neurons, errors as a histogram, and trials of learning."""
    found = record_run(tmp_path_factory.mktemp("variables") / "run")
    for name, variable, options in (
        ("report_feedback", "feedback", {}),
        ("report_error", "error", {"edges": EDGES}),
        ("learning_activity", "activity", {"spiking": ["input"]}),
    ):
        with ActivityWriter(found.path / f"{name}.h5", [SOME], PHASES, 1e-3, variable, **options) as writer:
            writer.append(HELD, None, np.arange(3), 1, FIRED if "spiking" in options else None)
    return found


@pytest.fixture
def run(recorded: Recorded):
    with bio_fa.open_run(recorded.path) as opened:
        yield opened


def both_phases() -> np.ndarray:
    """Return what was given, (trial, time, neuron)."""
    return np.concatenate([HELD[phase]["input"] for phase in PHASES]).swapaxes(0, 1).astype(np.float32)


def test_a_run_tells_what_was_recorded(run):
    assert run.variables() == ("activity", "feedback", "error")
    assert run.variables("learning") == ("activity",)


def test_each_variable_is_read_from_its_own_file(run, recorded):
    feedback = run.frames("input", "feedback")
    assert (feedback.attrs["variable"], feedback["neuron"].values.tolist()) == ("feedback", [1, 3])
    assert np.array_equal(feedback, both_phases())
    assert np.array_equal(run.frames("V1_E").values.reshape(-1, 40), recorded.frames["V1_E"])
    assert run.frames("V1_E").identical(run.activity("V1_E"))
    assert run.frames("input", "error")["bin"].values.tolist() == [0.25, 0.75] * 2


def test_trials_of_learning_are_read_from_their_own_file(run):
    found, spikes = run.frames("input", trials="learning"), run.spikes("input", trials="learning").load()
    assert np.array_equal(found.sel(neuron=3), both_phases()[..., 1])
    assert found["epoch"].values.tolist() == [1, 1, 1]
    assert list(zip(spikes["trial"].values, spikes["neuron"].values, strict=True)) == [(0, 3), (0, 3), (2, 1), (2, 1)]
    np.testing.assert_allclose(spikes["time"], [1e-3, 3e-3, 0.0, 2e-3], rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda run: run.frames("input", "trace"), "has no report_trace.h5: the run did not record it; set record.variables"),
        (lambda run: run.frames("input", "error", "learning"), "has no learning_error.h5: the run did not record it"),
        (lambda run: run.frames("input", "../run/weights"), "The variable name '../run/weights' is not allowed"),
        (lambda run: run.frames("input", trials="lerning"), "did you mean 'learning'"),
        (lambda run: run.variables("tests"), "did you mean 'test'"),
        (lambda run: run.frames("inptu", "feedback"), "did you mean 'input'"),
    ],
)
def test_what_there_is_not_is_refused(run, ask, said):
    assert_refused(lambda: ask(run), said, error=RecordError)


def test_tables_hold_every_variable_and_trials_of_learning(recorded: Recorded) -> None:
    folder: Path = formats.write(recorded.path, "csv")
    for name, along in (("feedback", "time"), ("error", "bin"), ("learning_activity", "time")):
        table = pd.read_csv(folder / f"{name}_input.csv")
        value = name.removeprefix("learning_")
        assert list(table) == ["trial", "phase", along, "neuron", value]
        assert np.array_equal(table[value].to_numpy(np.float32), both_phases().ravel())
        assert table["neuron"].tolist() == [1, 3] * 12
    assert pd.read_csv(folder / "error_input.csv")["bin"].tolist() == [0.25, 0.25, 0.75, 0.75] * 6
    for name in ("feedback_trials", "error_trials", "learning_trials"):
        assert pd.read_csv(folder / f"{name}.csv")["epoch"].tolist() == [1, 1, 1]
    assert pd.read_csv(folder / "learning_spikes_input.csv")["neuron"].tolist() == [3, 3, 1, 1]


def test_libsonata_reads_the_simulation_of_test_trials_and_that_of_learning(recorded: Recorded) -> None:
    libsonata = pytest.importorskip("libsonata", reason="libsonata is missing; pip install 'bio_fa[readers]'")
    folder = formats.write(recorded.path, "sonata")
    for name, reports in (("simulation", {"activity", "feedback", "error"}), ("learning_simulation", {"activity"})):
        simulation = libsonata.SimulationConfig.from_file(str(folder / f"{name}_config.json"))
        assert simulation.list_report_names == reports
        sets = libsonata.NodeSets.from_file(simulation.node_sets_file)
        for report in map(simulation.report, reports):
            held = libsonata.ElementReportReader(report.file_name)
            assert report.cells in sets.names
            assert all(held[each].times[1] == pytest.approx(report.end_time) for each in held.get_population_names())
    assert Path(simulation.output.spikes_file).name == "learning_activity.h5"
