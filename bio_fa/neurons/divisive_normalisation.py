"""DivisiveNormalisation: a population whose neurons share a fixed sum of activity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bio_fa.neurons.base import RateNeuron
from bio_fa.ops import Quantity, exp, peak, total


@dataclass(frozen=True)
class DivisiveNormalisation(RateNeuron):
    """τ du/dt = −u + I,  rᵢ = eᵘⁱ / Σⱼ eᵘʲ: each neuron's drive is divided by that of the whole population.

    Source: Carandini & Heeger (2012) Nat. Rev. Neurosci. 13:51–62, the normalisation equation with σ = 0 and an exponential drive.
    """

    ceiling: ClassVar[float | None] = 1.0

    def activity(self, u: Quantity) -> Quantity:
        """Return r, which sums to 1 over the population; the peak is subtracted so that eᵘ stays finite."""
        drive = exp(u - peak(u))
        return drive / total(drive)

    def slope(self, u: Quantity) -> Quantity:
        """Return ∂rᵢ/∂uᵢ = rᵢ (1 − rᵢ), the diagonal of the Jacobian: what a neuron's potential does to the others is not in it."""
        r = self.activity(u)
        return r * (1 - r)
