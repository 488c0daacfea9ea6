"""Data: what a program reads, as arrays by name: who contacts whom, weights, and the starts of trials.

``<projection>.pre``, ``.post`` and ``.w`` are (synapse,); ``trial.<population>.<variable>`` is (trial, neuron) and
``trial.<population>.spikes`` (trial, step, neuron), the steps counted from the start of the trial.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np

from bio_fa.backends.brian2_program import Program
from bio_fa.backends.phases import Activities
from bio_fa.draws import Draws
from bio_fa.neurons import SpikeSource, SpikingNeuron
from bio_fa.phase import Phase
from bio_fa.population import Population

Data = dict[str, np.ndarray]
"""Arrays by the names that a program uses."""


class Noted(NamedTuple):
    """A phase that is to run on a batch of trials."""

    phase: Phase
    inputs: Activities
    """(trial, neuron) by population."""
    every: int = 0
    """The time steps of a frame; 0: no frames, and no spikes are kept."""

    @property
    def given(self) -> dict[tuple[str, str], np.ndarray]:
        """What the phase gives: by population, its activity (as ``rate`` or ``given``) or its ``target``."""
        clamped = {(name, role): self.inputs[name] for name in self.phase.clamp for role in ("rate", "given")}
        return clamped | {(nudge.population, "target"): self.inputs[nudge.population] for nudge in self.phase.nudge}


def weights(program: Program, w: Mapping[str, np.ndarray], masks: Mapping[str, np.ndarray]) -> Data:
    """Return who contacts whom and the weights, from arrays (post, pre) by projection."""
    data: Data = {}
    for name in dict.fromkeys(each.name for each in (*program.plan.projections, *program.plan.injected)):
        post, pre = np.nonzero(masks[name])
        data |= {f"{name}.pre": pre, f"{name}.post": post, f"{name}.w": w[name][post, pre]}
    return data


def starts(program: Program, noted: Sequence[Noted], draws: Draws) -> Data:
    """Return the random starts, the source spikes, the given activities and the targets of a batch of trials."""
    trials = len(next(iter(noted[0].inputs.values())))
    given = {where: values for each in reversed(noted) for where, values in each.given.items()}
    data: Data = {}
    for population in program.plan.circuit.populations:
        name = population.name
        drawn = draws.initial(population, trials) if isinstance(population.neuron, SpikingNeuron) else {}
        wanted = [variable for owner, variable in program.starts if owner == name]
        for each in dict.fromkeys([*wanted, *(["rate"] if name in program.injected else [])]):
            values = drawn.get(each, given.get((name, each)))
            data[f"trial.{name}.{each}"] = np.zeros((trials, population.size)) if values is None else values
        if isinstance(population.neuron, SpikeSource):
            data[f"trial.{name}.spikes"] = _spikes(program, population, noted, draws)
    return data


def _spikes(program: Program, population: Population, noted: Sequence[Noted], draws: Draws) -> np.ndarray:
    """Return the spikes of a source in all phases, (trial, step, neuron); none in those that are not to run."""
    plan, name = program.plan, population.name
    activity = [each.inputs[name] for each in noted]
    trains = np.zeros((len(activity[0]), plan.steps, population.size), dtype=bool)
    for each, rates in zip(noted, activity, strict=True):
        first, steps = plan.first_step(each.phase.name), plan.protocol.steps(each.phase.duration)
        drawn = draws.spikes(population, rates, each.phase.name, plan.protocol.dt)
        trains[:, first : first + steps] = np.stack(list(islice(drawn, steps)), axis=1)
    return trains
