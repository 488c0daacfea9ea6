"""Observation: what test trials do in all of their phases, recorded or examined. Nothing is learned from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

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
    """What recorded test trials did that ran side by side, by phase and population."""

    batch: Batch
    frames: dict[str, Arrays] = field(default_factory=dict)
    """(time, trial, neuron)."""
    spikes: dict[str, Arrays] = field(default_factory=dict)
    """(spike, 3) [step, trial, neuron]."""
    potentials: dict[str, Arrays] = field(default_factory=dict)
    """(time, trial, neuron), of the first trials and neurons; in the first batch only."""


def record(training: Training) -> Iterator[Observed]:
    """Yield what the record asks for, a batch of test trials at a time."""
    wanted = training.experiment.record
    with training.aside():
        for number, batch in enumerate(training.dataset.test.first(wanted.trials).batches(_side_by_side(training))):
            yield _observe(training, batch, probed=number == 0 and wanted.potentials > 0)


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


def _observe(training: Training, batch: Batch, probed: bool) -> Observed:
    """Run all phases of a batch and keep what the record asks for."""
    wanted, circuit, protocol, taken = training.experiment.record, training.circuit, training.protocol, Observed(batch)
    spiking = [each.name for each in wanted.spiking_list(circuit)]
    membranes = [each.name for each in wanted.potential_list(circuit, protocol)]
    for phase in protocol.phases:
        potentials = _run(training, phase, batch, probed, taken.frames)
        if phase.name in wanted.phase_names(protocol):
            taken.spikes[phase.name] = _spikes(training, spiking)
            taken.potentials[phase.name] = {name: potentials[name] for name in membranes if probed}
    return taken


def _run(training: Training, phase: Phase, batch: Batch, probed: bool, frames: dict[str, Arrays]) -> Arrays:
    """Run a phase, add its frames where they are recorded, and return its potentials where it is probed."""
    wanted, circuit = training.experiment.record, training.circuit
    recorded, inputs = phase.name in wanted.phase_names(training.protocol), training.inputs(batch)
    every, potentials = wanted.frame_steps(circuit, training.protocol, phase), Arrays()
    if probed:
        size = POTENTIAL_TRIALS, wanted.potentials
        training.state, taken, potentials = training.simulation.probe(training.state, phase, inputs, every, *size)
    else:
        training.state, taken = training.simulation.run(training.state, phase, inputs, every if recorded else 0)
    if recorded:
        names = [each.name for each in wanted.population_list(circuit)]
        kept = [_activities(training, names, phase)] if wanted.windowed(circuit) else taken
        frames[phase.name] = wanted.stack(kept, circuit)
    return potentials


def _activities(training: Training, populations: list[str], phase: Phase) -> Arrays:
    return {name: training.simulation.activity(training.state, name, phase.name) for name in populations}


def _spikes(training: Training, populations: list[str]) -> Arrays:
    return {name: training.simulation.spikes(training.state, name) for name in populations}


