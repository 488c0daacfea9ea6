"""Machine: runs the text of a program, step by step or compiled as a whole, and reads what a trial leaves."""

from __future__ import annotations

import linecache
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import CodeType
from typing import Any

import brian2
import numpy as np
from brian2.devices.cpp_standalone.device import CPPStandaloneDevice

from bio_fa.backends.brian2_data import Data, Noted
from bio_fa.backends.brian2_library import WORDS, Prepared, Train, active, settings
from bio_fa.backends.brian2_program import Program
from bio_fa.errors import BackendError
from bio_fa.population import TONIC


class Machine(ABC):
    """A program that runs trials; ``data`` may change between them, but for who contacts whom."""

    def __init__(self, program: Program, data: Data) -> None:
        self.program, self.data, self.space = program, data, dict[str, Any]()

    def _make(self) -> None:
        """Make the network."""
        words = {word: getattr(brian2, word) for word in WORDS}
        self.space |= {**words, "Network": Prepared, "TimedArray": Train, "np": np, "data": self.data}
        exec(_compiled(self.program), self.space)
        self.space["weigh"]()

    @abstractmethod
    def weigh(self) -> None:
        """Take over the weights in ``data``."""

    @abstractmethod
    def run(self, trial: int, phases: Sequence[Noted]) -> None:
        """Run phases of a trial from its start."""

    @abstractmethod
    def read(self, kind: str, name: str, variable: str) -> np.ndarray:
        """Return what the last trial left: a variable of one of the ``neurons``, ``synapses`` or ``monitors``."""


class Runtime(Machine):
    """Runs step by step, with NumPy or with compiled steps."""

    def __init__(self, program: Program, data: Data, target: str = "numpy") -> None:
        super().__init__(program, data)
        self.target = target
        with settings(target):
            self._make()
            self.space["run"](0)
            self.space["network"].store()

    def weigh(self) -> None:
        """Take over the weights in ``data``."""
        self.space["network"].restore()
        self.space["weigh"]()
        self.space["network"].store()

    def run(self, trial: int, phases: Sequence[Noted]) -> None:
        """Run phases of a trial from its start."""
        with settings(self.target):
            self.space["network"].restore()
            self.space["load"](trial)
            for noted in phases:
                self._give({where: values[trial] for where, values in noted.given.items()})
                for monitor in self.space["monitors"].values():
                    monitor.active = noted.every > 0
                self.space[f"run_{noted.phase.name}"]()

    def _give(self, given: Mapping[tuple[str, str], np.ndarray]) -> None:
        """Give a phase its activities and targets."""
        for name, variable in self.program.starts:
            if (name, variable) in given:
                setattr(self.space["neurons"][name], variable, given[name, variable])
        for name in self.program.injected:
            self.space["inject"](name, given[name, "rate"])

    def read(self, kind: str, name: str, variable: str) -> np.ndarray:
        """Return what the last trial left."""
        return np.array(getattr(self.space[kind][name], variable)[:])


class Standalone(Machine):
    """Runs each trial as one compiled program, which is built once, in a temporary folder. It always runs every phase."""

    def __init__(self, program: Program, data: Data, threads: int = 0) -> None:
        super().__init__(program, data)
        self.threads, self.device = threads, CPPStandaloneDevice()
        self.folder = tempfile.TemporaryDirectory(prefix="brian2_")

    def weigh(self) -> None:
        """Take over the weights in ``data``: every trial does."""

    def run(self, trial: int, phases: Sequence[Noted]) -> None:
        """Run phases of a trial from its start."""
        for where in {where for noted in phases for where in noted.given}:
            given = [noted.given[where][trial] for noted in phases if where in noted.given]
            if any(not np.array_equal(each, given[0]) for each in given):
                raise BackendError("brian2: phases of a trial have different inputs, which standalone cannot give; choose numpy.")
        with settings("numpy", self.threads), active(self.device):
            if not self.device.has_been_run:
                self._build()
            self.device.run(self.folder.name, with_output=False, run_args=self._arguments(trial))
            for name in self.device.run_args_arrays:
                Path(self.folder.name, "static_arrays", name).unlink(missing_ok=True)

    def _build(self) -> None:
        self._make()
        self.space["load"](0)
        for phase in self.space["PHASES"]:
            phase()
        self.device.build(self.folder.name, run=False, with_output=False)

    def _arguments(self, trial: int) -> dict[Any, np.ndarray]:
        """Return what a trial starts with, by Brian2's variable."""
        neurons, data = self.space["neurons"], self.data
        starts = {getattr(neurons[name], each): data[f"trial.{name}.{each}"][trial] for name, each in self.program.starts}
        trains = {train: data[f"trial.{name}.spikes"][trial] for name, train in self.space["spikes"].items()}
        weights = {each.w: data[f"{name}.w"] for name, each in self.space["synapses"].items()}
        rates = {name: data[f"trial.{name}.rate"][trial] for name in self.program.injected} | {TONIC: np.ones(1)}
        steady = [each for name in self.space["STEADY"] for each in self.space["steady"](name, rates[name])]
        return {**starts, **trains, **weights, **{getattr(group, each): current for group, each, current in steady}}

    def read(self, kind: str, name: str, variable: str) -> np.ndarray:
        """Return what the last trial left."""
        with active(self.device):
            return np.array(getattr(self.space[kind][name], variable)[:])


def _compiled(program: Program) -> CodeType:
    """Return a program's code; its lines appear in tracebacks."""
    name = f"<{program.plan.circuit.name} for Brian2>"
    linecache.cache[name] = (len(program.text), None, program.text.splitlines(keepends=True), name)
    return compile(program.text, name, "exec")
