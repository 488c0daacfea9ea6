"""Aims at files that hold something else than what was observed, or that are missing where something was."""

from __future__ import annotations

import time
from pathlib import Path
from threading import Event

import h5py
import numpy as np
import pytest

from bio_fa import record_files, two_phase
from bio_fa.analysis.responses import predictions
from bio_fa.errors import RecordError
from bio_fa.experiment import Experiment
from bio_fa.io.activity import ActivityReader
from bio_fa.io.growing import Growing
from bio_fa.io.run_folder import RunFolder
from bio_fa.neurons import TwoCompartmentLIF
from bio_fa.observation import Observed, record
from bio_fa.record_files import RecordFiles
from bio_fa.record_layout import population_info
from bio_fa.recorder import Record
from bio_fa.reduction import Histogram, Last, Mean, Total
from bio_fa.selection import NeuronList
from bio_fa.training import Training
from models.two_area import two_area
from tests.faults.damaged_runs import values
from tests.small import small_experiment
from tests.spiking import RATE_OUTPUT, spiking_circuit, spiking_experiment


def written(experiment: Experiment, path: Path, epochs: tuple[int, ...] = (0, 4)) -> tuple[RunFolder, list[Observed]]:
    """Record an untrained circuit once for each of some epochs; return where, and what was observed each time."""
    folder, observed = RunFolder.create(path), list(record(Training(experiment, experiment.dataset())))
    with RecordFiles(experiment, folder, {"seed": "0"}) as files:
        for epoch in epochs:
            for each in observed:
                files.append(each, epoch)
    return folder, observed


def test_frames_and_spikes_are_those_observed_in_every_epoch(tmp_path):
    experiment = spiking_experiment(circuit=spiking_circuit(others=RATE_OUTPUT))
    folder, (observed,) = written(experiment, tmp_path / "run")
    with ActivityReader(folder.activity) as reader:
        assert reader.spiking == ("input", "V1_E", "V1_I", "V1_FE", "V1_FI")
        assert reader.frame == pytest.approx(0.02)
        for phase in ("free", "nudged"):
            for each in experiment.circuit.populations:
                expected = np.swapaxes(observed.frames[phase][each.name], 0, 1).astype(np.float32)
                np.testing.assert_array_equal(reader.frames(each.name, phase, epoch=4), expected)
            for name in reader.spiking:
                fired = reader.spikes(name, phase, epoch=4)
                found = np.stack([np.rint(fired.time / 1e-3), fired.trial, fired.neuron], axis=1)
                assert sorted(map(tuple, found.tolist())) == sorted(map(tuple, observed.spikes[phase][name].tolist()))


def test_a_stride_changes_the_frames_and_no_spike(tmp_path):
    folders = [written(spiking_experiment(record=Record(trials=16, stride=n)), tmp_path / str(n))[0] for n in (None, 4)]
    with ActivityReader(folders[0].activity) as one, ActivityReader(folders[1].activity) as other:
        assert (one.frame, other.frame) == (pytest.approx(0.02), pytest.approx(0.004))
        assert other.frames("V1_E", "free").shape[1] == 5
        for name in one.spiking:
            for first, second in zip(one.spikes(name), other.spikes(name), strict=True):
                np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("stride", [None, 10, 5, 1])
def test_the_recorded_answers_are_those_that_were_scored_whatever_the_stride(tmp_path, stride):
    """All 16 test trials are recorded side by side, as they are scored; the phase is 20 steps, its window the last 10."""
    experiment = spiking_experiment(record=Record(trials=16, stride=stride))
    training = Training(experiment, experiment.dataset())
    folder, score = written(experiment, tmp_path / "run")[0], training.evaluate()
    folder.write_json(folder.run, {"output": "output"})
    answers, label = predictions(folder)
    losses = experiment.loss.per_trial(answers, training.dataset.test.target)
    assert losses.mean() == pytest.approx(score.mean_loss, rel=1e-5)
    assert np.mean(answers.argmax(axis=1) != label) == score.error


