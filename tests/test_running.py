"""Aims at runs that cannot be repeated, break a constraint on the way, or leave nothing readable when they end early."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import bio_fa
from bio_fa import GradientLearning, LocalLearning, Oja, Record, Scale, Sign, backends, chain, one_phase, two_phase
from bio_fa.analysis import inspect_run, write_report
from bio_fa.backends.arrays import ArraySimulation
from bio_fa.backends.base import Simulation
from bio_fa.checkpointing import Checkpointing
from bio_fa.circuit import Circuit
from bio_fa.cli import app
from bio_fa.config import load
from bio_fa.errors import BackendError, DivergenceError, LivenessError, RecordError
from bio_fa.experiment import Experiment
from bio_fa.guard import Liveness
from bio_fa.io import hdf5
from bio_fa.io.activity import ActivityReader
from bio_fa.io.run_folder import RunFolder
from bio_fa.io.weights import WeightsReader
from bio_fa.neurons import LIF, LeakyRate, Neuron, SaturatingRate, TanhRate
from bio_fa.record_size import RecordSize
from bio_fa.running import Watcher, run
from bio_fa.tasks import Digits
from bio_fa.weights import Constant
from models.cortical_hierarchy import cortical_hierarchy
from models.mlp import mlp
from models.two_area import two_area
from tests.small import contents, environment, same_weights, small_experiment, snapshots, write_config
from tests.spiking import RATE_OUTPUT, short, spiking_circuit, spiking_experiment

RULE = '''
from dataclasses import dataclass

from bio_fa.plasticity import Plasticity


@dataclass(frozen=True)
class OwnRule(Plasticity):
    """Δw = η r_i r_j.

    Source: Nobody (1999) Journal of Tests 1:2.
    """

    rate: float = 1e-3

    def factors(self, pre, post, w):
        yield self.rate * post.activity, pre.activity, 1
'''
SCRIPT = RULE + '''
import bio_fa
from bio_fa.tasks import Digits
from models.two_area import two_area

circuit = two_area(hidden=10, plasticity=OwnRule())
task = Digits(train_trials=20, test_trials=10)
backend = bio_fa.backends.get("torch_rate", threads=1)
experiment = bio_fa.Experiment("script", circuit, task, bio_fa.two_phase(circuit), backend, epochs=1)
bio_fa.run(experiment, "out")
'''
LARGE_STEPS = chain(Sign(), Scale(0.05))
"""Every weight moves by a third of what it is at first, so that many reach 0 and would cross it."""


class Interrupter(Watcher):
    """Interrupts after so many training trials, as Ctrl-C would."""

    def __init__(self, trials: int, error: type[BaseException] = KeyboardInterrupt) -> None:
        self.trials, self.error, self.ended = trials, error, False

    def trained(self, trials, score, samples_per_second):
        if trials >= self.trials:
            raise self.error("as planned")

    def end(self):
        self.ended = True


def told(folder: Path) -> dict:
    """Return what ``run.json`` says."""
    return json.loads((folder / "run.json").read_text())


def measured(folder: Path) -> list[dict]:
    """Return the metrics without what a clock measured."""
    lines = RunFolder.open(folder).read_metrics()
    return [{key: value for key, value in line.items() if key not in ("seconds", "samples_per_second")} for line in lines]


def recorded(folder: Path) -> dict[str, np.ndarray]:
    """Return all recorded activity, by population."""
    with ActivityReader(folder / "activity.h5") as reader:
        return {each.name: np.concatenate(list(reader.chunks(each.name))) for each in reader.populations}


def fired(folder: Path) -> dict[str, np.ndarray]:
    """Return all recorded spikes, [trial, time, neuron] by population."""
    with ActivityReader(folder / "activity.h5") as reader:
        return {name: np.stack(reader.spikes(name)) for name in reader.spiking}


def identical(one: Path, other: Path) -> bool:
    """Return whether weights, activity, spikes and metrics of two runs are the same to the last bit."""
    pairs = (recorded(one), recorded(other)), (fired(one), fired(other))
    activity = all(np.array_equal(first[name], second[name]) for first, second in pairs for name in first)
    return activity and same_weights(one, other) and measured(one) == measured(other)


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A small run that was left alone."""
    return run(small_experiment(), tmp_path_factory.mktemp("runs") / "finished")


