"""Noise: what disturbs a phase on purpose, so that synapses learn from what comes of it."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from bio_fa.description import Description
from bio_fa.ops import Quantity


@dataclass(frozen=True)
class Noise(Description, abstract=True):
    """Random numbers of mean 0 and a standard deviation, independent of each other, drawn anew for every batch of trials."""

    def validate(self) -> None:
        """Refuse noise without size."""
        self.require(self.deviation > 0, "deviation", "a standard deviation above 0")  # type: ignore[attr-defined]

    @property
    @abstractmethod
    def target(self) -> str:
        """The name of what is disturbed."""

    @abstractmethod
    def draw(self, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
        """Return the draws."""

    def score(self, drawn: Quantity) -> Quantity:
        """Return ξ / σ², in the shape of ξ = ``drawn``, with which any function of u + ξ correlates as ∂/∂u says, for small σ.

        Source: Williams (1992) Mach. Learn. 8:229–256, section 6: the characteristic eligibility of a Gaussian unit's mean.
        """
        return drawn / self.deviation**2  # type: ignore[attr-defined]


@dataclass(frozen=True)
class NeuronNoise(Noise):
    """ξ ~ N(0, σ²) is added to the current of every neuron of a population, one draw a trial and neuron, the phase long.

    Source: Werfel, Xie & Seung (2005) Neural Comput. 17:2699–2718, node perturbation.
    """

    population: str
    deviation: float = 0.1
    """σ, in units of the current."""
    alone: bool = False
    """Whether ξ stands in the place of all that the population receives, so that no stimulus has an effect on it."""

    @property
    def target(self) -> str:
        """The population."""
        return self.population

    def draw(self, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
        """Return ξ, (trial, neuron)."""
        return self.deviation * rng.standard_normal(shape)


@dataclass(frozen=True)
class SynapseNoise(Noise):
    """ζ = ±σ with random signs is added to every weight of a projection, one draw a synapse for all trials of a batch.

    Source: Cauwenberghs (1993) NeurIPS 5:244–251, perturbations of one size and random signs.
    """

    projection: str
    deviation: float = 1e-2
    """σ, in units of the weights."""

    @property
    def target(self) -> str:
        """The projection."""
        return self.projection

    def draw(self, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
        """Return ζ, (post, pre)."""
        bits = np.unpackbits(np.frombuffer(rng.bytes(-(-shape[0] * shape[1] // 8)), dtype=np.uint8), count=shape[0] * shape[1])
        return self.deviation * (2.0 * bits.reshape(shape) - 1.0)