def test_potentials_are_those_observed_in_a_file_of_the_same_layout(tmp_path):
    experiment = spiking_experiment(record=Record(trials=16, potentials=4))
    folder, (observed,) = written(experiment, tmp_path / "run")
    with ActivityReader(folder.potential) as reader, ActivityReader(folder.activity) as activity:
        assert (reader.variable, reader.units, reader.frame) == ("potential", "unit of the neuron", pytest.approx(1e-3))
        assert [(each.name, len(each.recorded)) for each in reader.populations] == [
            ("V1_E", 4),
            ("V1_I", 2),
            ("V1_FE", 4),
            ("V1_FI", 4),
            ("output", 4),
        ]
        assert reader.spiking == ()
        for phase in ("free", "nudged"):
            expected = np.swapaxes(observed.potentials["potential"][phase]["V1_FE"], 0, 1)
            np.testing.assert_array_equal(reader.frames("V1_FE", phase, epoch=4), expected)
        first = {key: column[activity.trials()["trial"] < 3] for key, column in activity.trials().items()}
        for key in ("label", "stimulus_id", "phase", "start_time", "stop_time"):
            assert reader.trials()[key][:6].tolist() == pytest.approx(first[key].tolist()), "the same time, for overlays"


def test_potentials_of_a_circuit_that_settles_have_one_frame_a_phase(tmp_path):
    experiment = small_experiment(record=Record(trials=5, potentials=2))
    folder, _ = written(experiment, tmp_path / "run")
    with ActivityReader(folder.potential) as reader:
        assert reader.frame == pytest.approx(0.1)
        assert reader.frames("V1_E", "free", epoch=0).shape == (3, 1, 2)


def test_without_potentials_there_is_no_file_of_them(tmp_path):
    folder, _ = written(spiking_experiment(), tmp_path / "run")
    assert not folder.potential.exists()


@pytest.mark.parametrize("experiment", [small_experiment(), spiking_experiment(record=Record(spikes=False))])
def test_without_spikes_there_is_no_group_of_them(tmp_path, experiment):
    folder, _ = written(experiment, tmp_path / "run")
    with h5py.File(folder.activity) as file:
        assert "spikes" not in file


def test_an_exception_leaves_both_files_readable(tmp_path):
    experiment = spiking_experiment(record=Record(trials=4, potentials=2))
    folder, observed = RunFolder.create(tmp_path / "run"), list(record(Training(experiment, experiment.dataset())))
    with pytest.raises(KeyboardInterrupt), RecordFiles(experiment, folder, {}) as files:
        files.append(observed[0], 0)
        raise KeyboardInterrupt
    for path in (folder.activity, folder.potential):
        with ActivityReader(path) as reader:
            assert set(reader.trials()["epoch"].tolist()) == {0}


def test_a_population_is_described_by_its_area_sign_and_part():
    circuit = spiking_circuit()
    inhibitory, source = (population_info(circuit, circuit.population(name)) for name in ("V1_FI", "input"))
    assert (inhibitory.area, inhibitory.role, inhibitory.cell_type, inhibitory.sign) == ("V1", "feedback", "I", -1)
    assert (source.area, source.role, source.cell_type, source.size) == ("input_area", "forward", "E", 64)


def test_chosen_neurons_have_the_columns_and_spikes_that_they_have_in_the_whole_record(tmp_path):
    records = [Record(("input", "V1_E"), trials=8, stride=5, neurons=each) for each in (NeuronList((1, 3)), None)]
    some, whole = (written(spiking_experiment(record=each), tmp_path / str(n))[0] for n, each in enumerate(records))
    with ActivityReader(some.activity) as part, ActivityReader(whole.activity) as full:
        for info in part.populations:
            assert info.recorded.tolist() == [1, 3]
            np.testing.assert_array_equal(part.frames(info.name, epoch=4), full.frames(info.name, epoch=4)[..., [1, 3]])
        fired, every = (each.spikes("input") for each in (part, full))
        theirs = np.isin(every.neuron, (1, 3))
        assert theirs.any()
        for one, other in zip(fired, every, strict=True):
            np.testing.assert_array_equal(one, other[theirs])