def test_a_run_leaves_everything_in_one_folder(finished):
    names = {"run.json", "circuit.json", "metrics.jsonl", "activity.h5", "weights.h5", "manifest.json"}
    assert {path.name for path in finished.iterdir()} == names
    write_report(finished)
    assert "<html" in (finished / "report" / "report.html").read_text(encoding="utf-8")


def test_a_run_says_what_ran_with_what_and_how_it_ended(finished):
    table = told(finished)
    assert (table["name"], table["seed"], table["status"], table["message"]) == ("small", 0, "finished", "")
    assert (table["learning"], table["model"], table["dalean"]) == ("local", "two_area", True)
    assert table["timing"]["total_seconds"] >= table["timing"]["training_seconds"] > 0
    assert table["timing"]["samples_per_second"] == pytest.approx(128 / table["timing"]["training_seconds"])
    origin = table["provenance"]
    assert (origin["bio_fa"], origin["seed"], origin["packages"]["numpy"]) == (bio_fa.__version__, 0, np.__version__)


def test_the_circuit_of_a_run_can_be_built_again(finished):
    table = json.loads((finished / "circuit.json").read_text())
    assert bio_fa.Circuit.from_table(table) == small_experiment().circuit


def test_metrics_hold_one_line_an_epoch_and_the_state_before_learning(finished):
    lines = measured(finished)
    assert [(line["epoch"], line["trial"]) for line in lines] == [(0, 0), (1, 64), (2, 128)]
    assert lines[0]["train_loss"] is None
    assert all(0 <= line["test_error"] <= 1 and line["test_loss"] > 0 for line in lines)
    assert all(0 <= line["train_error"] <= 1 for line in lines[1:])


def test_the_first_snapshot_is_the_sampled_circuit(finished):
    sampled = small_experiment().circuit.sample(0)
    for name, w in snapshots(finished)["initial"].items():
        np.testing.assert_array_equal(w, sampled[name].w.astype(np.float32))


def test_only_plastic_projections_change(finished):
    weights, plastic = snapshots(finished), {each.name for each in small_experiment().circuit.plastic}
    changed = {name for name, w in weights["final"].items() if not np.array_equal(w, weights["initial"][name])}
    assert changed == plastic


@pytest.mark.parametrize(
    ("epochs", "count", "kept"),
    [
        (6, 2, [0, 2, 4, 6]),
        (4, 0, [0, 4]),
        (1, 5, [0, 1]),
        (3, 3, [0, 1, 2, 3]),
        (3, 10**9, [0, 1, 2, 3]),
    ],
)
def test_weights_are_kept_before_after_and_evenly_between(tmp_path, epochs, count, kept):
    task = Digits(train_trials=8, test_trials=4)
    folder = run(small_experiment(epochs=epochs, snapshots=count, task=task), tmp_path / "run")
    with WeightsReader(folder / "weights.h5") as reader:
        assert [each.epoch for each in reader.snapshots] == kept
        assert [each.step for each in reader.snapshots] == [8 * epoch for epoch in kept]
        assert (reader.snapshots[0].name, reader.snapshots[-1].name) == ("initial", "final")


def test_the_same_seed_gives_the_same_run_to_the_last_bit(finished, tmp_path):
    assert identical(run(small_experiment(), tmp_path / "again"), finished)


def test_another_seed_gives_another_run(finished, tmp_path):
    other = run(small_experiment(seed=1), tmp_path / "other")
    assert not same_weights(other, finished)
    assert measured(other) != measured(finished)


def test_the_global_random_states_are_neither_used_nor_moved(finished, tmp_path):
    random.seed(123), np.random.seed(123), torch.manual_seed(123)
    before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    again = run(small_experiment(), tmp_path / "again")
    assert (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()) == before
    assert identical(again, finished)


def test_the_effective_configuration_repeats_the_run_from_its_folder(tmp_path):
    (tmp_path / "from").mkdir()
    (tmp_path / "from" / "own_rule.py").write_text(RULE, encoding="utf-8")
    path = write_config(tmp_path / "from")
    overrides = ["rules=['own_rule.py']", "circuit.plasticity={kind='own_rule', rate=1e-4}", "record.trials=5"]
    config, experiment = load(path, overrides)
    first = run(experiment, tmp_path / "first", texts=config.texts(path.parent))
    (tmp_path / "from" / "own_rule.py").unlink()
    again, repeated = load(first / "config.toml")
    second = run(repeated, tmp_path / "second", texts=again.texts(first))
    assert identical(first, second)
    assert (first / "config.toml").read_bytes() == (second / "config.toml").read_bytes()


