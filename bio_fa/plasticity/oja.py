"""Oja: Hebbian growth with a decay that keeps the weight vector bounded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bio_fa.ops import Quantity
from bio_fa.plasticity.base import Plasticity, Postsynaptic, Presynaptic, Product


@dataclass(frozen=True)
class Oja(Plasticity):
    """Δw_ij = η · r_i · (r_j − r_i · w_ij).

    Source: Oja (1982) J. Math. Biol. 15:267–273, eq. 3.
    """

    rate: float = 1e-3
    """η, per trial."""

    def factors(self, pre: Presynaptic, post: Postsynaptic, w: Quantity) -> Iterator[Product]:
        """Yield η r_i · r_j · 1, then −η r_i² · 1 · w."""
        yield self.rate * post.activity, pre.activity, 1
        yield -self.rate * post.activity**2, 1, w
