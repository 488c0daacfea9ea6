"""Homeostasis: synapses scale so that the postsynaptic neuron keeps its average activity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bio_fa.ops import Quantity
from bio_fa.plasticity.base import Plasticity, Postsynaptic, Presynaptic, Product


@dataclass(frozen=True)
class Homeostasis(Plasticity):
    """Δw_ij = η · (r* − r̄_i) · s_j · w_ij: excitation grows and inhibition shrinks in a neuron that is too quiet.

    Source: van Rossum, Bi & Turrigiano (2000) J. Neurosci. 20:8812–8821, activity-dependent scaling without its integral term.
    """

    set_point: float = 0.1
    """r*, the activity that the neuron keeps, ≥ 0, in the units of its activity."""
    rate: float = 1e-3
    """η, per trial."""

    def validate(self) -> None:
        """Refuse a set point below 0."""
        self.require(self.set_point >= 0, "set_point", "an activity of at least 0")

    def factors(self, pre: Presynaptic, post: Postsynaptic, w: Quantity) -> Iterator[Product]:
        """Yield η (r* − r̄_i) · s_j · w."""
        yield self.rate * (self.set_point - post.mean), pre.sign, w
