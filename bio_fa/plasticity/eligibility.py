"""Eligibility: feedback turns synapses into change that their recent spikes have made eligible."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bio_fa.ops import Quantity
from bio_fa.plasticity.base import Plasticity, Postsynaptic, Presynaptic, Product


@dataclass(frozen=True)
class Eligibility(Plasticity):
    """dw_ij/dt = η · L_i(t) · ψ_i(t) s_j x_j(t): learning signal times eligibility trace.

    The learning signal L = γ (a − a₀) is what the circuit's own feedback neurons add to the neuron's current; ψ is the
    neuron's sensitivity and x_j the presynaptic trace, s_j = ±1 the presynaptic sign.

    Source: Bellec et al. (2020) Nat. Commun. 11:3625, e-prop for LIF neurons without recurrent eligibility.
    Choice: the learning signal comes through feedback neurons, and the trace is not filtered a second time.
    """

    rate: float = 1.0
    """η, per trial; the update scales the step."""

    def factors(self, pre: Presynaptic, post: Postsynaptic, w: Quantity) -> Iterator[Product]:
        """Yield η L ψ · s x · 1."""
        yield self.rate * post.apical * post.sensitivity, pre.sign * pre.trace, 1
