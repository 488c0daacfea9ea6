"""Connectivity: who contacts whom, drawn once and kept for ever."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from bio_fa.description import Description

Mask = np.ndarray
"""Which synapses exist: (post, pre), boolean."""


@dataclass(frozen=True)
class Connectivity(Description, abstract=True):
    """A pattern of existing synapses between two populations."""

    @abstractmethod
    def draw(self, post: int, pre: int, rng: np.random.Generator) -> Mask:
        """Return the mask (post, pre) for populations of these sizes."""

    @abstractmethod
    def in_degree(self, pre: int) -> float:
        """Return the expected number of synapses that one postsynaptic neuron receives."""


@dataclass(frozen=True)
class AllToAll(Connectivity):
    """Every neuron contacts every neuron."""

    def draw(self, post: int, pre: int, rng: np.random.Generator) -> Mask:
        """Return a mask of ones."""
        return np.ones((post, pre), dtype=bool)

    def in_degree(self, pre: int) -> float:
        """Return ``pre``."""
        return float(pre)


@dataclass(frozen=True)
class FixedProbability(Connectivity):
    """Each synapse exists with probability ``density``, independently.

    Source: Erdős & Rényi (1959) Publ. Math. Debrecen 6:290–297.
    """

    density: float = 0.5

    def validate(self) -> None:
        """Refuse a density outside (0, 1]."""
        require_density(self)

    def draw(self, post: int, pre: int, rng: np.random.Generator) -> Mask:
        """Return one draw a synapse."""
        return rng.random((post, pre)) < self.density

    def in_degree(self, pre: int) -> float:
        """Return density × pre."""
        return self.density * pre


@dataclass(frozen=True)
class FixedInDegree(Connectivity):
    """Each postsynaptic neuron keeps the same share of its possible synapses: exactly round(density × pre), at least 1.

    Choice: half of the synapses are then absent from *every* neuron, and no neuron is left without input by chance.
    """

    density: float = 0.5

    def validate(self) -> None:
        """Refuse a density outside (0, 1]."""
        require_density(self)

    def draw(self, post: int, pre: int, rng: np.random.Generator) -> Mask:
        """Return, for each postsynaptic neuron, a random choice of presynaptic partners."""
        ranks = rng.random((post, pre)).argsort(axis=1).argsort(axis=1)
        return ranks < self.in_degree(pre)

    def in_degree(self, pre: int) -> float:
        """Return round(density × pre), at least 1."""
        return float(max(1, round(self.density * pre)))


@dataclass(frozen=True)
class OneToOne(Connectivity):
    """Neuron k contacts neuron k modulo the size of the smaller population."""

    def draw(self, post: int, pre: int, rng: np.random.Generator) -> Mask:
        """Return the (wrapped) identity."""
        smaller = min(post, pre)
        mask: Mask = np.equal.outer(np.arange(post) % smaller, np.arange(pre) % smaller)
        return mask

    def in_degree(self, pre: int) -> float:
        """Return 1: exact where the presynaptic population is not the larger one."""
        return 1.0


def require_density(connectivity: FixedProbability | FixedInDegree) -> None:
    """Refuse a share of existing synapses outside (0, 1]."""
    connectivity.require(0 < connectivity.density <= 1, "density", "a share of existing synapses in (0, 1]")
