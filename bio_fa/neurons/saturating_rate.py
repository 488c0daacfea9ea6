"""SaturatingRate: a rate neuron with a threshold and a ceiling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bio_fa.neurons.base import RateNeuron
from bio_fa.ops import Quantity, relu, step, tanh


@dataclass(frozen=True)
class SaturatingRate(RateNeuron):
    """τ du/dt = −u + I,  r = tanh([u]₊).

    Source: Panjehpour & EsmaielZadeh (2022), the activation of their simulations.
    """

    ceiling: ClassVar[float | None] = 1.0

    def activity(self, u: Quantity) -> Quantity:
        """Return r = tanh([u]₊), in [0, 1)."""
        return tanh(relu(u))

    def slope(self, u: Quantity) -> Quantity:
        """Return dr/du: 1 − r² above the threshold, else 0."""
        return step(u) * (1 - self.activity(u) ** 2)