def test_the_activity_carries_the_configuration_that_made_it(tmp_path):
    config, experiment = load(write_config(tmp_path), ['name="β"'])
    folder = run(experiment, tmp_path / "run", texts=config.texts(tmp_path))
    with hdf5.h5py.File(folder / "activity.h5") as file:
        assert file["provenance/config_json"][()].decode() == (folder / "config.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("learning", [LocalLearning(LARGE_STEPS), GradientLearning(LARGE_STEPS)], ids=["local", "gradient"])
@pytest.mark.parametrize("model", [two_area, cortical_hierarchy, mlp], ids=lambda model: model.__name__)
def test_every_constraint_holds_after_every_epoch(tmp_path, model, learning):
    circuit = model(hidden=10) if model is two_area else model(hidden=(10, 8), density=0.5)
    experiment = small_experiment(circuit=circuit, protocol=two_phase(circuit), learning=learning, epochs=3, snapshots=3)
    found = inspect_run(run(experiment, tmp_path / "run"))
    assert found["dalean"] is (model is not mlp)
    assert found["audit"]["snapshots_checked"] == 4
    assert found["audit"]["dale_violations"] == (None if model is mlp else 0)
    assert found["audit"]["mask_violations"] == 0
    assert found["audit"]["negative_rate_violations"] == 0
    assert (found["audit"]["weight_transport"]["detected"] is True) is isinstance(learning, GradientLearning)


@pytest.mark.parametrize("learning", [LocalLearning(LARGE_STEPS), GradientLearning(LARGE_STEPS)], ids=["local", "gradient"])
def test_the_steps_of_the_test_above_are_large_enough_to_break_what_is_not_guarded(tmp_path, learning):
    weights = snapshots(run(small_experiment(learning=learning), tmp_path / "run"))
    existed = weights["initial"]["V1_E_to_output"] > 0
    assert (weights["final"]["V1_E_to_output"][existed] == 0).any()


def test_the_unsigned_baseline_has_weights_of_both_signs(tmp_path):
    circuit = mlp(hidden=(10,))
    weights = snapshots(run(small_experiment(circuit=circuit, protocol=two_phase(circuit)), tmp_path / "run"))["final"]
    assert (weights["input_to_H1"] < 0).any() and (weights["input_to_H1"] > 0).any()


def test_the_sources_of_a_rule_in_a_file_of_the_user_are_in_the_run(tmp_path):
    (tmp_path / "own_rule.py").write_text(RULE, encoding="utf-8")
    _, experiment = load(write_config(tmp_path), ["rules=['own_rule.py']", "circuit.plasticity={kind='own_rule'}"])
    folder = run(experiment, tmp_path / "run")
    assert "OwnRule: Source: Nobody (1999) Journal of Tests 1:2." in told(folder)["sources"]


def test_the_sources_of_a_rule_in_a_script_of_the_user_are_in_the_run(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    subprocess.run([sys.executable, "script.py"], cwd=tmp_path, env=environment(), check=True, timeout=600)
    table = told(tmp_path / "out")
    assert "OwnRule: Source: Nobody (1999) Journal of Tests 1:2." in table["sources"]
    assert table["status"] == "finished"


def test_the_sources_name_what_was_used_and_nothing_else(finished, tmp_path):
    sources = told(finished)["sources"]
    assert any(line.startswith("ThreeFactor: Source:") for line in sources)
    assert any(line.startswith("Data: ") and "Alpaydin" in line for line in sources)
    assert not any(line.startswith("Oja") for line in sources)
    circuit = two_area(hidden=4, plasticity=Oja())
    other = run(small_experiment(circuit=circuit, protocol=two_phase(circuit)), tmp_path / "oja")
    assert any(line.startswith("Oja: Source: Oja (1982)") for line in told(other)["sources"])


@pytest.mark.parametrize("every", [None, 1])
def test_the_estimated_size_of_the_record_is_the_size_of_the_data(tmp_path, every):
    circuit = two_area(hidden=10)
    protocol = two_phase(circuit, duration=0.01, dt=1e-3)
    record = Record(populations=("V1_E", "output"), trials=9, every=every, stride=3)
    experiment = small_experiment(circuit=circuit, protocol=protocol, record=record)
    folder = run(experiment, tmp_path / "run")
    size = sum(values.nbytes for values in recorded(folder).values())
    with ActivityReader(folder / "activity.h5") as reader:
        size += sum(column.nbytes for column in reader.trials().values())
    assert size == RecordSize(record, circuit, protocol).whole(experiment.epochs, 32, 64, 16) > 0


def test_the_record_is_labelled_trial_by_trial(finished):
    dataset = small_experiment().dataset()
    with ActivityReader(finished / "activity.h5") as reader:
        assert reader.phases == ("free", "nudged")
        free = reader.trials()["phase"] == 0
        assert reader.trials()["label"][free].tolist() == dataset.test.label.tolist() * 2
        assert np.unique(reader.trials()["epoch"]).tolist() == [0, 2]
        np.testing.assert_array_equal(reader.frames("input", "free", epoch=2)[:, 0], dataset.test.stimulus)


def test_without_trials_to_record_there_is_no_activity_and_all_else(tmp_path):
    folder = run(small_experiment(record=Record(trials=0)), tmp_path / "run")
    assert not (folder / "activity.h5").exists()
    assert told(folder)["status"] == "finished"


def peak(epochs: int, folder: Path) -> int:
    """Return the most memory that Python and NumPy held while a run recorded every epoch, in a segment each."""
    task, record = Digits(train_trials=8, test_trials=350), Record(trials=350, every=1)
    experiment = small_experiment(epochs=epochs, snapshots=0, task=task, record=record, checkpoint=Checkpointing(every=1))
    experiment.dataset()
    tracemalloc.start()
    run(experiment, folder)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def test_memory_does_not_grow_with_what_is_recorded(tmp_path):
    peak(1, tmp_path / "warm")
    few, many = peak(2, tmp_path / "few"), peak(14, tmp_path / "many")
    more = (tmp_path / "many" / "activity.h5").stat().st_size - (tmp_path / "few" / "activity.h5").stat().st_size
    assert more > 3_000_000
    assert many - few < 0.1 * more


def readable(folder: Path, epochs: list[int]) -> None:
    """Assert that a run which ended early left the weights, activity and metrics of these epochs."""
    assert [line["epoch"] for line in measured(folder)] == epochs
    assert "initial" in snapshots(folder)
    with ActivityReader(RunFolder.open(folder).activity) as reader:
        assert np.unique(reader.trials()["epoch"]).tolist() == epochs
        assert len(reader.frames("V1_E", "free")) == 32 * len(epochs)
    assert not list(folder.glob(".*")), "nothing hidden is left behind"
    assert inspect_run(folder)["audit"]["dale_violations"] == 0


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (KeyboardInterrupt, "interrupted", "stopped by the user after 80 training trials"),
        (DivergenceError, "diverged", "as planned"),
        (RecordError, "failed", "as planned"),
        (ValueError, "failed", "ValueError: as planned"),
    ],
)
def test_a_run_that_ends_early_says_why_and_what_it_recorded_is_readable(tmp_path, error, status, message):
    watcher = Interrupter(80, error)
    with pytest.raises(error):
        run(small_experiment(record=Record(every=1)), tmp_path / "run", watcher=watcher)
    table = told(tmp_path / "run")
    assert (table["status"], table["message"]) == (status, message)
    assert table["timing"]["total_seconds"] > 0
    assert watcher.ended
    readable(tmp_path / "run", [0, 1])


