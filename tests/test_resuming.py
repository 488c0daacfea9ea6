"""Failure aimed at: a resumed run that is another one: other weights, a hole or a repetition in its record, other settings."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bio_fa import Record
from bio_fa.checkpointing import Checkpointing
from bio_fa.config import load
from bio_fa.errors import DescriptionError, DivergenceError, PreemptionError, RecordError
from bio_fa.experiment import Experiment
from bio_fa.io.lock import NAME
from bio_fa.io.opened_run import open_run
from bio_fa.io.run_folder import RunFolder
from bio_fa.learning import LocalLearning
from bio_fa.running import Watcher, run
from bio_fa.updates import Scale
from tests.faults.damaged_runs import same
from tests.small import START, cli, environment, one_sentence, refusal, small_experiment, write_config

RECORDED = Record(trials=8, every=1, potentials=2)
EVERY_EPOCH = Checkpointing(every=1)


def experiment(**changes) -> Experiment:
    return small_experiment(**{"epochs": 3, "snapshots": 3, "record": RECORDED, "checkpoint": EVERY_EPOCH, **changes})


class Stopper(Watcher):
    """Ends the process's run after so many training trials, by an error or a signal."""

    def __init__(self, trials: int, by: type[BaseException] | signal.Signals) -> None:
        self.trials, self.by = trials, by

    def trained(self, trials, score, samples_per_second):
        if trials == self.trials:
            if isinstance(self.by, signal.Signals):
                os.kill(os.getpid(), self.by)
            else:
                raise self.by("as planned")


def stopped(folder: Path, trials: int, by=OSError, **changes) -> Path:
    """Return the folder of a run that was stopped after so many training trials of 64 an epoch."""
    with pytest.raises((OSError, KeyboardInterrupt, PreemptionError)):
        run(experiment(**changes), folder, watcher=Stopper(trials, by))
    return folder


def told(folder: Path) -> dict:
    return json.loads((folder / "run.json").read_text())


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """The run that was left alone."""
    return run(experiment(), tmp_path_factory.mktemp("runs") / "whole")


@pytest.mark.parametrize("trials", [16, 64, 80, 128, 176, 192])
def test_a_run_that_stops_anywhere_goes_on_as_if_it_never_had(whole, tmp_path, trials):
    folder = stopped(tmp_path / "run", trials)
    assert told(folder)["status"] == "failed"
    run(experiment(), folder, resume=True)
    same(folder, whole)
    assert told(folder)["status"] == "finished"
    assert told(folder)["provenance"]["created"] <= told(folder)["resumed"][0]


@pytest.mark.parametrize("checkpoint", [Checkpointing(every=2), Checkpointing(every=9), Checkpointing(seconds=1e-9)])
def test_it_does_so_however_often_checkpoints_are_left(whole, tmp_path, checkpoint):
    folder = stopped(tmp_path / "run", 176, checkpoint=checkpoint)
    run(experiment(checkpoint=checkpoint), folder, resume=True)
    same(folder, whole)


def test_within_an_epoch_it_goes_on_at_the_batch_where_it_was(tmp_path):
    """160 trials are two epochs of 64 and two batches of 16; nothing before them is learned again."""
    folder = stopped(tmp_path / "run", 160, checkpoint=Checkpointing(seconds=1e-9))
    seen = []

    class Witness(Watcher):
        def trained(self, trials, score, samples_per_second):
            seen.append((trials, score.trials))

    run(experiment(checkpoint=Checkpointing(seconds=1e-9)), folder, watcher=Witness(), resume=True)
    assert seen == [(160, 32), (176, 48), (192, 64)], "the batch at which it stopped had not been committed"


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_leaves_a_checkpoint_at_the_next_batch(whole, tmp_path, by):
    folder = stopped(tmp_path / "run", 80, by)
    assert (told(folder)["status"], told(folder)["message"]) == ("interrupted", "stopped by the system after 80 training trials")
    state = json.loads((RunFolder(folder).checkpoints.steps()[-1] / "state.json").read_text())
    assert state["step"] == 2 * (64 // 16 + 1) + 1, "the first batch of the second epoch"
    run(experiment(), folder, resume=True)
    same(folder, whole)


def test_ctrl_c_leaves_a_checkpoint_too(whole, tmp_path):
    folder = stopped(tmp_path / "run", 176, signal.SIGINT)
    assert told(folder)["message"] == "stopped by the user after 176 training trials"
    assert len(RunFolder(folder).checkpoints.steps()) == 2
    run(experiment(), folder, resume=True)
    same(folder, whole)


def test_signals_are_heeded_only_while_a_run_goes(whole, tmp_path):
    before = [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)]
    stopped(tmp_path / "run", 80, signal.SIGTERM)
    assert [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)] == before


