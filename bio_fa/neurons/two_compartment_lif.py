"""TwoCompartmentLIF: a soma that fires, and an apical compartment that integrates feedback before the soma feels it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from bio_fa.neurons.base import NeuronState
from bio_fa.neurons.spiking import IntegrateAndFire
from bio_fa.ops import Quantity


@dataclass(frozen=True)
class TwoCompartmentLIF(IntegrateAndFire):
    """dv/dt as LIF under I + d, τ_d dd/dt = −d + I_apical: the apical potential d drives the soma as a current does.

    A spike does not reset the apical compartment, and the soma does not drive it.

    Source: Guerguiev, Lillicrap & Richards (2017) eLife 6:e22901, without plateau potentials; the one-way coupling
        follows Urbanczik & Senn (2014) Neuron 81:521–528.
    """

    apical_tau: float = 10e-3
    """τ_d in seconds."""

    variables: ClassVar[tuple[str, ...]] = ("v", "d")
    potentials: ClassVar[Mapping[str, str]] = MappingProxyType({"potential": "v", "apical_potential": "d"})

    def validate(self) -> None:
        """Refuse a time constant that is not positive."""
        super().validate()
        self.require(self.apical_tau > 0, "apical_tau", "a time constant above 0 s")

    def time_constants(self) -> dict[str, float]:
        """Return τ, τ_d and τ_x."""
        return {"apical_tau": self.apical_tau, **super().time_constants()}

    def derivatives(self, state: NeuronState, current: Quantity, apical: Quantity = 0.0) -> dict[str, Quantity]:
        """Return dv/dt and dd/dt."""
        return {"v": self.leak(state["v"], current + state["d"]), "d": (apical - state["d"]) / self.apical_tau}
