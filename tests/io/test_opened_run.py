"""Aims at labels that name the wrong trial, phase or synapse, at an opening that reads the data, and at what a run does not hold.

The truth is what was given to the writers.
"""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bio_fa
from bio_fa.errors import RecordError
from bio_fa.io.activity import ActivityReader, ActivityWriter, PopulationInfo
from bio_fa.io.opened_run import OpenedRun
from bio_fa.neurons import TwoCompartmentLIF
from bio_fa.recorder import Record
from tests.analysis.synthetic_run import SIGNS, SIZES, TRIALS, synthetic_run
from tests.io.recording import POPULATIONS
from tests.readers.recorded import DT, EPOCHS, FRAMES, PHASES, SPIKING, STEPS, Recorded, record_run
from tests.readers.recorded import TRIALS as RECORDED_TRIALS
from tests.refusals import assert_refused
from tests.source import ROOT
from tests.spiking import RATE_OUTPUT, spiking_circuit, spiking_experiment

SHAPE = (len(EPOCHS) * RECORDED_TRIALS, len(PHASES) * FRAMES)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory) -> Recorded:
    return record_run(tmp_path_factory.mktemp("opened") / "run", config="seed = 3\n")


@pytest.fixture
def run(recorded):
    with bio_fa.open_run(recorded.path) as opened:
        yield opened


def test_opening_a_run_loads_neither_torch_nor_figures(recorded):
    look = f"bio_fa.open_run({str(recorded.path)!r}).activity('V1_E').mean().item()"
    ask = f"import bio_fa, sys; {look}; print(*sys.modules)"
    answer = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True, cwd=ROOT)
    assert {"torch", "matplotlib", "brian2", "pynwb"}.isdisjoint(answer.stdout.split())


@pytest.mark.parametrize("name", SIZES)
def test_activity_is_what_was_recorded_with_its_labels(run, recorded, name):
    found = run.activity(name)
    assert found.dims == ("trial", "time", "neuron")
    assert np.array_equal(found.values, recorded.frames[name].reshape(*SHAPE, -1))
    assert found["epoch"].values.tolist() == [0, 0, 0, 2, 2, 2]
    assert found["stimulus"].values.tolist() == [20, 21, 22] * 2
    assert found["label"].values.tolist() == [0, 1, 2] * 2
    assert found["phase"].values.tolist() == ["free"] * FRAMES + ["nudged"] * FRAMES
    np.testing.assert_allclose(found["time"], np.arange(2 * FRAMES) * STEPS * DT)
    assert (found.attrs["units"], found.attrs["sign"], found.attrs["area"]) == ("normalised", SIGNS[name[-1]], name[:2])


@pytest.mark.parametrize("epoch", EPOCHS)
@pytest.mark.parametrize("phase", PHASES)
def test_a_phase_of_an_epoch_is_selected_by_name(run, recorded, phase, epoch):
    with ActivityReader(recorded.path / "activity.h5") as reader:
        expected = reader.frames("V1_E", phase, epoch)
    assert np.array_equal(run.activity("V1_E").sel(phase=phase).sel(epoch=epoch), expected)


forward = st.slices(4).filter(lambda chosen: (chosen.step or 1) > 0)
"""xarray itself refuses some empty slices that run backward."""
places = st.one_of(st.integers(-4, 3), forward, st.lists(st.integers(0, 3), max_size=5))


@pytest.fixture(scope="module")
def folder(recorded) -> Path:
    return recorded.path


@settings(deadline=None)
@given(trial=places, time=places, neuron=places)
def test_any_selection_is_that_of_the_whole_array(folder, trial, time, neuron):
    with bio_fa.open_run(folder) as run:
        found, chosen = run.activity("V1_I"), {"trial": trial, "time": time, "neuron": neuron}
        assert np.array_equal(found.isel(chosen).values, found.copy(data=found.values).isel(chosen).values)


def test_an_array_may_be_read_backward(run, recorded):
    assert np.array_equal(
        run.activity("V1_I")[::-1, :, 6:2:-2].values, recorded.frames["V1_I"].reshape(*SHAPE, -1)[::-1, :, 6:2:-2]
    )


