"""Draws: everything that is random in a trial, drawn once with NumPy, so that every backend runs the same trial."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from bio_fa.neurons import SpikeSource, SpikingNeuron
from bio_fa.noise import NeuronNoise, Noise
from bio_fa.population import Population
from bio_fa.projection import Projection
from bio_fa.randomness import stream
from bio_fa.team import EVERYTHING, Share


@dataclass(frozen=True)
class Draws:
    """The random draws of one batch of trials: the ``number``-th that a simulation starts, from 0 (−1: none yet)."""

    seed: int
    number: int
    share: Share = EVERYTHING
    """The trials whose draws are returned; all trials of the batch are drawn, so that each has its own, whoever runs it."""

    def next(self) -> Draws:
        """Return those of the batch after this one."""
        return replace(self, number=self.number + 1)

    def initial(self, population: Population, trials: int) -> dict[str, np.ndarray]:
        """Return the state in which the spiking neurons of a population start, (trial, neuron) by variable."""
        neuron: SpikingNeuron = population.neuron  # type: ignore[assignment]
        shape, random = (self.share.count(trials), population.size), stream(self.seed, "initial", population.name, str(self.number))
        return {name: values[self.share.rows] for name, values in neuron.initial(shape, random).items()}

    def magnitudes(self, projection: Projection, mask: np.ndarray) -> np.ndarray:
        """Return weights (post, pre) of a projection whose own are drawn anew, where ``mask`` has synapses."""
        drawn: np.ndarray = projection.weights.draw(mask, stream(self.seed, "magnitudes", projection.name, str(self.number))) * mask
        return drawn

    def spikes(self, population: Population, activity: np.ndarray, phase: str, dt: float) -> Iterator[np.ndarray]:
        """Yield the spikes of a source in each time step of a phase: boolean (trial, neuron) for ``activity`` likewise."""
        source: SpikeSource = population.neuron  # type: ignore[assignment]
        whole = np.zeros((self.share.count(len(activity)), population.size), activity.dtype)
        whole[self.share.rows] = activity
        spikes = source.spikes(whole, dt, stream(self.seed, "spikes", population.name, phase, str(self.number)))
        return (fired[self.share.rows] for fired in spikes)

    def noise(self, noise: Noise, shape: tuple[int, int], phase: str) -> np.ndarray:
        """Return the draws with which ``noise`` disturbs a phase: (trial, neuron) of neurons, (post, pre) of synapses."""
        random = stream(self.seed, "noise", noise.target, phase, str(self.number))
        if not isinstance(noise, NeuronNoise):
            return noise.draw(shape, random)
        return noise.draw((self.share.count(shape[0]), shape[1]), random)[self.share.rows]

    def action(self, probabilities: np.ndarray, phase: str) -> np.ndarray:
        """Return which neuron acts, 1, and which do not, 0, for the ``probabilities`` of a population, likewise (trial, neuron)."""
        trials = self.share.count(len(probabilities))
        drawn = stream(self.seed, "action", phase, str(self.number)).random((trials, 1))[self.share.rows]
        reached = probabilities.cumsum(1)
        chosen = (reached > drawn * reached[:, -1:]).argmax(1)
        action: np.ndarray = (chosen[:, None] == np.arange(probabilities.shape[1])).astype(float)
        return action