def test_an_unfinished_run_says_so_and_its_segments_can_be_read(whole, tmp_path):
    folder = stopped(tmp_path / "run", 144)
    with open_run(folder) as found, open_run(whole) as full:
        assert found.unfinished and not full.unfinished
        assert "unfinished" in repr(found) and "unfinished" not in repr(full)
        assert found.activity("V1_E").sizes["trial"] == 3 * 8
        assert (found.activity("V1_E").values == full.activity("V1_E").values[: 3 * 8]).all()
        assert found.weights("V1_E_to_output").sizes["snapshot"] == 3
        assert found.potential("V1_E").sizes["trial"] == 9
    inspected = cli("inspect", folder)
    assert "has not ended" in inspected.stdout and inspected.exit_code == 0
    checked = cli("check", folder)
    assert "has not ended" in checked.stdout and checked.exit_code == 0
    assert "has not ended" not in cli("inspect", whole).stdout


def test_where_there_is_nothing_to_go_on_from_it_begins(whole, tmp_path):
    same(run(experiment(), tmp_path / "new", resume=True), whole)
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun" / "circuit.json").write_text("{}")
    same(run(experiment(), tmp_path / "begun", resume=True), whole)


def test_a_finished_run_is_left_as_it_is(tmp_path):
    folder = run(experiment(epochs=1), tmp_path / "run")
    before = {path: path.read_bytes() for path in folder.iterdir()}
    run(experiment(epochs=1), folder, resume=True)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_a_run_that_ended_of_itself_cannot_go_on(tmp_path):
    wild = experiment(learning=LocalLearning(Scale(1e30)))
    with pytest.raises(DivergenceError):
        run(wild, tmp_path / "run")
    assert not RunFolder(tmp_path / "run").unfinished and (tmp_path / "run" / "activity.h5").exists()
    with pytest.raises(RecordError, match="ended as diverged"):
        run(wild, tmp_path / "run", resume=True)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"batch": 8}, "batch"),
        ({"learning": LocalLearning(Scale(0.1))}, "learning.update"),
        ({"seed": 1}, "seed"),
        ({"epochs": 4}, "epochs"),
    ],
)
def test_another_experiment_is_refused_by_the_first_key_that_differs(tmp_path, change, key):
    folder = stopped(tmp_path / "run", 80)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(RecordError, match=rf"begun with another configuration: {re.escape(key)}\S* differs"):
        run(experiment(**change), folder, resume=True)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_a_damaged_checkpoint_costs_the_way_from_the_one_before_and_nothing_else(whole, tmp_path):
    folder = stopped(tmp_path / "run", 144)
    arrays = RunFolder(folder).checkpoints.steps()[-1] / "state.safetensors"
    arrays.write_bytes(arrays.read_bytes()[:-1])
    with pytest.warns(UserWarning, match="is damaged; the run goes on from step-"):
        run(experiment(), folder, resume=True)
    same(folder, whole)


def test_other_versions_of_what_computes_are_told(tmp_path, monkeypatch):
    folder = stopped(tmp_path / "run", 80)
    monkeypatch.setattr("bio_fa.io.provenance.metadata.version", lambda name: "0.0.1")
    with pytest.warns(UserWarning, match=r"was begun with .*numpy \d.*; results may differ in the last bits"):
        run(experiment(), folder, resume=True)


def test_a_folder_that_another_process_writes_is_refused_whole(whole, tmp_path):
    folder = stopped(tmp_path / "run", 80)
    lock = {"host": "elsewhere", "pid": 7, "start": None}
    (folder / NAME).write_text(json.dumps(lock))
    for options in ({"resume": True}, {"overwrite": True}, {}):
        with pytest.raises(RecordError, match="is being written by process 7 on elsewhere"):
            run(experiment(), folder, **options)
    (folder / NAME).unlink()
    run(experiment(), folder, resume=True)
    same(folder, whole)


def test_an_interrupted_run_can_be_overwritten(whole, tmp_path):
    folder = stopped(tmp_path / "run", 144)
    with pytest.raises(RecordError, match="already holds a run"):
        run(experiment(), folder)
    run(experiment(), folder, overwrite=True)
    same(folder, whole)


