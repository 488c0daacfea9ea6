"""Course: what a batch of trials is to do, and once it has run what it has left."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from bio_fa.backends.base import Frames
from bio_fa.backends.brian2_data import Noted
from bio_fa.backends.brian2_machine import Machine
from bio_fa.backends.brian2_program import Program
from bio_fa.backends.phases import Activities, Memory
from bio_fa.population import TONIC


@dataclass
class Course(Memory):
    """The memory of a batch of trials on Brian2."""

    noted: list[Noted] = field(default_factory=list)
    """The phases that were asked for."""
    ran: int = 0
    """How many of them have run."""
    frames: Frames = field(default_factory=list)
    """Of the last phase, where they were asked for."""

    def run(self, program: Program, machine: Machine) -> None:
        """Run the phases on each trial from its start, one trial after the other, and keep what they leave."""
        wanted = [*self._readings(program), *self._changes(program)]
        left: dict[tuple[str, str, str], list[np.ndarray]] = {each: [] for each in wanted}
        monitored = [*program.spiking, *program.rates] if self.noted[-1].every else []
        traces: dict[str, list[np.ndarray]] = {name: [] for name in monitored}
        for trial in range(len(next(iter(self.noted[0].inputs.values())))):
            machine.run(trial, self.noted)
            for where, values in left.items():
                values.append(machine.read(*where))
            for name, kept in traces.items():
                kept.append(self._monitored(name, program, machine))
        self._keep_means(program, machine, {where: np.stack(values) for where, values in left.items()})
        self._keep_changes(program, machine, left)
        self._keep_last(program, traces)
        self.ran = len(self.noted)

    def _names(self) -> list[str]:
        return [each.phase.name for each in self.noted]

    def _readings(self, program: Program) -> list[tuple[str, str, str]]:
        """Return the variables of neurons that keep what the phases leave."""
        counts = [("neurons", name, f"spikes_{phase}") for phase in self._names() for name in program.counting]
        averages = [each for each in program.plan.averages if each.phase in self._names()]
        return counts + [("neurons", each.population, each.name) for each in averages]

    def _changes(self, program: Program) -> list[tuple[str, str, str]]:
        """Return the variables of synapses that hold integrated products."""
        read = {each.name: program.plan.protocol.read_by(each) for each in program.plan.momentary}
        return [("synapses", name, "dw") for name, phase in read.items() if phase in self._names()]

    def _keep_means(self, program: Program, machine: Machine, found: dict[tuple[str, str, str], np.ndarray]) -> None:
        plan = program.plan
        for phase, inputs, _ in self.noted:
            trials = len(next(iter(inputs.values())))
            activity: Activities = {TONIC: np.ones((trials, 1)), **{name: inputs[name] for name in phase.clamp}}
            for name in program.spiking:
                counts = found.get(("neurons", name, f"spikes_{phase.name}"))
                counts = _of_source(program, machine, name, phase.name) if counts is None else counts
                activity[name] = counts / plan.unit_count(name, phase.name)
            self.activity[phase.name] = activity
            for average in plan.averages:
                if average.phase == phase.name:
                    kept = getattr(self, average.kind).setdefault(phase.name, {})
                    kept[average.population] = found["neurons", average.population, average.name]

    def _keep_changes(self, program: Program, machine: Machine, left: dict[tuple[str, str, str], list[np.ndarray]]) -> None:
        """Keep integrated products as arrays (post, pre), averaged over trials."""
        for where in self._changes(program):
            name, data = where[1], machine.data
            change = np.zeros(program.plan.circuit.shape(program.plan.circuit.projection(name)))
            change[data[f"{name}.post"], data[f"{name}.pre"]] = np.mean(left[where], axis=0)
            self.changes[name] = change

    def _monitored(self, name: str, program: Program, machine: Machine) -> np.ndarray:
        """Return what a monitor kept of the last phase: (step, neuron), spikes as true."""
        phase, dt = self.noted[-1].phase, program.plan.protocol.dt
        first, steps = program.plan.first_step(phase.name), program.plan.protocol.steps(phase.duration)
        at = np.round(machine.read("monitors", name, "t_") / dt).astype(int) - first
        kept = (at >= 0) & (at < steps)
        if name in program.rates:
            return machine.read("monitors", name, "rate").T[kept]
        spikes = np.zeros((steps, program.plan.circuit.population(name).size), dtype=bool)
        spikes[at[kept], machine.read("monitors", name, "i")[kept]] = True
        return spikes

    def _keep_last(self, program: Program, traces: dict[str, list[np.ndarray]]) -> None:
        """Keep the spikes of the last phase, and its frames."""
        last, self.spikes, self.frames = self.noted[-1], {}, []
        if not last.every:
            return
        by_step = {name: np.stack(kept, axis=1) for name, kept in traces.items()}
        self.spikes = {name: [np.argwhere(by_step[name])] for name in program.spiking}
        steps = program.plan.protocol.steps(last.phase.duration)
        given = {name: last.inputs[name] for name in last.phase.clamp}
        for end in range(last.every, steps + 1, last.every):
            frame = {**given, **{name: by_step[name][end - 1] for name in program.rates}}
            for name in program.spiking:
                rate = program.plan.unit_rate(name) * program.plan.protocol.dt
                frame[name] = by_step[name][end - last.every : end].mean(axis=0) / rate
            self.frames.append(frame)


def _of_source(program: Program, machine: Machine, name: str, phase: str) -> np.ndarray:
    """Return how many spikes of a source are given in the window of a phase: (trial, neuron)."""
    counts: np.ndarray = machine.data[f"trial.{name}.spikes"][:, program.plan.in_window(phase)].sum(axis=1)
    return counts
