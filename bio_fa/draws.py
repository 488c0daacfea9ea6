"""Draws: everything that is random in a trial, drawn once with NumPy, so that every backend runs the same trial."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bio_fa.neurons import SpikeSource, SpikingNeuron
from bio_fa.population import Population
from bio_fa.randomness import stream


@dataclass(frozen=True)
class Draws:
    """The random draws of one batch of trials: the ``number``-th that a simulation starts, from 0 (−1: none yet)."""

    seed: int
    number: int

    def next(self) -> Draws:
        """Return those of the batch after this one."""
        return Draws(self.seed, self.number + 1)

    def initial(self, population: Population, trials: int) -> dict[str, np.ndarray]:
        """Return the state in which the spiking neurons of a population start, (trial, neuron) by variable."""
        neuron: SpikingNeuron = population.neuron  # type: ignore[assignment]
        return neuron.initial((trials, population.size), stream(self.seed, "initial", population.name, str(self.number)))

    def spikes(self, population: Population, activity: np.ndarray, phase: str, dt: float) -> Iterator[np.ndarray]:
        """Yield the spikes of a source in each time step of a phase: boolean (trial, neuron) for ``activity`` likewise."""
        source: SpikeSource = population.neuron  # type: ignore[assignment]
        return source.spikes(activity, dt, stream(self.seed, "spikes", population.name, phase, str(self.number)))
