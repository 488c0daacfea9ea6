"""Intrinsic: a neuron becomes more excitable as long as it is too quiet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bio_fa.ops import Quantity
from bio_fa.plasticity.base import Plasticity, Postsynaptic, Presynaptic, Product


@dataclass(frozen=True)
class Intrinsic(Plasticity):
    """Δθ_i = η · (r* − r_i): on the tonic drive, which is always the same, it moves the threshold until the mean of r is r*.

    Source: Desai, Rutherford & Turrigiano (1999) Nat. Neurosci. 2:515–520, plasticity of intrinsic excitability.
    Choice: linear in the activity, so that its set point is a mean.
    """

    set_point: float = 0.1
    """r*, the mean activity that the neuron keeps, in the units of its activity."""
    rate: float = 1.0
    """η, per trial; the update scales the step."""

    def factors(self, pre: Presynaptic, post: Postsynaptic, w: Quantity) -> Iterator[Product]:
        """Yield η (r* − r) · r_j · 1, where r_j is 1 from the tonic drive."""
        yield self.rate * (self.set_point - post.activity), pre.activity, 1
