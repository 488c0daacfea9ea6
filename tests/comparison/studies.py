"""The smallest whole comparison that several tests carry out, and how they watch and disturb it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from bio_fa.comparison.board import Board
from bio_fa.comparison.cells import study_of
from bio_fa.comparison.comparing import planned_runs
from bio_fa.comparison.comparison import Comparison
from bio_fa.comparison.job import Event
from bio_fa.comparison.plan import Plan
from bio_fa.io.lock import NAME
from tests.small import START, environment

BASE = {
    "task": {"kind": "digits", "train_trials": 64, "test_trials": 32},
    "circuit": {"hidden": [10]},
    "training": {"epochs": 1, "batch": 16},
    "record": {"trials": 2},
    "liveness": False,
}
RULES = ("backpropagation", "feedback_alignment")
TOML = """\
name = "small"
rules = ["backpropagation", "feedback_alignment"]
seeds = 2
reference = "backpropagation"
threshold = 0.9

[base]
task = { kind = "digits", train_trials = 64, test_trials = 32 }
circuit = { hidden = [10] }
training = { epochs = 1, batch = 16 }
record = { trials = 2 }
liveness = false
"""


def comparison(**changes: Any) -> Comparison:
    """Return two rules with two seeds on 64 digits, with some fields changed."""
    fields = {"name": "small", "base": BASE, "rules": RULES, "seeds": 2, "reference": "backpropagation", **changes}
    return Comparison(**fields)


def planned(output: Path, **changes: Any) -> Plan:
    """Return the plan of that comparison."""
    return planned_runs(study_of(comparison(**changes), Path()), output)


LASTING = 120
"""Epochs of a run that lasts some seconds."""


def lasting(epochs: int = LASTING) -> dict[str, Any]:
    """Return the base of runs that last some seconds, to be disturbed meanwhile, and leave a checkpoint after every epoch."""
    return {**BASE, "training": {"epochs": epochs, "batch": 16}, "checkpoint": {"every": 1}}


def told(place: Path | str) -> dict[str, Any]:
    """Return what a run's folder says of it."""
    return json.loads((Path(place) / "run.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def writer(place: Path | str) -> int | None:
    """Return the process that writes a run's folder once it has left a checkpoint after some learning; None: there is none."""
    try:
        process = int(json.loads((Path(place) / NAME).read_text(encoding="utf-8"))["pid"])
    except (OSError, ValueError):
        return None
    return process if any(each.name != "step-0" for each in Path(place).glob("checkpoints/step-*")) else None


class Disturber(Board):
    """Says nothing, and does something to the first run of which a process has left a checkpoint."""

    def __init__(self, plan: Plan, disturb: Callable[[int], None], times: int = 1) -> None:
        super().__init__(Console(quiet=True), plan)
        self.disturb, self.times, self.ended = disturb, times, list[Event]()

    def show(self, event: Event | None) -> None:
        """Remember what ended, and disturb what goes."""
        if event is not None and event.what == "ended":
            self.ended.append(event)
        for run in self.plan.runs if self.times else ():
            process = writer(run.place)
            if process is not None:
                self.times -= 1
                return self.disturb(process)


def kill(process: int) -> None:
    """Kill a process so that it can do nothing about it."""
    os.kill(process, signal.SIGKILL)


def started(folder: Path, *words: object) -> subprocess.Popen[str]:
    """Return a process of its own in which the command line compares in a folder."""
    command = [*START, "compare", *map(str, words)]
    return subprocess.Popen(command, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