@pytest.mark.parametrize("reduction", [Mean(), Total(), Last(), Histogram(bins=4, high=0.5)])
def test_a_summary_of_each_trial_is_that_of_its_recorded_frames(tmp_path, reduction):
    circuit = two_area(hidden=10)
    protocol = two_phase(circuit, duration=0.02, dt=1e-3)
    records = Record(trials=6), Record(trials=6, reduction=reduction)
    made = [small_experiment(circuit=circuit, protocol=protocol, record=each) for each in records]
    whole, short = (written(each, tmp_path / str(n))[0] for n, each in enumerate(made))
    with ActivityReader(whole.activity) as full, ActivityReader(short.activity) as reduced:
        assert reduced.variable == reduction.kind()
        for phase in ("free", "nudged"):
            frames = np.swapaxes(full.frames("V1_E", phase, epoch=4), 0, 1)
            expected = np.swapaxes(reduction.of(frames), 0, 1)
            np.testing.assert_allclose(reduced.frames("V1_E", phase, epoch=4), expected, rtol=1e-5)


def test_trials_that_are_summarised_become_one_without_label_or_stimulus(tmp_path):
    experiment = small_experiment(record=Record(trials=6, reduction=Mean("trials")))
    folder, (observed,) = written(experiment, tmp_path / "run")
    with ActivityReader(folder.activity) as reader:
        assert reader.trials()["label"].tolist() == reader.trials()["stimulus_id"].tolist() == [-1] * 4
        mean = observed.frames["nudged"]["V1_E"].mean(axis=(0, 1))
        np.testing.assert_allclose(reader.frames("V1_E", "nudged", epoch=0)[0, 0], mean, rtol=1e-5)


def test_half_precision_keeps_three_digits_in_half_the_bytes(tmp_path):
    experiments = [small_experiment(record=Record(trials=6, precision=each)) for each in ("float32", "float16")]
    full, half = (written(each, tmp_path / str(n))[0] for n, each in enumerate(experiments))
    with ActivityReader(full.activity) as one, ActivityReader(half.activity) as other:
        np.testing.assert_allclose(other.frames("V1_E"), one.frames("V1_E"), rtol=2**-11, atol=1e-7)
    with h5py.File(half.activity) as file:
        assert file["report/V1_E/data"].dtype == np.float16


def test_a_compressed_record_holds_the_same(tmp_path):
    experiments = [spiking_experiment(record=Record(trials=6, compression=each)) for each in ("none", "gzip")]
    plain, packed = (written(each, tmp_path / str(n))[0] for n, each in enumerate(experiments))
    with h5py.File(plain.activity) as one, h5py.File(packed.activity) as other:
        for name in ("report/V1_E/data", "spikes/V1_E/timestamps", "spikes/V1_E/node_ids"):
            assert (one[name].compression, other[name].compression) == (None, "gzip")
            np.testing.assert_array_equal(one[name][()], other[name][()])


def test_the_potential_of_each_compartment_has_a_file_of_its_own(tmp_path):
    circuit = spiking_circuit(neuron=TwoCompartmentLIF(tau=0.1), others=RATE_OUTPUT)
    folder, (observed,) = written(spiking_experiment(circuit=circuit, record=Record(trials=16, potentials=4)), tmp_path / "run")
    for variable, last in (("potential", "output"), ("apical_potential", "V1_E")):
        with ActivityReader(folder.record(variable)) as reader:
            assert (reader.variable, reader.units, reader.populations[-1].name) == (variable, "unit of the neuron", last)
            for phase in ("free", "nudged"):
                expected = np.swapaxes(observed.potentials[variable][phase]["V1_E"], 0, 1)
                np.testing.assert_array_equal(reader.frames("V1_E", phase, epoch=4), expected)
            assert expected.any(), "feedback is balanced in the free phase, and felt when outputs are nudged"


