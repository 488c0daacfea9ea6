"""The smallest whole experiment that several tests run, and how they start the command line and read what it leaves."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from typer.testing import CliRunner, Result

from bio_fa import backends, two_phase
from bio_fa.cli import app
from bio_fa.experiment import Experiment
from bio_fa.io.run_folder import RunFolder
from bio_fa.io.weights import WeightsReader
from bio_fa.tasks import Digits
from models.two_area import two_area
from tests.source import ROOT

CONFIG = """\
name = "small"
seed = 1

[task]
kind = "digits"
train_trials = 64
test_trials = 32

[circuit]
model = "two_area"
hidden = 10

[training]
epochs = 1
batch = 16

[backend]
threads = 1
"""
HUGE = 'training.update=[{kind="scale", rate=1e30}]'
"""An override that makes the circuit diverge."""

START = [sys.executable, "-c", "from bio_fa.cli import app; app()"]


def write_config(folder: Path, text: str = CONFIG, name: str = "small.toml") -> Path:
    """Write a configuration beside a folder ``models`` that holds the small model's file."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "models").exists():
        (folder / "models").symlink_to(ROOT / "models")
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def small_experiment(**changes: Any) -> Experiment:
    """Return 64 digits for 10 hidden neurons, with some fields changed."""
    circuit = two_area(hidden=10)
    backend = backends.get("torch_rate", threads=1)
    task = Digits(train_trials=64, test_trials=32)
    experiment = Experiment("small", circuit, task, two_phase(circuit), backend, epochs=2, batch=16, snapshots=1)
    return replace(experiment, **changes)


def snapshots(folder: Path) -> dict[str, dict[str, np.ndarray]]:
    """Return all weights of a run, by snapshot and projection."""
    with WeightsReader(RunFolder(folder).weights) as reader:
        names = [each.name for each in reader.synapses]
        return {each.name: {name: reader.weights(each.name, name) for name in names} for each in reader.snapshots}


def same_weights(one: Path, other: Path) -> bool:
    """Return whether every weight of every snapshot of two runs is the same to the last bit."""
    first, second = snapshots(one), snapshots(other)
    alike = [np.array_equal(w, second[each][name]) for each, weights in first.items() for name, w in weights.items()]
    return first.keys() == second.keys() and all(alike)


def cli(*words: object) -> Result:
    """Return what the command line answers, in this process."""
    return CliRunner().invoke(app, [str(word) for word in words])


def shell(*words: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Return what the command line answers in a process of its own."""
    return subprocess.run(
        [*START, *map(str, words)], cwd=cwd, capture_output=True, text=True, env=environment(), timeout=600
    )


def environment() -> dict[str, str]:
    """Return the environment in which a process of its own finds the project."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def refusal(result: Result) -> str:
    """Return the one sentence with which the command line refused bad input, once it is sure that this is what happened."""
    assert isinstance(result.exception, SystemExit), repr(result.exception)
    assert result.exit_code == 2, result.output
    return one_sentence(result.stderr)


def one_sentence(text: str) -> str:
    """Return a text after asserting that it is one line, says who speaks and ends as a sentence does."""
    assert re.fullmatch(r"bio-fa: [^\n]+[.?]\n", text), text
    return text


def contents(folder: Path) -> dict[str, bytes | None]:
    """Return every file below a folder with its bytes, and every folder."""
    return {str(path): path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))}
