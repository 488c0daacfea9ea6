"""AdaptiveCurrentLIF: every spike adds to a current that pulls its neuron down for a while."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bio_fa.neurons.base import NeuronState
from bio_fa.neurons.spiking import IntegrateAndFire
from bio_fa.ops import Quantity


@dataclass(frozen=True)
class AdaptiveCurrentLIF(IntegrateAndFire):
    """dv/dt as LIF under I − a, τ_a da/dt = c (v − v_rest) / (θ − v_reset) − a, and at a spike a ← a + b.

    Source: Gerstner et al. (2014) Neuronal Dynamics, section 6.1, with one adaptation current and without the exponential,
        normalised as the current is.
    """

    adaptation_tau: float = 100e-3
    """τ_a in seconds."""
    adaptation: float = 0.1
    """b, normalised current, ≥ 0."""
    coupling: float = 0.0
    """c, how much the potential itself drives the adaptation, ≥ 0."""

    variables: ClassVar[tuple[str, ...]] = ("v", "a")

    def validate(self) -> None:
        """Refuse a time constant that is not positive, and currents that would excite."""
        super().validate()
        self.require(self.adaptation_tau > 0, "adaptation_tau", "a time constant above 0 s")
        self.require(self.adaptation >= 0, "adaptation", "at least 0")
        self.require(self.coupling >= 0, "coupling", "at least 0")

    def time_constants(self) -> dict[str, float]:
        """Return τ, τ_a and τ_x."""
        return {"adaptation_tau": self.adaptation_tau, **super().time_constants()}

    def derivatives(self, state: NeuronState, current: Quantity, apical: Quantity = 0.0) -> dict[str, Quantity]:
        """Return dv/dt and da/dt."""
        v, a = state["v"], state["a"]
        depolarisation = (v - self.rest) / (self.threshold - self.reset_to)
        return {"v": self.leak(v, current + apical - a), "a": (self.coupling * depolarisation - a) / self.adaptation_tau}

    def reset(self, state: NeuronState) -> dict[str, Quantity]:
        """Return what a spike sets: v as LIF, and a + b."""
        return {**super().reset(state), "a": state["a"] + self.adaptation}
