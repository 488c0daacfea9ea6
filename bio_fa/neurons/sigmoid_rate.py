"""SigmoidRate: a rate neuron without threshold, active at rest and with a ceiling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bio_fa.neurons.base import RateNeuron
from bio_fa.ops import Quantity, tanh


@dataclass(frozen=True)
class SigmoidRate(RateNeuron):
    """τ du/dt = −u + I,  r = 1 / (1 + e⁻ᵘ).

    Source: Rumelhart, Hinton & Williams (1986) Nature 323:533–536, eq. 2.
    """

    ceiling: ClassVar[float | None] = 1.0

    def activity(self, u: Quantity) -> Quantity:
        """Return r = (1 + tanh(u/2)) / 2, in [0, 1]: the same function, but e⁻ᵘ never overflows, and smooth on every machine."""
        return (1 + tanh(u / 2)) / 2

    def slope(self, u: Quantity) -> Quantity:
        """Return dr/du = r (1 − r)."""
        r = self.activity(u)
        return r * (1 - r)
