"""TanhRate: a rate neuron whose activity is signed, between −1 and 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bio_fa.neurons.base import RateNeuron
from bio_fa.ops import Quantity, tanh


@dataclass(frozen=True)
class TanhRate(RateNeuron):
    """τ du/dt = −u + I,  r = tanh u, which may be negative: for unconstrained baselines only.

    Source: Sompolinsky, Crisanti & Sommers (1988) Phys. Rev. Lett. 61:259–262, their network with gain 1.
    """

    ceiling: ClassVar[float | None] = 1.0
    signed: ClassVar[bool] = True

    def activity(self, u: Quantity) -> Quantity:
        """Return r = tanh u, in [−1, 1]."""
        return tanh(u)

    def slope(self, u: Quantity) -> Quantity:
        """Return dr/du = 1 − r²."""
        return 1 - self.activity(u) ** 2
