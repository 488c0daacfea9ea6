"""BurstDifference: synapses grow where a neuron bursts more often than expected, and shrink where it bursts less."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bio_fa.ops import Quantity
from bio_fa.plasticity.base import Plasticity, Postsynaptic, Presynaptic, Product


@dataclass(frozen=True)
class BurstDifference(Plasticity):
    """Δw_ij = η · h(e_i) (b_i − p̄_i e_i) · s_j r_j, with b = p e the rate of bursts, e of events and h(e) = 1 − e.

    The postsynaptic error is p − p̄, by how much the probability that an event is a burst departs from what is expected, and
    the activity e is between 0 and 1, that of a sigmoid.

    Source: Payeur et al. (2021) Nat. Neurosci. 24:1010–1019, burst-dependent plasticity; Greedy et al. (2022) NeurIPS 35.
    Choice: h, which makes e h(e) the slope of a sigmoid, multiplies p − p̄ instead of the dendritic potential of which p is a
        function: the same where bursts are linear.
    """

    rate: float = 1.0
    """η, per trial; the update scales the step."""

    def factors(self, pre: Presynaptic, post: Postsynaptic, w: Quantity) -> Iterator[Product]:
        """Yield η e (1 − e) (p − p̄) · s r · 1."""
        yield self.rate * post.activity * (1 - post.activity) * post.error, pre.signal(), 1
