"""Aims at a record of some neurons that is read as one of others, and at spikes of those who were not chosen.

The truth is what was given to the writer.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bio_fa.errors import RecordError
from bio_fa.io import labelled
from bio_fa.io.activity import ActivityReader, ActivityWriter
from tests.io.recording import PHASES, POPULATIONS, frames

CHOSEN = {"input": (0, 3), "FE1": (4,)}
SOME = tuple(replace(info, neurons=CHOSEN.get(info.name)) for info in POPULATIONS)
FRAMES, STEPS, TRIALS = (("free", 1), ("nudged", 2)), 10, 3


def shown(rng) -> dict[str, dict[str, np.ndarray]]:
    """Return frames of the chosen neurons."""
    everything = frames(rng, FRAMES, TRIALS)
    return {phase: {info.name: held[info.name][..., info.recorded] for info in SOME} for phase, held in everything.items()}


def fired(rng) -> dict[str, dict[str, np.ndarray]]:
    """Return spikes of the chosen neurons of the input, each with its number among all."""
    rasters = {phase: rng.random((STEPS * time, TRIALS, 4)) < 0.3 for phase, time in FRAMES}
    return {phase: {"input": np.argwhere(raster & np.isin(np.arange(4), CHOSEN["input"]))} for phase, raster in rasters.items()}


def writer(path: Path) -> ActivityWriter:
    return ActivityWriter(path, SOME, PHASES, STEPS * 1e-3, spiking=["input"], dt=1e-3)


@pytest.fixture
def path(tmp_path) -> Path:
    rng = np.random.default_rng(3)
    with writer(tmp_path / "activity.h5") as opened:
        for epoch in range(2):
            opened.append(shown(rng), None, np.arange(TRIALS), epoch, fired(rng))
    return tmp_path / "activity.h5"


def test_the_mapping_names_the_recorded_neurons_and_the_nodes_all(path):
    with h5py.File(path) as file:
        for info in SOME:
            mapping, recorded = file[f"report/{info.name}/mapping"], info.recorded.tolist()
            assert mapping["node_ids"][:].tolist() == recorded
            assert mapping["index_pointers"][:].tolist() == list(range(len(recorded) + 1))
            assert len(mapping["element_ids"]) == len(mapping["element_pos"]) == len(recorded)
            assert file[f"report/{info.name}/data"].shape[1] == len(recorded)
            assert file[f"nodes/{info.name}/node_id"][:].tolist() == list(range(info.size))
        assert set(file["spikes/input/node_ids"][:].tolist()) == set(CHOSEN["input"])


def test_who_was_recorded_comes_back(path):
    with ActivityReader(path) as reader:
        assert tuple(reader.populations) == SOME


def test_frames_and_spikes_come_back(path):
    rng = np.random.default_rng(3)
    with ActivityReader(path) as reader:
        for epoch in range(2):
            given_frames, given_spikes = shown(rng), fired(rng)
            for phase in PHASES:
                for info in SOME:
                    expected = given_frames[phase][info.name].swapaxes(0, 1).astype(np.float32)
                    np.testing.assert_array_equal(reader.frames(info.name, phase, epoch), expected)
                step, trial, neuron = given_spikes[phase]["input"].T
                order, found = np.lexsort((neuron, step, trial)), reader.spikes("input", phase, epoch)
                assert (found.neuron.tolist(), found.trial.tolist()) == (neuron[order].tolist(), trial[order].tolist())
                np.testing.assert_allclose(found.time, step[order] * 1e-3, rtol=0, atol=1e-12)


def test_a_neuron_is_selected_by_its_number_in_the_population(path):
    with ActivityReader(path) as reader:
        held = labelled.frames(reader, "input")
        assert held["neuron"].values.tolist() == [0, 3]
        assert np.array_equal(held.sel(neuron=3), reader.frames("input")[..., 1])
        with pytest.raises(KeyError):
            held.sel(neuron=1)


@settings(max_examples=20, deadline=None)
@given(chosen=st.sets(st.integers(0, 19), min_size=1), seed=st.integers(0, 99))
def test_any_choice_comes_back(tmp_path_factory, chosen, seed):
    info = replace(POPULATIONS[0], size=20, neurons=tuple(sorted(chosen)))
    path, values = tmp_path_factory.mktemp("any") / "activity.h5", np.random.default_rng(seed).random((2, 3, len(chosen)))
    with ActivityWriter(path, [info], ["free"], 1e-3) as opened:
        opened.append({"free": {"input": values}}, None, np.arange(3), 0)
    with ActivityReader(path) as reader:
        assert reader.population("input").recorded.tolist() == sorted(chosen)
        assert (reader.population("input").neurons is None) == (len(chosen) == 20)
        np.testing.assert_array_equal(reader.frames("input"), values.swapaxes(0, 1).astype(np.float32))


def test_frames_and_spikes_of_others_are_refused(tmp_path):
    rng = np.random.default_rng(0)
    stranger = {phase: {"input": np.array([[0, 0, 1]])} for phase in PHASES}
    with writer(tmp_path / "activity.h5") as opened:
        with pytest.raises(RecordError, match=r"give \(time, trial, neuron\) = \(1, 3, 2\)"):
            opened.append(frames(rng, FRAMES, TRIALS), None, np.arange(TRIALS), 0, fired(rng))
        with pytest.raises(RecordError, match="'input' in phase 'free' are of others than the recorded neurons"):
            opened.append(shown(rng), None, np.arange(TRIALS), 0, stranger)


@pytest.mark.parametrize("ids", [[3, 0], [0, 0], [0, 4], [0, 2**63]])
def test_a_file_whose_neurons_do_not_exist_or_are_in_disorder_is_refused(path, ids):
    with h5py.File(path, "a") as file:
        file["report/input/mapping/node_ids"][:] = np.array(ids, np.uint64)
    with pytest.raises(RecordError, match="the recorded neurons of 'input' are not some of it"):
        ActivityReader(path)


def test_a_file_with_spikes_of_neurons_that_were_not_recorded_is_refused(path):
    with h5py.File(path, "a") as file:
        file["spikes/input/node_ids"][0] = 1
    with ActivityReader(path) as reader, pytest.raises(RecordError, match="contradict themselves"):
        reader.spikes("input")


def test_a_file_with_another_number_of_columns_than_recorded_neurons_is_refused(path):
    with h5py.File(path, "a") as file:
        del file["report/input/mapping/node_ids"]
        file["report/input/mapping/node_ids"] = np.arange(3, dtype=np.uint64)
    with pytest.raises(RecordError, match="'input' lacks data"):
        ActivityReader(path)