@pytest.mark.parametrize("name", SPIKING)
def test_spikes_are_what_was_recorded_with_their_labels(run, recorded, name):
    found, trial_steps = run.spikes(name).load(), len(PHASES) * FRAMES * STEPS
    assert np.array_equal(found["neuron"], recorded.neurons[name])
    assert np.array_equal(found["trial"], recorded.steps[name] // trial_steps)
    np.testing.assert_allclose(found["time"], recorded.steps[name] % trial_steps * DT, rtol=0, atol=1e-12)
    assert np.array_equal(found["phase"] == "nudged", recorded.steps[name] % trial_steps >= FRAMES * STEPS)
    assert np.array_equal(found["epoch"], run.activity(name)["epoch"][found["trial"]])
    assert np.array_equal(found["label"], run.activity(name)["label"][found["trial"]])


def test_some_spikes_are_read_without_the_others(run, recorded):
    some = run.spikes("V1_E").isel(spike=slice(5, 9))
    assert np.array_equal(some["neuron"], recorded.neurons["V1_E"][5:9])


@pytest.mark.parametrize("snapshot", ["initial", "epoch-0001", "final"])
def test_weights_are_those_of_each_snapshot(run, recorded, snapshot):
    assert set(run.projections) == set(recorded.masks)
    for name, mask in recorded.masks.items():
        found = run.weights(name).sel(snapshot=snapshot)
        assert np.array_equal(found.values, recorded.weights[snapshot][name])
        assert np.array_equal(found["exists"], mask)
        assert f"{found.attrs['pre']}_to_{found.attrs['post']}" == name
        assert np.array_equal(found[2, 1:3], recorded.weights[snapshot][name][2, 1:3])


def test_metrics_are_a_table_with_the_epoch_in_front(run):
    assert run.metrics.index.tolist() == [1.0, 2.0]
    assert run.metrics.loc[2.0, "test_error"] == 0.125
    assert run.metrics.loc[1.0, "update_alignment.V0_E_to_V1_E.angle"] == 60.0


def test_a_run_tells_what_it_is(run, recorded):
    assert (run.description["status"], run.circuit["name"], run.config["seed"]) == ("finished", "two areas", 3)
    assert (run.populations, run.spiking) == (tuple(SIZES), tuple(SPIKING))
    assert str(recorded.path) in repr(run) and "finished" in repr(run)


def test_opening_and_selecting_read_only_what_is_asked_for(tmp_path):
    place, big = synthetic_run(tmp_path / "run"), PopulationInfo("big", 200, 1, "V1", "forward", "E")
    place.epochs = []
    path, frames = place.write(), np.random.default_rng(0).random((50, 20, big.size), np.float32)
    with ActivityWriter(path / "activity.h5", [big], ("free",), 1e-3) as writer:
        for epoch in range(10):
            writer.append({"free": {"big": frames}}, None, np.arange(20), epoch)

    def look() -> np.ndarray:
        with bio_fa.open_run(path) as run:
            return run.activity("big")[117, 3:5, 1].values

    look()  # what is imported once is not counted
    tracemalloc.start()
    found = look()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert np.array_equal(found, frames[3:5, 17, 1])
    assert peak < frames.nbytes, "a tenth of the record"


REFUSED = {
    "activity": lambda run: run.activity("V9_E"),
    "spikes": lambda run: run.spikes("V0_E"),
    "weights": lambda run: run.weights("V1_E_to_V9_E"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_an_unknown_name_is_refused_with_the_nearest_known_one(run, what):
    assert_refused(lambda: REFUSED[what](run), "did you mean", error=RecordError)


@pytest.mark.parametrize(("what", "key"), [("potential", "record.potentials"), ("activity", "record.trials")])
def test_what_a_run_did_not_record_is_refused_with_the_key_that_asks_for_it(tmp_path, what, key):
    run = synthetic_run(tmp_path / "run")
    run.epochs = []
    assert_refused(lambda: getattr(OpenedRun(bio_fa.open_run(run.write()).folder), what)("V1_E"), key, error=RecordError)


def test_the_potential_of_each_compartment_is_found_by_its_name(tmp_path):
    experiment = spiking_experiment(
        circuit=spiking_circuit(neuron=TwoCompartmentLIF(), others=RATE_OUTPUT), epochs=1, record=Record(trials=4, potentials=2)
    )
    with bio_fa.open_run(bio_fa.run(experiment, tmp_path / "run")) as run:
        assert run.variables() == ("activity", "potential", "apical_potential")
        soma, apical = run.potential("V1_E"), run.potential("V1_E", "apical")
        assert soma.sizes == apical.sizes == {"trial": 6, "time": 40, "neuron": 2}
        assert (soma.attrs["variable"], apical.attrs["variable"]) == ("potential", "apical_potential")
        assert not np.array_equal(soma, apical)
        with pytest.raises(RecordError, match="did you mean 'apical'"):
            run.potential("V1_E", "apicall")
        with pytest.raises(RecordError, match="output"):
            run.potential("output", "apical")


def test_a_closed_run_is_refused(recorded):
    with bio_fa.open_run(recorded.path) as run:
        frames, spikes, weights = run.activity("V1_E"), run.spikes("V1_E"), run.weights("V1_E_to_V2_E")
    for each in (frames, spikes["time"], weights):
        with pytest.raises(RecordError, match="is closed"):
            each.load()


def test_a_folder_without_a_run_is_refused(tmp_path):
    assert_refused(lambda: bio_fa.open_run(tmp_path), "holds no run", error=RecordError)


def test_a_run_without_trials_has_arrays_without_values(tmp_path):
    place = synthetic_run(tmp_path / "run")
    place.epochs = []
    path: Path = place.write()
    with ActivityWriter(path / "activity.h5", POPULATIONS, ("free",), 1e-3):
        pass
    with bio_fa.open_run(path) as run:
        assert run.activity(POPULATIONS[0].name).values.shape == (0, 0, POPULATIONS[0].size)


def test_the_synthetic_run_of_every_analysis_can_be_opened(tmp_path):
    with bio_fa.open_run(synthetic_run(tmp_path / "run").write()) as run:
        assert run.activity("V1_E").shape == (2 * TRIALS, 2, SIZES["V1_E"])
