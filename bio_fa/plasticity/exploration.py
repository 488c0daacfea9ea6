"""Exploration: a synapse keeps the disturbance of its own after which things went better."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from bio_fa.ops import Quantity
from bio_fa.plasticity.base import Plasticity, Postsynaptic, Presynaptic, Product


@dataclass(frozen=True)
class Exploration(Plasticity):
    """Δw_ij = η · e · ζ_ij / σ²: e reaches all alike, ζ is the noise of this synapse. In the factors, w stands for ζ / σ².

    Source: Cauwenberghs (1993) NeurIPS 5:244–251, stochastic error descent.
    """

    rate: float = 1.0
    """η, per trial; the update scales the step."""

    synaptic: ClassVar[Literal["weight", "noise"]] = "noise"

    def factors(self, pre: Presynaptic, post: Postsynaptic, w: Quantity) -> Iterator[Product]:
        """Yield η e · 1 · ζ / σ²."""
        yield self.rate * post.error, 1, w
