"""Hebbian: synapses grow between neurons that are active together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bio_fa.ops import Quantity
from bio_fa.plasticity.base import Plasticity, Postsynaptic, Presynaptic, Product


@dataclass(frozen=True)
class Hebbian(Plasticity):
    """Δw_ij = η · r_i · r_j.

    Source: Hebb (1949) The Organization of Behavior, p. 62; Gerstner & Kistler (2002) Biol. Cybern. 87:404–415, its bilinear term.
    """

    rate: float = 1e-3
    """η, per trial."""

    def factors(self, pre: Presynaptic, post: Postsynaptic, w: Quantity) -> Iterator[Product]:
        """Yield η r_i · r_j · 1."""
        yield self.rate * post.activity, pre.activity, 1