@pytest.mark.parametrize("learning", [LocalLearning(Scale(1e30)), GradientLearning(Scale(1e30))], ids=["local", "gradient"])
def test_a_run_that_diverges_says_where_and_what_it_recorded_is_readable(tmp_path, learning):
    with pytest.raises(DivergenceError) as caught:
        run(small_experiment(learning=learning), tmp_path / "run")
    table = told(tmp_path / "run")
    assert (table["status"], table["message"]) == ("diverged", str(caught.value))
    assert "trial " in table["message"] and "V1_E_to_output" in table["message"]
    readable(tmp_path / "run", [0])
    for weights in snapshots(tmp_path / "run").values():
        assert all(np.isfinite(w).all() for w in weights.values())


def test_a_disk_that_fills_up_stops_the_run_and_what_it_recorded_is_readable(tmp_path, monkeypatch):
    real, calls = hdf5.allocate, []

    def allocate(*arguments):
        calls.append(arguments)
        if len(calls) > 12:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(*arguments)

    experiment = small_experiment(epochs=20, record=Record(every=1))
    with monkeypatch.context() as patched, pytest.raises(RecordError, match="No space left on device"):
        patched.setattr(hdf5, "allocate", allocate)
        run(experiment, tmp_path / "run")
    assert told(tmp_path / "run")["status"] == "failed"
    with ActivityReader(RunFolder.open(tmp_path / "run").activity) as reader:
        assert len(np.unique(reader.trials()["epoch"])) >= 1
        assert len(reader.frames("V1_E", "free")) >= 32
    assert "initial" in snapshots(tmp_path / "run")


