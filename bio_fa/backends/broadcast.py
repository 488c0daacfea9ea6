"""Broadcast: what scalars tell all neurons alike of a disturbed phase, and the noise of synapses that made it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from bio_fa.backends.phases import Activities, Memory
from bio_fa.circuit import Circuit
from bio_fa.credit import Broadcast, LossRise, Reward
from bio_fa.draws import Draws
from bio_fa.losses import loss_of
from bio_fa.noise import NeuronNoise, SynapseNoise
from bio_fa.ops import Quantity
from bio_fa.phase import Phase

Convert = Callable[[np.ndarray], Quantity]
"""Makes a NumPy array one of a backend's own kind."""
REWARD = ("", "reward")
"""Where the running average of the reward stands among those of activities."""


def shaken(phase: Phase, weights: Mapping[str, Quantity], masks: Mapping[str, Quantity], draws: Draws, make: Convert) -> Activities:
    """Return the noise (post, pre) of the synapses that a phase disturbs, by projection; absent synapses have none."""
    noises = [each for each in phase.noise if isinstance(each, SynapseNoise)]
    shapes = {each.target: tuple(weights[each.target].shape) for each in noises}
    return {each.target: make(draws.noise(each, shapes[each.target], phase.name)) * masks[each.target] for each in noises}


class Judged(NamedTuple):
    """A batch of trials, of which a scalar tells how well they went."""

    circuit: Circuit
    phases: Mapping[str, Phase]
    memory: Memory
    target: Quantity
    """(trial, output)"""
    draws: Draws
    make: Convert
    numpy: Callable[[Quantity], np.ndarray]

    def errors(self, credit: Broadcast, population: str, average: Quantity) -> Quantity:
        """Return e (trial, neuron) of a population; ``average`` is that of the reward in trials before."""
        if isinstance(credit, Reward):
            scalar = credit.scalar(self.reward(credit), average)
            chosen = population == self.circuit.output
            score = credit.choice(self._action(credit), self._output(credit.phase)) if chosen else self._score(credit, population)
            return credit.of(scalar, score)
        assert isinstance(credit, LossRise)
        scalar = credit.scalar(self._loss(credit.phase), self._loss(credit.against))
        return credit.of(scalar, self._score(credit, population))

    def reward(self, credit: Reward) -> Quantity:
        """Return R (trial, 1)."""
        return credit.reward(self._action(credit), self.target)

    def _output(self, phase: str) -> Quantity:
        return self.memory.activity[phase][self.circuit.output]

    def _loss(self, phase: str) -> Quantity:
        return loss_of(self.circuit).per_trial(self._output(phase), self.target)[:, None]

    def _action(self, credit: Reward) -> Quantity:
        return self.make(self.draws.action(np.asarray(self.numpy(self._output(credit.phase)), dtype=float), credit.phase))

    def _score(self, credit: Broadcast, population: str) -> Quantity:
        """Return ξ / σ² (trial, neuron); 1 of neurons that no noise moved."""
        for noise in self.phases[credit.phase].noise:
            if isinstance(noise, NeuronNoise) and noise.target == population:
                return noise.score(self.memory.noise[credit.phase][population])
        size = self.circuit.population(population).size
        return self.make(np.ones((len(self.target), size)))
