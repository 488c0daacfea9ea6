"""Examination: what a few test trials tell of a circuit beside its answers: who is silent or saturated, and who spikes how much.

Every phase of these trials runs, and every spike of them is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bio_fa.circuit import Circuit
from bio_fa.neurons import RateNeuron, SpikingNeuron
from bio_fa.phase import Phase
from bio_fa.population import Population
from bio_fa.protocol import Protocol
from bio_fa.synapses import Parameters

EXAMINED = 100
"""The first so many test trials are examined. Choice: enough to meet every class, few enough to cost little."""
TOLERANCE = 0.01
"""How far below its ceiling, as a share of it, an activity is still saturated."""


def ceiling(population: Population, protocol: Protocol) -> float | None:
    """Return the activity that a neuron at its limit shows in every phase; None where there is no limit.

    A neuron that can fire once in m time steps, m its refractory time or 1, fires at its limit ⌊n / m⌋ times or more in any n.
    """
    neuron = population.neuron
    if isinstance(neuron, RateNeuron):
        return neuron.ceiling
    apart = max(protocol.steps(neuron.refractory), 1) if isinstance(neuron, SpikingNeuron) else 1
    windows = [protocol.steps(phase.window or phase.duration) for phase in protocol.phases]
    unit: float = neuron.unit_rate * protocol.dt  # type: ignore[attr-defined]
    return min(max(steps // apart, 1) / steps for steps in windows) / unit


@dataclass(frozen=True)
class Examination:
    """What the populations of a circuit did in the examined trials."""

    trials: int
    liveness: dict[str, dict[str, float | None]]
    """By population that is free in some phase, the shares of its neurons that stayed ``silent`` and ``saturated``, in all phases
    in which it is free of all trials; saturated is None where there is no ceiling."""
    spiking: dict[str, Any] | None
    """Spikes per trial; None for a circuit without. ``test`` and ``learning``: of one such trial, all populations together, its
    ``spikes``, its ``synaptic_events`` (each spike times the existing synapses that it reaches) and the mean ``rate`` of a neuron
    in hertz; ``rates``: by population in a test trial, in hertz."""


class Tally:
    """Counts what examined trials do, phase by phase."""

    def __init__(self, circuit: Circuit, protocol: Protocol) -> None:
        self.circuit, self.protocol = circuit, protocol
        self._silent: dict[str, np.ndarray] = {}
        self._saturated: dict[str, np.ndarray] = {}
        self._fired: dict[str, dict[str, np.ndarray]] = {}

    def add(self, phase: Phase, activity: Mapping[str, np.ndarray], spikes: Mapping[str, np.ndarray]) -> None:
        """Count a phase: activities (trial, neuron) of all populations, and spikes (spike, 3) of those that spike."""
        for population in self.circuit.populations:
            if population.name not in phase.clamp:
                self._judge(population, activity[population.name])
        sizes = {each.name: each.size for each in self.circuit.populations}
        self._fired[phase.name] = {name: np.bincount(each[:, 2], minlength=sizes[name]) for name, each in spikes.items()}

    def _judge(self, population: Population, activity: np.ndarray) -> None:
        name, limit = population.name, ceiling(population, self.protocol)
        silent, saturated = (activity == 0).all(axis=0), (activity >= (1 - TOLERANCE) * (limit or np.inf)).all(axis=0)
        self._silent[name] = np.logical_and(silent, self._silent.get(name, True))
        self._saturated[name] = np.logical_and(saturated, self._saturated.get(name, True))

    def result(self, trials: int, learned: Iterable[Phase], parameters: Parameters) -> Examination:
        """Return what was found in so many trials; ``learned``: the phases that a learning trial runs."""
        liveness = {name: {"silent": float(silent.mean()), "saturated": self._share(name)} for name, silent in self._silent.items()}
        return Examination(trials, liveness, self._spiking(trials, learned, parameters) if self.circuit.spiking else None)

    def _share(self, name: str) -> float | None:
        limit = ceiling(self.circuit.population(name), self.protocol)
        return None if limit is None else float(self._saturated[name].mean())

    def _spiking(self, trials: int, learned: Iterable[Phase], parameters: Parameters) -> dict[str, Any]:
        first, reach = self.protocol.phases[0], reached(self.circuit, parameters)
        rates = {name: self._cost([first], trials, {name: each})["rate"] for name, each in reach.items()}
        return {"test": self._cost([first], trials, reach), "learning": self._cost(learned, trials, reach), "rates": rates}

    def _cost(self, phases: Iterable[Phase], trials: int, reach: Mapping[str, np.ndarray]) -> dict[str, float]:
        """Return spikes, synaptic events and mean rate of one trial of these phases, for the populations in ``reach``."""
        phases, neurons = tuple(phases), sum(map(len, reach.values()))
        fired = [(self._fired[phase.name][name], each) for phase in phases for name, each in reach.items()]
        spikes = sum(int(counts.sum()) for counts, _ in fired) / trials
        events = sum(int(counts @ each) for counts, each in fired) / trials
        return {
            "spikes": spikes,
            "synaptic_events": events,
            "rate": spikes / neurons / sum(phase.duration or 0.0 for phase in phases),
        }


def reached(circuit: Circuit, parameters: Parameters) -> dict[str, np.ndarray]:
    """Return how many existing synapses a spike of each neuron reaches, (neuron,), by population that spikes."""
    leaving = {each.name: np.zeros(each.size, dtype=int) for each in circuit.populations if each.spiking}
    for projection in circuit.projections:
        if projection.pre in leaving:
            leaving[projection.pre] += parameters[projection.name].mask.sum(axis=0)
    return leaving
