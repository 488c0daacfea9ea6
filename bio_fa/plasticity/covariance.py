"""Covariance: synapses grow where activities depart together from their averages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bio_fa.ops import Quantity
from bio_fa.plasticity.base import Plasticity, Postsynaptic, Presynaptic, Product


@dataclass(frozen=True)
class Covariance(Plasticity):
    """Δw_ij = η · (r_i − r̄_i) · (r_j − r̄_j), with r̄ the running average over past trials.

    Source: Sejnowski (1977) J. Math. Biol. 4:303–321, the covariance rule.
    """

    rate: float = 1e-3
    """η, per trial."""

    def factors(self, pre: Presynaptic, post: Postsynaptic, w: Quantity) -> Iterator[Product]:
        """Yield η (r_i − r̄_i) · (r_j − r̄_j) · 1."""
        yield self.rate * (post.activity - post.mean), pre.activity - pre.mean, 1