SPIKED = {"circuit": spiking_circuit(others=RATE_OUTPUT), "epochs": 2}
RECORDED = Record(trials=8, potentials=2)


@pytest.fixture(scope="module")
def spiked(tmp_path_factory) -> Path:
    """A small run with spikes that was left alone."""
    return run(spiking_experiment(**SPIKED, record=RECORDED), tmp_path_factory.mktemp("runs") / "spiked")


def test_a_run_with_spikes_leaves_them_and_potentials_beside_all_else(spiked):
    names = {path.name for path in spiked.iterdir() if path.is_file()}
    record = {"activity.h5", "report_potential.h5", "weights.h5"}
    assert names == {"run.json", "circuit.json", "metrics.jsonl", "manifest.json", *record}
    assert told(spiked)["spiking"] is True
    assert fired(spiked).keys() == {"input", "V1_E", "V1_I", "V1_FE", "V1_FI"}
    assert all(fired(spiked)[name].shape[1] > 0 for name in ("input", "V1_E", "V1_FE"))


def test_a_run_with_spikes_is_repeated_to_the_last_bit_by_its_seed_alone(spiked, tmp_path):
    random.seed(321), np.random.seed(321), torch.manual_seed(321)
    assert identical(run(spiking_experiment(**SPIKED, record=RECORDED), tmp_path / "again"), spiked)
    assert not same_weights(run(spiking_experiment(**SPIKED, seed=1), tmp_path / "other"), spiked)


def test_what_is_recorded_does_not_change_what_is_learned(spiked, tmp_path):
    bare = run(spiking_experiment(**SPIKED, record=Record(trials=0), liveness=None), tmp_path / "bare")
    assert same_weights(bare, spiked)


def test_a_run_with_spikes_keeps_its_constraints_and_knows_all_its_parts(spiked):
    found = inspect_run(spiked)
    assert [found["audit"][f"{kind}_violations"] for kind in ("dale", "mask", "negative_rate")] == [0, 0, 0]
    assert found["reasons"] == {}
    assert found["update_alignment"].keys() == {"input_to_V1_E", "V1_I_to_V1_E", "V1_E_to_output"}


def test_metrics_tell_the_cost_of_a_trial_in_spikes_and_synaptic_events(spiked, finished):
    for line in measured(spiked):
        test, learning = line["spiking"]["test"], line["spiking"]["learning"]
        assert 0 < test["spikes"] < learning["spikes"]
        assert test["spikes"] < test["synaptic_events"] < learning["synaptic_events"]
        assert test["rate"] == pytest.approx(test["spikes"] / (96 - 10) / 0.02)
    assert not any("spiking" in line for line in measured(finished))


def test_a_baseline_with_signed_neurons_learns_and_says_that_their_activity_is_not_kept_above_0(tmp_path):
    circuit = mlp(hidden=(10,), neuron=TanhRate())
    folder = run(small_experiment(circuit=circuit, protocol=two_phase(circuit)), tmp_path / "run")
    with ActivityReader(folder / "activity.h5") as reader:
        assert any((rows < 0).any() for rows in reader.chunks("H1")), "a run without negative activity proves nothing"
    audit = inspect_run(folder)["audit"]
    assert (audit["negative_rate_violations"], audit["signed_activity"]) == (0, ["H1"])
    assert "but of H1, whose neurons are signed" in write_report(folder).read_text(encoding="utf-8")
    assert "; activity is signed in H1." in CliRunner().invoke(app, ["check", str(folder)]).stdout


def test_the_ceilings_of_spiking_neurons_are_those_of_their_time_steps(spiked):
    spiking = dict.fromkeys(["input", "V1_E", "V1_I", "V1_FE", "V1_FI"], pytest.approx(10.0))
    assert told(spiked)["ceilings"] == spiking | {"output": 1.0}


