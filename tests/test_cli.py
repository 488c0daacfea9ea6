"""Aims at a command line that answers with a traceback, a wrong exit code, or words that no program can read."""

from __future__ import annotations

import json
import signal
import subprocess
import time
import tomllib
from pathlib import Path

import h5py
import numpy as np
import pytest

from bio_fa.analysis import soundness
from bio_fa.io.activity import ActivityReader
from bio_fa.io.run_folder import RunFolder
from tests.small import HUGE, START, cli, contents, environment, one_sentence, refusal, same_weights, shell, snapshots, write_config

TEXTS = ("two_area.py",)
"""The Python files that the small run leaves beside what every run leaves."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A small run that the command line made."""
    place = tmp_path_factory.mktemp("cli")
    result = cli("run", write_config(place), "--output", place / "out", "--set", "training.epochs=2")
    assert result.exit_code == 0, result.output
    return place / "out"


@pytest.fixture
def damaged(folder, tmp_path) -> Path:
    """A copy of the run, to damage."""
    copy = tmp_path / "damaged"
    copy.mkdir()
    for path in folder.iterdir():
        if path.is_file():
            (copy / path.name).write_bytes(path.read_bytes())
    return copy


def test_a_run_leaves_its_folder_with_the_report(folder):
    names = {str(path.relative_to(folder)) for path in folder.rglob("*")}
    assert {"config.toml", "run.json", "circuit.json", "metrics.jsonl", "activity.h5", "weights.h5", "report/report.html"} <= names


def test_an_override_is_in_the_effective_configuration(folder):
    assert tomllib.loads((folder / "config.toml").read_text(encoding="utf-8"))["training"]["epochs"] == 2


