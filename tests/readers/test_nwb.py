"""Failure aimed at: an NWB file that is not valid, or that the field's readers refuse or read as other spikes and rates.

The truth is what was given to the writer of the record; pynwb, nwbinspector, pynapple, Neo and Elephant are asked what they find.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from bio_fa import formats
from tests.analysis.synthetic_run import SIZES
from tests.readers.recorded import CREATED, DT, ENTRIES, SPAN, SPIKING, STEPS, TRIALS, Recorded, record_run

WHY = "{} is missing; pip install 'bio_fa[readers]'"
NEURONS = [(name, neuron) for name in SPIKING for neuron in range(SIZES[name])]
"""The units, in their order."""
INTERVALS = np.arange(ENTRIES + 1) * SPAN


def test_pynwb_finds_the_file_valid(nwb: Path) -> None:
    pynwb = pytest.importorskip("pynwb", reason=WHY.format("pynwb"))
    assert pynwb.validate(path=str(nwb)) == []


def test_pynwb_reads_spikes_frames_and_trials(recorded: Recorded, nwb: Path) -> None:
    pynwb = pytest.importorskip("pynwb", reason=WHY.format("pynwb"))
    with pynwb.NWBHDF5IO(str(nwb), "r") as opened:
        file = opened.read()
        assert file.session_start_time == datetime.fromisoformat(CREATED)
        assert file.units.resolution == pytest.approx(DT)
        assert list(zip(file.units["population"][:], file.units["node_id"][:], strict=True)) == NEURONS
        for unit, (name, neuron) in enumerate(NEURONS):
            np.testing.assert_allclose(file.units["spike_times"][unit], recorded.times(name, neuron), rtol=0, atol=1e-12)
            np.testing.assert_allclose(file.units["obs_intervals"][unit], [[0, INTERVALS[-1]]])
        for name, frames in recorded.frames.items():
            series = file.acquisition[name]
            assert np.array_equal(series.data[:], frames)
            assert (series.rate, series.starting_time) == (pytest.approx(1 / (STEPS * DT)), 0.0)
        trials = file.trials.to_dataframe()
        np.testing.assert_allclose(trials["start_time"], INTERVALS[:-1])
        np.testing.assert_allclose(trials["stop_time"], INTERVALS[1:])
        assert trials["phase"].tolist() == ["free", "nudged"] * (ENTRIES // 2)
        assert trials["stimulus_id"].tolist() == np.tile(np.repeat(np.arange(TRIALS) + 20, 2), 2).tolist()
        assert file.epochs.to_dataframe().drop(columns="tags").equals(trials.drop(columns="tags"))
        assert file.subject is None and file.keywords is None


def inspected(path: Path) -> set[str]:
    """Return which critical checks and errors nwbinspector reports."""
    inspector = pytest.importorskip("nwbinspector", reason=WHY.format("nwbinspector"))
    grave = {"CRITICAL", "ERROR", "PYNWB_VALIDATION"}
    return {each.check_function_name for each in inspector.inspect_nwbfile(nwbfile_path=path) if each.importance.name in grave}


def test_nwbinspector_finds_nothing_critical_but_that_there_was_no_animal(nwb: Path) -> None:
    assert inspected(nwb) == {"check_subject_exists"}


def test_nwbinspector_finds_nothing_critical_where_the_species_is_named(tmp_path: Path) -> None:
    record_run(tmp_path / "run", config='species = "Mus musculus"\n')
    pytest.importorskip("pynwb", reason=WHY.format("pynwb"))
    assert inspected(formats.write(tmp_path / "run", "nwb")) == set()


def test_pynapple_reads_spikes_frames_and_trials(recorded: Recorded, nwb: Path) -> None:
    pynapple = pytest.importorskip("pynapple", reason=WHY.format("pynapple"))
    data = pynapple.load_file(str(nwb))
    units = data["units"]
    assert list(zip(units["population"], units["node_id"], strict=True)) == NEURONS
    for unit, (name, neuron) in enumerate(NEURONS):
        np.testing.assert_allclose(units[unit].times(), recorded.times(name, neuron), rtol=0, atol=1e-9)
    for name, frames in recorded.frames.items():
        assert np.array_equal(data[name].values, frames)
        np.testing.assert_allclose(data[name].times(), np.arange(len(frames)) * STEPS * DT, rtol=0, atol=1e-9)
    with pytest.warns(UserWarning, match="starts and ends"):
        trials = data["trials"]
    np.testing.assert_allclose(trials.start, INTERVALS[:-1], atol=1e-5)
    assert set(trials["phase"]) == {"free", "nudged"}


def test_neo_and_elephant_read_spikes_frames_and_epochs(recorded: Recorded, nwb: Path) -> None:
    neo_io = pytest.importorskip("neo.io", reason=WHY.format("neo"))
    statistics = pytest.importorskip("elephant.statistics", reason=WHY.format("elephant"))
    reader = neo_io.NWBIO(str(nwb), "r")
    segment = reader.read_block().segments[0]
    assert len(segment.spiketrains) == len(NEURONS)
    for train, (name, neuron) in zip(segment.spiketrains, NEURONS, strict=True):
        expected = recorded.times(name, neuron)
        np.testing.assert_allclose(train.rescale("s").magnitude, expected, rtol=0, atol=1e-12)
        rate = statistics.mean_firing_rate(train).rescale("Hz").item()
        assert rate == pytest.approx(len(expected) / INTERVALS[-1])
    signals = {signal.name: signal for signal in segment.analogsignals}
    assert all(np.array_equal(signals[name].magnitude, frames) for name, frames in recorded.frames.items())
    np.testing.assert_allclose(segment.epochs[0].times.rescale("s").magnitude, INTERVALS[:-1])
    assert list(segment.epochs[0].labels[:2]) == ["free", "nudged"]
