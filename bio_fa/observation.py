"""Observation: what test trials do in all of their phases, recorded or examined. Nothing is learned from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import final

import numpy as np

from bio_fa.backends.base import Frames, Potentials
from bio_fa.examination import EXAMINED, Examination, Tally
from bio_fa.phase import Phase
from bio_fa.recorder import POTENTIAL_TRIALS
from bio_fa.tasks import Batch
from bio_fa.training import Training

FRAME_NUMBERS = 1 << 24
"""How many numbers the recorded frames of trials that run side by side may hold: 64 MB."""

Arrays = dict[str, np.ndarray]
"""By population."""


@dataclass(frozen=True)
class Observed:
    """What recorded trials did that ran side by side, by phase and population."""

    batch: Batch
    frames: dict[str, Arrays] = field(default_factory=dict)
    """(time, trial, neuron)."""
    spikes: dict[str, Arrays] = field(default_factory=dict)
    """(spike, 3) [step, trial, neuron]."""
    potentials: dict[str, dict[str, Arrays]] = field(default_factory=dict)
    """(time, trial, neuron) of the first trials and neurons, by name, then by phase and population; in the first batch only."""
    variables: dict[str, dict[str, Arrays]] = field(default_factory=dict)
    """(1, trial, neuron) by variable, then by phase and population."""

    @property
    def size(self) -> int:
        """How many bytes it holds."""
        kept = (self.frames, self.spikes, *self.potentials.values(), *self.variables.values())
        return sum(array.nbytes for phases in kept for arrays in phases.values() for array in arrays.values())


def record(training: Training) -> Iterator[Observed]:
    """Yield what the record asks for of test trials, a batch at a time."""
    wanted = training.experiment.record
    with training.aside():
        for number, batch in enumerate(training.dataset.test.first(wanted.trials).batches(_side_by_side(training))):
            observer = Observer(training, batch, probes=number == 0 and wanted.potentials > 0)
            for phase in training.protocol.phases:
                observer.run(phase)
            yield observer.observed()


@final
class Observer:
    """Runs the phases of one batch of trials, and keeps of them what the record asks for.

    Args:
        training: the circuit.
        batch: the trials.
        probes: whether potentials are kept.
        learns: whether these are learning trials, of which only activity and spikes are.
    """

    def __init__(self, training: Training, batch: Batch, probes: bool = False, learns: bool = False) -> None:
        self._training, self._probes, self._learns = training, probes, learns
        self._record, self._circuit = training.experiment.record, training.circuit
        self._observed = Observed(batch)

    def run(self, phase: Phase) -> None:
        """Run a phase of the protocol."""
        training, observed, kept = self._training, self._observed, self._training.kept
        steps = kept.steps.get(phase.name, 0)
        frames, potentials = self._run(phase, steps)
        if steps:
            observed.frames[phase.name] = kept.stack([_activities(training, kept.populations, phase)] if kept.windowed else frames)
            observed.spikes[phase.name] = _spikes(training, kept.spiking)
            if self._probes:
                self._keep_potentials(phase, potentials)
        for variable in () if self._learns else self._record.variables:
            if variable != "error" and steps:
                self._sense(variable, phase.name)

    def observed(self) -> Observed:
        """Return what was observed, once all phases have run."""
        if "error" in self._record.variables and not self._learns:
            self._sense("error", self._training.protocol.plastic)
        return self._observed

    def _run(self, phase: Phase, every: int) -> tuple[Frames, Potentials]:
        """Run a phase; return its frames and potentials. Variables are those of the plain way to run it, which keeps them all."""
        training, inputs = self._training, self._training.inputs(self._observed.batch)
        if self._probes or (self._record.variables and not self._learns):
            size = (POTENTIAL_TRIALS, self._record.potentials) if self._probes else (0, 0)
            training.state, frames, potentials = training.simulation.probe(training.state, phase, inputs, max(every, 1), *size)
            return frames, potentials
        training.state, frames = training.simulation.run(training.state, phase, inputs, every)
        return frames, {}

    def _keep_potentials(self, phase: Phase, potentials: Potentials) -> None:
        wanted, protocol = self._record, self._training.protocol
        for name in wanted.potential_names(self._circuit, protocol):
            owners = wanted.potential_list(self._circuit, protocol, name)
            self._observed.potentials.setdefault(name, {})[phase.name] = {each.name: potentials[name][each.name] for each in owners}

    def _sense(self, variable: str, phase: str) -> None:
        training, populations = self._training, self._record.variable_list(variable, self._circuit)
        sensed = {each.name: training.simulation.sensed(training.state, variable, each.name, phase) for each in populations}
        kept = {name: values[np.newaxis] for name, values in sensed.items()}
        self._observed.variables.setdefault(variable, {})[phase] = kept


def examine(training: Training) -> Examination:
    """Return what the first test trials tell beside their answers."""
    circuit, protocol = training.circuit, training.protocol
    batch = next(training.dataset.test.first(EXAMINED).batches(training.side_by_side))
    tally, names = Tally(circuit, protocol), [each.name for each in circuit.populations]
    with training.aside():
        for phase in protocol.phases:
            every = protocol.steps(phase.duration) if circuit.spiking else 0
            training.state, _ = training.simulation.run(training.state, phase, training.inputs(batch), every)
            spiking = [each.name for each in circuit.populations if each.spiking]
            tally.add(phase, _activities(training, names, phase), _spikes(training, spiking))
    return tally.result(len(batch.trial), training.learning.phases(protocol), training.parameters())


def _side_by_side(training: Training) -> int:
    """Return how many recorded trials run side by side, so that their frames stay in memory."""
    wanted, protocol = training.experiment.record, training.protocol
    sizes = [(protocol.steps(each.duration) or 1, wanted.frame_steps(training.circuit, protocol, each)) for each in protocol.phases]
    numbers = sum(steps // stride for steps, stride in sizes) * sum(each.size for each in training.circuit.populations)
    return min(training.side_by_side, max(FRAME_NUMBERS // numbers, POTENTIAL_TRIALS))


def _activities(training: Training, populations: Iterable[str], phase: Phase) -> Arrays:
    return {name: training.simulation.activity(training.state, name, phase.name) for name in populations}


def _spikes(training: Training, populations: Iterable[str]) -> Arrays:
    return {name: training.simulation.spikes(training.state, name) for name in populations}
