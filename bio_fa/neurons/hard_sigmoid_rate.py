"""HardSigmoidRate: a rate neuron that is linear between a threshold and a ceiling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bio_fa.neurons.base import RateNeuron
from bio_fa.ops import Quantity, minimum, relu, step


@dataclass(frozen=True)
class HardSigmoidRate(RateNeuron):
    """τ du/dt = −u + I,  r = min([u]₊, 1).

    Source: Scellier & Bengio (2017) Front. Comput. Neurosci. 11:24, the activation of their simulations; their dynamics also
        multiply the current by the slope, which those of a rate neuron here do not.
    """

    ceiling: ClassVar[float | None] = 1.0

    def activity(self, u: Quantity) -> Quantity:
        """Return r = min([u]₊, 1), in [0, 1]."""
        return minimum(relu(u), 1)

    def slope(self, u: Quantity) -> Quantity:
        """Return dr/du: 1 between threshold and ceiling, else 0."""
        return step(u) * step(1 - u)