def test_the_estimated_size_of_potentials_is_the_size_of_the_data(spiked):
    circuit = spiking_circuit(others=RATE_OUTPUT)
    records = [Record(trials=8, spikes=False, potentials=n) for n in (0, 2)]
    none, two = (RecordSize(each, circuit, short(circuit)).whole(2, 16, 64, 16) for each in records)
    with ActivityReader(spiked / "report_potential.h5") as reader:
        assert two - none == sum(rows.nbytes for each in reader.populations for rows in reader.chunks(each.name))


def test_a_disk_that_the_expected_spikes_would_fill_is_refused_before_anything_runs(tmp_path, monkeypatch):
    monkeypatch.setattr("bio_fa.io.vacancy.shutil.disk_usage", lambda _: shutil._ntuple_diskusage(0, 0, 2 * 10**7))
    task = Digits(train_trials=8, test_trials=200)
    with pytest.raises(RecordError, match="GB are needed"):
        run(spiking_experiment(task=task, record=Record(trials=200, every=1), epochs=100), tmp_path / "run")
    assert not (tmp_path / "run").exists()
    run(spiking_experiment(record=Record(trials=8)), tmp_path / "run")


def test_an_interrupted_run_with_spikes_leaves_those_recorded_so_far(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        wanted = Record(trials=8, every=1, potentials=2)
        run(spiking_experiment(epochs=4, record=wanted), tmp_path / "run", watcher=Interrupter(48))
    with ActivityReader(RunFolder.open(tmp_path / "run").activity) as reader:
        assert set(reader.trials()["epoch"].tolist()) == {0, 1}
        assert len(reader.spikes("V1_E", epoch=1).time) > 0
    with ActivityReader(RunFolder.open(tmp_path / "run").potential) as reader:
        assert set(reader.trials()["epoch"].tolist()) == {0, 1}
    assert not list((tmp_path / "run").glob(".*")), "nothing hidden is left behind"


def test_potentials_that_a_backend_does_not_keep_are_refused_and_leave_no_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(ArraySimulation, "probe", Simulation.probe)
    with pytest.raises(BackendError, match="keeps no potentials"):
        run(spiking_experiment(record=Record(potentials=1)), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def rewired(circuit: Circuit, name: str, neuron: Neuron, drive: float) -> Circuit:
    """Return the circuit in which one population has other neurons, and synapses onto it that are all alike and do not learn."""
    areas = tuple(each.map(lambda one: replace(one, neuron=neuron) if one.name == name else one) for each in circuit.areas)
    new = {"weights": Constant(drive), "plasticity": None, "error": None, "reads": None}
    kept = (each for each in circuit.projections if not (each.post == name and each.pre in ("V1_I", "V1_FI", "tonic")))
    projections = (replace(each, **new) if each.post == name else each for each in kept)
    return replace(circuit, areas=areas, projections=tuple(projections))


def mute(**changes) -> Experiment:
    """Return an experiment with spikes whose hidden neurons never reach their threshold."""
    circuit = spiking_circuit(neuron=LIF(unit_rate=1e-9), others=RATE_OUTPUT)
    return spiking_experiment(**{"circuit": circuit, "epochs": 6, **changes})


def racing(**changes) -> Experiment:
    """Return an experiment with spikes whose hidden neurons fire as often as they can."""
    circuit = rewired(spiking_circuit(others=RATE_OUTPUT), "V1_E", LIF(refractory=3e-3), 1e4)
    return spiking_experiment(**{"circuit": circuit, "protocol": short(circuit, 0.06, 0.03), "epochs": 6, **changes})


def flooded(**changes) -> Experiment:
    """Return an experiment with rates whose hidden neurons stand at their ceiling."""
    circuit = rewired(two_area(hidden=10), "V1_E", SaturatingRate(), 1e3)
    return small_experiment(**{"circuit": circuit, "protocol": two_phase(circuit), "epochs": 6, **changes})


@pytest.mark.parametrize(("make", "word"), [(mute, "silent"), (racing, "saturated"), (flooded, "saturated")])
def test_a_run_whose_population_is_dead_is_stopped_with_advice_and_leaves_what_shows_it(tmp_path, make, word):
    with pytest.raises(LivenessError, match=rf"'V1_E' \(100 %\).* dead: .* stayed {word}") as caught:
        run(make(record=Record(every=1)), tmp_path / "run")
    table = told(tmp_path / "run")
    assert (table["status"], table["message"]) == ("stopped", str(caught.value))
    assert [line["epoch"] for line in measured(tmp_path / "run")] == [0, 1]
    assert measured(tmp_path / "run")[1]["liveness"]["V1_E"][word] == 1.0
    with ActivityReader(tmp_path / "run" / "activity.h5") as reader:
        assert set(reader.trials()["epoch"].tolist()) == {0, 1}
    assert inspect_run(tmp_path / "run")["liveness"]["V1_E"][word] == 1.0
    assert "dead: so many" in write_report(tmp_path / "run").read_text(encoding="utf-8")


def test_a_run_goes_on_with_a_dead_population_if_it_may(tmp_path):
    folder = run(mute(liveness=None, record=Record(trials=0)), tmp_path / "run")
    assert told(folder)["status"] == "finished"
    assert measured(folder)[-1]["liveness"]["V1_E"]["silent"] == 1.0


def test_a_run_that_is_over_is_not_stopped(tmp_path):
    assert told(run(mute(record=Record(trials=0), epochs=1), tmp_path / "run"))["status"] == "finished"


def test_neurons_that_only_a_nudge_wakes_do_not_stop_a_run(tmp_path):
    """Nothing drives the output but its target: it is silent in the free phase, and active in the nudged one."""
    circuit = rewired(two_area(hidden=10), "output", LeakyRate(), 0.0)
    fixed = tuple(replace(each, plasticity=None, error=None, reads=None) for each in circuit.projections)
    circuit, strict = replace(circuit, projections=fixed), Liveness(silent=0.3, patience=1)
    both = small_experiment(circuit=circuit, protocol=two_phase(circuit), liveness=strict, record=Record(trials=0))
    assert told(run(both, tmp_path / "both"))["status"] == "finished"
    with pytest.raises(LivenessError, match=r"'output' \(100 %\) are dead"):
        run(replace(both, protocol=one_phase(circuit)), tmp_path / "free")


def test_a_backend_without_a_gradient_leaves_the_reason_in_the_run(tmp_path):
    experiment = small_experiment(backend=backends.get("reference"), task=Digits(train_trials=2, test_trials=2), epochs=1)
    assert "has no gradient" in inspect_run(run(experiment, tmp_path / "run"))["reasons"]["update_alignment"]


def test_a_run_in_progress_says_so(tmp_path):
    seen = []

    class Reader(Watcher):
        def begin(self, experiment, trials):
            seen.append((told(tmp_path / "run")["status"], trials))

    run(small_experiment(), tmp_path / "run", watcher=Reader())
    assert seen == [("running", 128)]


def test_a_watcher_is_told_of_every_batch_and_every_epoch(tmp_path):
    events = []

    class Listener(Watcher):
        def begin(self, experiment: Experiment, trials: int) -> None:
            events.append("begin")

        def trained(self, trials, score, samples_per_second):
            events.append((trials, score.trials))

        def evaluated(self, line):
            events.append(line["epoch"])

        def end(self):
            events.append("end")

    run(small_experiment(batch=40), tmp_path / "run", watcher=Listener())
    assert events == ["begin", 0, (40, 40), (64, 64), 1, (104, 40), (128, 64), 2, "end"]


def test_a_folder_that_holds_a_run_is_left_alone_unless_it_may_be_overwritten(finished, tmp_path):
    before = contents(finished)
    with pytest.raises(RecordError, match="already holds a run"):
        run(small_experiment(seed=9), finished)
    assert contents(finished) == before
    first = run(small_experiment(), tmp_path / "run")
    run(small_experiment(seed=9), first, overwrite=True)
    assert told(first)["seed"] == 9


def test_an_experiment_that_does_not_fit_its_data_overwrites_nothing(finished):
    before = contents(finished)
    experiment = small_experiment(circuit=two_area(inputs=5, hidden=10))
    with pytest.raises(bio_fa.BioFAError, match="give it 64"):
        run(experiment, finished, overwrite=True)
    assert contents(finished) == before


def test_a_run_on_the_reference_backend_leaves_the_same_kind_of_folder(tmp_path):
    experiment = small_experiment(backend=backends.get("reference"), task=Digits(train_trials=4, test_trials=2), epochs=1)
    slow = run(experiment, tmp_path / "slow")
    fast = run(replace(experiment, backend=backends.get("torch_rate", precision="float64", threads=1)), tmp_path / "fast")
    for name, w in snapshots(slow)["final"].items():
        np.testing.assert_allclose(w, snapshots(fast)["final"][name], rtol=1e-9, atol=1e-12)
