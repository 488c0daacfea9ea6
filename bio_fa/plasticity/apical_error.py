"""ApicalError: what arrives in a neuron's apical dendrite is the error that its basal synapses follow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bio_fa.ops import Quantity
from bio_fa.plasticity.base import Plasticity, Postsynaptic, Presynaptic, Product


@dataclass(frozen=True)
class ApicalError(Plasticity):
    """Δw_ij = η · L_i · s_j r_j, with L = γ (a − a₀), by how much the soma departs from what its basal dendrite predicts.

    With η > 0 basal synapses come to predict the soma; with η < 0 apical synapses come to cancel what they meet.

    Source: Sacramento et al. (2018) NeurIPS 31:8721–8732, where (φ(u) − φ(v_B)) r, with v_B the prediction, is basal plasticity
        and (v_rest − v_A) r that of interneurons onto the apical dendrite; Urbanczik & Senn (2014) Neuron 81:521–528.
    Choice: the difference u − v_B of potentials instead of that of rates, which has the same sign.
    """

    rate: float = 1.0
    """η, per trial; the update scales the step."""

    def factors(self, pre: Presynaptic, post: Postsynaptic, w: Quantity) -> Iterator[Product]:
        """Yield η L · s r · 1."""
        yield self.rate * post.apical, pre.signal(), 1