def test_the_effective_configuration_runs_again_to_the_same_result(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("bio_fa.analysis.write_report", lambda place: place / "report")
    result = cli("run", folder / "config.toml", "--output", tmp_path / "again", "--quiet")
    assert result.exit_code == 0, result.output
    assert same_weights(folder, tmp_path / "again")
    assert (folder / "config.toml").read_bytes() == (tmp_path / "again" / "config.toml").read_bytes()


def test_a_run_shows_its_epochs_its_outcome_and_its_report(tmp_path, monkeypatch):
    monkeypatch.setattr("bio_fa.analysis.write_report", lambda place: place / "report")
    result = cli("run", write_config(tmp_path), "--output", tmp_path / "out")
    assert "two_area: 96 neurons" in result.stdout
    assert "epoch   1   test loss" in result.stdout
    assert "small (seed 1): finished" in result.stdout
    assert result.stdout.splitlines()[-1].startswith(str(tmp_path / "out"))
    assert result.stderr == ""


def test_a_quiet_run_prints_the_path_of_its_report_only(tmp_path, monkeypatch):
    monkeypatch.setattr("bio_fa.analysis.write_report", lambda place: place / "report")
    result = cli("run", write_config(tmp_path), "--output", tmp_path / "out", "--quiet")
    assert result.stdout == f"{tmp_path / 'out' / 'report'}\n"


def test_without_output_a_run_goes_to_the_folder_of_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bio_fa.analysis.write_report", lambda place: place / "report")
    assert cli("run", write_config(tmp_path), "--quiet").exit_code == 0
    assert RunFolder.open(tmp_path / "runs" / "small").config.is_file()


SPIKES = (
    'backend.kind="torch_spiking"',
    "protocol.duration=0.02",
    "protocol.window=0.01",
    'neurons.source={kind="poisson_source"}',
    'neurons.others={output={kind="divisive_normalisation"}}',
    "record.trials=8",
    "record.potentials=2",
)
"""Overrides that make the small configuration spike."""


def overridden(*overrides: str) -> list[str]:
    return [word for each in overrides for word in ("--set", each)]


def test_a_configured_run_with_spikes_tells_their_cost_and_draws_them(tmp_path):
    place, lively = tmp_path / "out", 'neurons.neuron={kind="lif", tau=0.1}'
    result = cli("run", write_config(tmp_path), "--output", place, *overridden(*SPIKES, lively))
    assert result.exit_code == 0, result.output
    assert "synaptic events a test trial" in result.stdout
    page = (place / "report" / "report.html").read_text(encoding="utf-8")
    assert "synaptic events" in page
    drawn = {path.stem for path in (place / "report" / "figures").glob("*.png")}
    assert {"spike_raster", "membrane_traces", "firing_rate_distributions"} <= drawn
    assert "No neuron had 10 pairs of intervals" in page, "8 trials of 20 ms are too few"
    found = json.loads(cli("inspect", place, "--json").stdout)
    assert found["spiking"]["test"]["spikes"] > 0
    assert found["reasons"] == {}
    again = cli("run", place / "config.toml", "--output", tmp_path / "again", "--quiet")
    assert again.exit_code == 0, again.output
    assert same_weights(place, tmp_path / "again")


def test_a_run_whose_neurons_are_dead_is_refused_with_advice_and_can_be_inspected(tmp_path):
    place, mute = tmp_path / "out", 'neurons.neuron={kind="lif", unit_rate=1e-9}'
    result = cli("run", write_config(tmp_path), "--output", place, *overridden(*SPIKES, mute, "training.epochs=5"))
    assert "'V1_E' (100 %)" in refusal(result) and "stronger excitation" in refusal(result)
    found = json.loads(cli("inspect", place, "--json").stdout)
    assert (found["status"], found["metrics"]["epochs"]) == ("stopped", 1)
    assert found["message"] in result.stderr.removeprefix("bio-fa: ")


def test_inspect_tells_everything_as_json(folder):
    result = cli("inspect", folder, "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 0
    assert 0 <= found["metrics"]["test_error"] <= 1
    assert [found["audit"][f"{kind}_violations"] for kind in ("dale", "mask", "negative_rate")] == [0, 0, 0]
    assert found["audit"]["weight_transport"]["detected"] is not True
    assert set(found["liveness"]) == {"input", "V1_E", "V1_I", "V1_FE", "V1_FI", "output"}
    assert found["timing"]["samples_per_second"] > 0
    assert found["provenance"]["seed"] == 1
    assert (found["status"], found["dalean"], found["seed"]) == ("finished", True, 1)


def test_inspect_tells_the_same_in_words(folder):
    text = cli("inspect", folder).stdout
    assert "Dale 0, mask 0, negative rates 0" in text
    assert "under Dale's law" in text


def test_check_of_a_configuration_runs_nothing_and_writes_nothing(tmp_path, monkeypatch):
    path = write_config(tmp_path)
    monkeypatch.setattr("bio_fa.training.Training.epoch", lambda *_: pytest.fail("it ran"))
    before = contents(tmp_path)
    result = cli("check", path, "--set", "circuit.hidden=12")
    assert result.exit_code == 0, result.output
    assert "V1_E (12)" in result.stdout and "would run" in result.stdout
    assert contents(tmp_path) == before


def test_check_of_a_sound_run_passes(folder):
    result = cli("check", folder)
    assert result.exit_code == 0, result.output
    assert "Every file is what the run left" in result.stdout
    assert "dale violations 0, mask violations 0, negative_rate violations 0" in result.stdout


@pytest.mark.parametrize("value", [-1e-3, float("nan")])
def test_check_fails_when_a_stored_weight_was_made_negative_by_hand(damaged, value):
    with h5py.File(damaged / "weights.h5", "r+") as file:
        post, pre = np.argwhere(file["projections/V1_E_to_output/mask"][()])[0]
        file["snapshots/final/V1_E_to_output"][post, pre] = value
    result = cli("check", damaged)
    assert result.exit_code == soundness.CHANGED == 3, "the first check that fails decides"
    assert "weights.h5 holds other bytes" in result.stdout and "dale violations 1" in result.stdout
    RunFolder(damaged).seal(TEXTS)
    assert cli("check", damaged).exit_code == soundness.VIOLATED == 1


def test_check_fails_when_an_absent_synapse_was_given_a_weight_by_hand(damaged):
    with h5py.File(damaged / "weights.h5", "r+") as file:
        post, pre = np.argwhere(file["projections/V1_E_to_output/mask"][()] == 0)[0]
        file["snapshots/initial/V1_E_to_output"][post, pre] = 1.0
    RunFolder(damaged).seal(TEXTS)
    result = cli("check", damaged)
    assert (result.exit_code, "mask violations 1" in result.stdout) == (1, True)


def test_check_fails_when_a_recorded_rate_was_made_negative_by_hand(damaged):
    with h5py.File(damaged / "activity.h5", "r+") as file:
        file["report/V1_E/data"][0, 0] = -1.0
    RunFolder(damaged).seal(TEXTS)
    result = cli("check", damaged)
    assert (result.exit_code, "negative_rate violations 1" in result.stdout) == (1, True)


def test_check_of_a_circuit_without_signs_says_that_there_was_no_law(tmp_path, monkeypatch):
    monkeypatch.setattr("bio_fa.analysis.write_report", lambda place: place / "report")
    path = write_config(tmp_path)
    assert cli("run", path, "--output", tmp_path / "out", "--set", "circuit={model='mlp', hidden=[6]}").exit_code == 0
    assert "dale violations (no law)" in cli("check", tmp_path / "out").stdout


@pytest.mark.parametrize("missing", ["weights.h5", "activity.h5", "metrics.jsonl"])
def test_a_run_that_lacks_what_is_checked_does_not_pass(damaged, missing):
    (damaged / missing).unlink()
    result = cli("check", damaged)
    assert (result.exit_code, f"{missing} is missing" in result.stdout) == (3, True)


def test_a_run_that_diverges_ends_with_2_and_stays_readable(tmp_path):
    result = cli("run", write_config(tmp_path), "--output", tmp_path / "out", "--set", HUGE, "--set", "training.epochs=9")
    sentence = refusal(result)
    assert "trial " in sentence and "V1_E_to_output" in sentence and "lower the learning rate" in sentence
    found = json.loads(cli("inspect", tmp_path / "out", "--json").stdout)
    assert (found["status"], found["metrics"]["epochs"]) == ("diverged", 0)
    assert cli("check", tmp_path / "out").exit_code == 0


def test_a_memory_that_is_too_small_is_a_sentence(tmp_path, monkeypatch):
    def full(*_):
        raise MemoryError

    monkeypatch.setattr("bio_fa.training.Training.epoch", full)
    assert "too little memory" in refusal(cli("run", write_config(tmp_path), "--output", tmp_path / "out"))
    assert json.loads((tmp_path / "out" / "run.json").read_text())["status"] == "failed"


def test_an_interruption_in_this_process_ends_with_130(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("bio_fa.progress.ProgressBar.trained", interrupted)
    result = cli("run", write_config(tmp_path), "--output", tmp_path / "out")
    assert (result.exit_code, one_sentence(result.stderr).count("stopped by the user")) == (130, 1)


def test_ctrl_c_ends_a_process_with_130_and_its_record_is_readable(tmp_path):
    words = ["run", str(write_config(tmp_path)), "--output", "out", "--set", "training.epochs=1000000", "--set", "record.every=50"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen([*START, *words], cwd=tmp_path, env=environment(), **pipes)
    deadline = time.monotonic() + 60
    while not learned(tmp_path / "out") and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=600)
    assert process.returncode == 130
    one_sentence(stderr)
    assert json.loads((tmp_path / "out" / "run.json").read_text())["status"] == "interrupted"
    assert len(RunFolder.open(tmp_path / "out").read_metrics()) >= 3
    assert "initial" in snapshots(tmp_path / "out")
    with ActivityReader(RunFolder.open(tmp_path / "out").activity) as reader:
        assert len(reader.frames("V1_E", "free", epoch=0)) == 32
    checked = cli("check", tmp_path / "out")
    assert checked.exit_code == 0 and "has not ended" in checked.stdout


def learned(folder: Path) -> bool:
    """Return whether a run has written metrics after some epochs."""
    metrics = folder / "metrics.jsonl"
    return metrics.exists() and len(metrics.read_text().splitlines()) >= 3


def test_a_process_answers_bad_input_with_2_and_one_sentence(tmp_path):
    result = shell("run", write_config(tmp_path), "--output", "out", "--set", "trainig.epochs=3", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert "did you mean 'training'?" in one_sentence(result.stderr)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("words", [["run"], ["walk"], ["run", "a.toml", "--no-such"], ["inspect"], ["run", "a.toml", "--set"]])
def test_words_that_are_no_command_end_with_2_and_an_explanation(words):
    result = cli(*words)
    assert (result.exit_code, isinstance(result.exception, SystemExit)) == (2, True)
    assert "Error" in result.stderr and "Traceback" not in result.stderr


@pytest.mark.parametrize("command", ["run", "inspect", "check"])
def test_every_command_explains_itself(command):
    result = cli(command, "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.stdout
