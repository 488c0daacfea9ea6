"""LinearRate: a rate neuron whose activity is its potential, signed and without limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bio_fa.neurons.base import RateNeuron
from bio_fa.ops import Quantity


@dataclass(frozen=True)
class LinearRate(RateNeuron):
    """τ du/dt = −u + I,  r = u, which may be negative: for unconstrained baselines only.

    Source: Dayan & Abbott (2001) Theoretical Neuroscience, section 7.4, linear recurrent networks.
    """

    signed: ClassVar[bool] = True

    def activity(self, u: Quantity) -> Quantity:
        """Return r = u, in memory of its own."""
        return 1 * u

    def slope(self, u: Quantity) -> Quantity:
        """Return dr/du = 1, in the shape of ``u``."""
        return 0 * u + 1