@pytest.mark.parametrize(("field", "value"), [("every", 0), ("seconds", 0.0), ("seconds", -1.0)])
def test_checkpoints_that_never_or_always_come_are_refused(field, value):
    with pytest.raises(DescriptionError, match=field):
        Checkpointing(**{field: value})


def test_the_command_line_resumes_and_names_the_key_that_differs(tmp_path):
    config, place = write_config(tmp_path), tmp_path / "out"
    _, planned = load(config, ["training.epochs=3"])
    with pytest.raises(OSError, match="planned"):
        settings, _ = load(config, ["training.epochs=3"])
        run(planned, place, watcher=Stopper(80, OSError), texts=settings.texts(tmp_path))
    sentence = refusal(cli("run", config, "--output", place, "--resume"))
    assert "training.epochs differs" in sentence
    assert "give one of them" in refusal(cli("run", config, "--output", place, "--resume", "--overwrite"))
    words = ("run", config, "--output", place, "--set", "training.epochs=3", "--resume")
    assert cli(*words).exit_code == 0
    again = cli(*words)
    assert again.exit_code == 0 and "has finished; nothing is left to resume" in again.stdout


def test_a_signal_ends_a_process_with_75_and_the_next_goes_on(tmp_path):
    words = ["run", str(write_config(tmp_path)), "--output", "out", "--resume", "--set", "training.epochs=100000"]
    words += ["--set", "checkpoint.every=1"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen([*START, *words], cwd=tmp_path, env=environment(), **pipes)
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("out/checkpoints/step-*")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 75
    assert "stopped by SIGTERM after a checkpoint; go on with --resume." in one_sentence(stderr)
    folder = RunFolder(tmp_path / "out")
    last, trials = folder.checkpoints.steps()[-1].name, folder.read_metrics()[-1]["trial"]
    settings, goes_on = load(folder.config)
    with pytest.raises(OSError, match="planned"):
        watcher = Stopper(trials + 2 * 64, OSError)
        run(goes_on, folder.path, watcher=watcher, texts=settings.texts(folder.path), resume=True)
    assert folder.checkpoints.steps()[-1].name > last


def test_an_experiment_says_when_it_leaves_checkpoints():
    assert replace(experiment(), checkpoint=Checkpointing(every=2)).to_table()["checkpoint"]["every"] == 2


def forged(folder: Path, change) -> None:
    """Change what every checkpoint of a run holds, and leave hashes that are right."""
    place = RunFolder(folder)
    held = place.checkpoints.newest(place.segments)
    change(held.state)
    step = max(int(path.name.removeprefix("step-")) for path in place.checkpoints.steps())
    place.checkpoints.clear()
    place.checkpoints.write(step, held)


def weights_of(state: dict) -> dict:
    return state["training"]["simulation"]["weights"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda state: state["position"].update(epoch="x"), "its position is none"),
        (lambda state: state["position"].update(batches=-1), "its position is none"),
        (lambda state: state.pop("training"), "KeyError"),
        (lambda state: weights_of(state).pop("V1_E_to_output"), "others than those of this circuit"),
        (lambda state: weights_of(state).update(V1_E_to_output=np.zeros((1, 1), "f4")), "others than those of this circuit"),
        (lambda state: weights_of(state).update(V1_E_to_output=-np.abs(weights_of(state)["V1_E_to_output"])), "are negative"),
    ],
)
def test_a_checkpoint_with_right_hashes_that_is_not_of_such_a_run_is_refused(tmp_path, change, words):
    folder = stopped(tmp_path / "run", 80)
    forged(folder, change)
    with pytest.raises((RecordError, DescriptionError), match=words):
        run(experiment(), folder, resume=True)


@pytest.mark.parametrize("table", ["x", {}, {"provenance": 3}, {"provenance": {"bio_fa": "1"}}, {"provenance": {}, "resumed": 1}])
def test_a_run_that_does_not_say_with_what_it_was_made_is_not_gone_on_with(tmp_path, table):
    folder = stopped(tmp_path / "run", 80)
    (folder / "run.json").write_text(json.dumps(table))
    with pytest.raises(RecordError, match="does not say with what the run was made; restore a copy"):
        run(experiment(), folder, resume=True)
    assert (folder / "segments").is_dir()