def test_further_variables_have_files_of_the_same_trials(tmp_path):
    experiment = small_experiment(record=Record(trials=6, variables=("error", "feedback")))
    folder, (observed,) = written(experiment, tmp_path / "run")
    for variable in ("error", "feedback"):
        with ActivityReader(folder.record(variable)) as reader:
            assert reader.variable == variable
            assert reader.trials()["label"].tolist() == np.repeat(observed.batch.label, len(reader.phases)).tolist() * 2
            for phase in reader.phases:
                for name, values in observed.variables[variable][phase].items():
                    np.testing.assert_array_equal(reader.frames(name, phase, epoch=4), np.swapaxes(values, 0, 1))


def test_segments_that_are_full_make_the_record_that_one_would_have_held(tmp_path, monkeypatch):
    experiment = spiking_experiment(record=Record(trials=16, potentials=2))
    folders = []
    for number, size in enumerate((1, 1 << 30)):
        monkeypatch.setattr(record_files, "BLOCK", size)
        monkeypatch.setattr(record_files, "SEGMENT", size)
        folder = RunFolder.create(tmp_path / str(number))
        with RecordFiles(experiment, folder, {"seed": "0"}) as files:
            for epoch in range(4):
                for observed in record(Training(experiment, experiment.dataset())):
                    files.append(observed, epoch)
            files.finish()
        assert len(folder.segments.of("activity")) == (4 if size == 1 else 1)
        folders.append(folder.path)
    for kind in ("activity", "report_potential"):
        one, other = (values(folder / f"{kind}.h5") for folder in folders)
        assert one.keys() == other.keys()
        for key in one:
            np.testing.assert_array_equal(one[key], other[key], err_msg=f"{kind}: {key}")


def test_a_disk_that_refuses_is_heard_of_when_the_record_is_committed(tmp_path, monkeypatch):
    experiment = small_experiment(record=Record(trials=6))
    folder, (observed,) = RunFolder.create(tmp_path / "run"), list(record(Training(experiment, experiment.dataset())))

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bio_fa.io.hdf5.allocate", refuse)
    with pytest.raises(RecordError, match="No space left on device"), RecordFiles(experiment, folder, {}) as files:
        files.append(observed, 0)
        files.commit()


def test_a_commit_does_not_wait_until_the_whole_files_have_grown(tmp_path, monkeypatch):
    experiment = small_experiment(record=Record(trials=6))
    folder, (observed,) = RunFolder.create(tmp_path / "run"), list(record(Training(experiment, experiment.dataset())))
    committed, grow = Event(), Growing.grow
    waited = []

    def grow_later(growing: Growing) -> None:
        waited.append(committed.wait(timeout=10))
        grow(growing)

    monkeypatch.setattr(Growing, "grow", grow_later)
    with RecordFiles(experiment, folder, {}) as files:
        for epoch in (0, 1):
            files.append(observed, epoch)
            files.commit()
            committed.set()
        files.finish()
    assert all(waited), "a commit that waits for the growth comes back after the time is over"
    with ActivityReader(folder.activity) as reader:
        assert reader.trials()["epoch"].tolist() == np.repeat([0, 1], 6 * len(reader.phases)).tolist()


def test_a_segment_is_completed_while_the_caller_does_something_else(tmp_path):
    experiment = small_experiment(record=Record(trials=6))
    folder, (observed,) = RunFolder.create(tmp_path / "run"), list(record(Training(experiment, experiment.dataset())))
    with RecordFiles(experiment, folder, {}) as files:
        files.append(observed, 0)
        files.complete()
        deadline = time.monotonic() + 10
        while not folder.segments.all() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert [each.name for each in folder.segments.all()] == ["activity-000001.h5"]
        assert list(files.commit()) == ["activity-000001.h5"], "and a commit completes no other"
