"""WeightDecay: every synapse shrinks in proportion to its weight."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bio_fa.ops import Quantity
from bio_fa.plasticity.base import Plasticity, Postsynaptic, Presynaptic, Product


@dataclass(frozen=True)
class WeightDecay(Plasticity):
    """Δw_ij = −λ · w_ij.

    Source: Krogh & Hertz (1991) NeurIPS 4:950–957.
    """

    rate: float = 1e-4
    """λ, per trial, in [0, 1]."""

    def validate(self) -> None:
        """Refuse a decay that would grow or overshoot."""
        self.require(0 <= self.rate <= 1, "rate", "a decay in [0, 1] per trial")

    def factors(self, pre: Presynaptic, post: Postsynaptic, w: Quantity) -> Iterator[Product]:
        """Yield −λ · 1 · w."""
        yield -self.rate, 1, w
