"""LIF: the leaky integrate-and-fire neuron."""

from __future__ import annotations

from dataclasses import dataclass

from bio_fa.neurons.base import NeuronState
from bio_fa.neurons.spiking import IntegrateAndFire
from bio_fa.ops import Quantity


@dataclass(frozen=True)
class LIF(IntegrateAndFire):
    """dv/dt = (v_rest − v) / τ + (θ − v_reset) ν₁ I; a spike where v > θ.

    Source: Gerstner et al. (2014) Neuronal Dynamics, section 1.3.
    """

    def derivatives(self, state: NeuronState, current: Quantity, apical: Quantity = 0.0) -> dict[str, Quantity]:
        """Return dv/dt; apical current adds to that of the soma."""
        return {"v": self.leak(state["v"], current + apical)}
