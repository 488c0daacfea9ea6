"""AdaptiveThresholdLIF: every spike raises the threshold of its neuron for a while."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bio_fa.neurons.base import NeuronState
from bio_fa.neurons.spiking import IntegrateAndFire
from bio_fa.ops import Quantity


@dataclass(frozen=True)
class AdaptiveThresholdLIF(IntegrateAndFire):
    """dv/dt as LIF, τ_a da/dt = −a, a spike where v > θ + b a, and then a ← a + 1.

    Source: Bellec et al. (2018) NeurIPS, the adaptive neurons of their LSNN; here every spike adds 1 to a.
    """

    adaptation_tau: float = 200e-3
    """τ_a in seconds."""
    adaptation: float = 0.2
    """b, in the unit of the threshold, ≥ 0."""

    variables: ClassVar[tuple[str, ...]] = ("v", "a")

    def validate(self) -> None:
        """Refuse a time constant that is not positive, and a threshold that would fall."""
        super().validate()
        self.require(self.adaptation_tau > 0, "adaptation_tau", "a time constant above 0 s")
        self.require(self.adaptation >= 0, "adaptation", "at least 0")

    def time_constants(self) -> dict[str, float]:
        """Return τ, τ_a and τ_x."""
        return {"adaptation_tau": self.adaptation_tau, **super().time_constants()}

    def derivatives(self, state: NeuronState, current: Quantity, apical: Quantity = 0.0) -> dict[str, Quantity]:
        """Return dv/dt and da/dt."""
        return {"v": self.leak(state["v"], current + apical), "a": -state["a"] / self.adaptation_tau}

    def excess(self, state: NeuronState) -> Quantity:
        """Return v − (θ + b a)."""
        return state["v"] - (self.threshold + self.adaptation * state["a"])

    def reset(self, state: NeuronState) -> dict[str, Quantity]:
        """Return what a spike sets: v as LIF, and a + 1."""
        return {**super().reset(state), "a": state["a"] + 1}
