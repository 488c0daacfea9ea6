"""LeakyRate: a rate neuron with a threshold and no ceiling."""

from __future__ import annotations

from dataclasses import dataclass

from bio_fa.neurons.base import RateNeuron
from bio_fa.ops import Quantity, relu


@dataclass(frozen=True)
class LeakyRate(RateNeuron):
    """τ du/dt = −u + I,  r = [u]₊.

    Source: Dayan & Abbott (2001) Theoretical Neuroscience, eqs 7.6 and 7.8, threshold-linear.
    """

    def activity(self, u: Quantity) -> Quantity:
        """Return r = [u]₊, normalised."""
        return relu(u)
