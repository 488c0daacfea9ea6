"""Spike sources: populations whose spikes encode an activity that is given. They have no state of their own to move."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bio_fa.neurons.base import Neuron


@dataclass(frozen=True)
class SpikeSource(Neuron, abstract=True):
    """Neurons that turn an activity r into spikes at the mean rate r ν₁. Only a clamped population can be a source.

    The spikes are drawn with NumPy, step by step, and are the same on every backend. (To inject an activity as a current
    instead, without spikes, give the clamped population rate neurons.)
    """

    unit_rate: float = 100.0
    """ν₁, the firing rate in hertz that encodes activity 1."""
    trace_tau: float = 20e-3
    """The time constant in seconds of the trace that plasticity senses."""

    def validate(self) -> None:
        """Refuse a rate or time constant that is not positive."""
        self.require(self.unit_rate > 0, "unit_rate", "a rate above 0 Hz")
        self.require(self.trace_tau > 0, "trace_tau", "a time constant above 0 s")

    def time_constants(self) -> dict[str, float]:
        """Return the trace's."""
        return {"trace_tau": self.trace_tau}

    @abstractmethod
    def spikes(self, activity: np.ndarray, dt: float, random: np.random.Generator) -> Iterator[np.ndarray]:
        """Yield, for ever, the spikes of the next time step: boolean (trial, neuron) for ``activity`` (trial, neuron) ≥ 0."""


@dataclass(frozen=True)
class PoissonSource(SpikeSource):
    """In each time step a neuron fires with probability r ν₁ dt (at most 1), whatever it did before.

    Source: Dayan & Abbott (2001) Theoretical Neuroscience, section 1.4, the Poisson spike generator.
    """

    def spikes(self, activity: np.ndarray, dt: float, random: np.random.Generator) -> Iterator[np.ndarray]:
        """Yield Poisson spikes."""
        probability = (activity * (self.unit_rate * dt)).astype(np.float32)
        while True:
            yield random.random(activity.shape, dtype=np.float32) < probability


@dataclass(frozen=True)
class RegularSource(SpikeSource):
    """Spikes at even distances 1 / (r ν₁), from a random phase on: neuron n fires when r ν₁ t + φ passes a whole number.

    Choice: the least noisy code; random phases keep neurons from firing together.
    """

    def spikes(self, activity: np.ndarray, dt: float, random: np.random.Generator) -> Iterator[np.ndarray]:
        """Yield regular spikes, at most one per time step."""
        phase, advance = random.random(activity.shape), np.minimum(activity * self.unit_rate * dt, 1)
        while True:
            phase = phase + advance
            fired = phase >= 1
            phase = phase - fired
            yield fired
