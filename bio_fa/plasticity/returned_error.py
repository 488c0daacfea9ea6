"""ReturnedError: a feedback synapse learns from the error that it brings and the activity that it meets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bio_fa.ops import Quantity
from bio_fa.plasticity.base import Plasticity, Postsynaptic, Presynaptic, Product


@dataclass(frozen=True)
class ReturnedError(Plasticity):
    """ΔB_ij = η · r_i · e_j: the transposed change of the forward synapse between the same two neurons.

    e_j is the error of the presynaptic neuron, in the area above, r_i the activity of the postsynaptic one, below.

    Source: Kolen & Pollack (1994) Proc. ICNN 3:1375–1380; Akrout et al. (2019) NeurIPS 32, eq. 16.
    """

    rate: float = 1.0
    """η, per trial; the update scales the step."""

    def factors(self, pre: Presynaptic, post: Postsynaptic, w: Quantity) -> Iterator[Product]:
        """Yield η r · e · 1."""
        yield self.rate * post.activity, pre.error, 1
