"""LeakyRate: a rate neuron with a threshold and no ceiling."""

from __future__ import annotations

from dataclasses import dataclass

from bio_fa.neurons.base import RateNeuron
from bio_fa.ops import Quantity, relu, step


@dataclass(frozen=True)
class LeakyRate(RateNeuron):
    """τ du/dt = −u + I,  r = [u]₊.

    Source: Dayan & Abbott (2001) Theoretical Neuroscience, section 7.2, with a threshold-linear activation.
    """

    def activity(self, u: Quantity) -> Quantity:
        """Return r = [u]₊, normalised."""
        return relu(u)

    def slope(self, u: Quantity) -> Quantity:
        """Return dr/du: 1 above the threshold, else 0."""
        return step(u)
