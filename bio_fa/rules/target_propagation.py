"""Target propagation: what comes back from above is not an error but an activity to aim at, through approximate inverses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from bio_fa.circuit import Circuit, tonic_drive
from bio_fa.connectivity import OneToOne
from bio_fa.credit import Activity, ActivityDifference
from bio_fa.plasticity import ThreeFactor
from bio_fa.population import UNSIGNED, Population
from bio_fa.projection import Projection
from bio_fa.rules.activity_differences import DifferenceInTime
from bio_fa.rules.companions import unsigned, with_companions
from bio_fa.rules.feedback import Feedback, FixedRandom
from bio_fa.rules.network import OUTPUT, LayeredNetwork
from bio_fa.weights import Constant


@dataclass(frozen=True)
class TargetPropagation(DifferenceInTime, abstract=True):
    """g_ℓ = φ(V_ℓ r_{ℓ+1} + c_ℓ),  r⁺_ℓ = φ(b_ℓ + γ (g⁺_ℓ − g⁻_ℓ)),  ΔW_ℓ = η (r⁺_ℓ − r⁻_ℓ) r⁻_{ℓ−1}ᵀ.

    Feedback neurons, as many as hidden ones, compute g from the area above, and drive one apical compartment each.

    Source: Lee et al. (2015) ECML PKDD, LNCS 9284:498–515, the difference correction ĥ_ℓ = h_ℓ + g_ℓ(ĥ_{ℓ+1}) − g_ℓ(h_{ℓ+1}).
    Choice: the correction is added to the potential, so that targets are activities that the neurons can have.
    """

    takes: ClassVar[tuple[type[Feedback], ...]] = (FixedRandom,)
    because: ClassVar[str] = "V ends on neurons of its own, and what it learns is an inverse, not the way up"

    gain: float = 1.0
    """γ, the share of the correction that reaches the soma."""
    strength: float = 0.1
    """β, of the nudge: the step η̂ of the target of the output."""

    def back(self, network: LayeredNetwork) -> Iterator[Projection]:
        """Yield what makes g_ℓ, and what brings it to the apical compartments."""
        for each in super().back(network):
            inverse, learning = f"{each.post}_inverse", self.inversion(each.post)
            yield replace(each, post=inverse, compartment="basal", **learning)
            yield tonic_drive(inverse, **learning)
            yield Projection(inverse, each.post, "apical", OneToOne(), Constant())

    def inversion(self, layer: str) -> dict[str, Any]:
        """Return the settings by which the synapses that make g of a hidden population learn; none: they are fixed."""
        return {}

    def circuit(self, network: LayeredNetwork) -> Circuit:
        """Return the circuit, with a population of feedback neurons beside every hidden one."""
        network = unsigned(self.kind(), network)

        def inverse(name: str, layer: Population) -> tuple[Population, ...]:
            return () if name == OUTPUT else (Population(f"{name}_inverse", layer.size, UNSIGNED, layer.neuron),)

        return with_companions(network, self.kind(), [*self._forward(network), *self.back(network)], self.apical, inverse)


@dataclass(frozen=True)
class DifferenceTargetPropagation(TargetPropagation):
    """ΔW_ℓ = η (r⁺_ℓ − r⁻_ℓ) r⁻_{ℓ−1}ᵀ,  r⁺_ℓ = φ(b_ℓ + γ (g⁺_ℓ − g⁻_ℓ)),  g_ℓ = φ(V_ℓ r_{ℓ+1} + c_ℓ),
    ΔV_ℓ = η (r⁻_ℓ − g⁻_ℓ) r⁻_{ℓ+1}ᵀ.

    The inverse learns in the free phase to reconstruct the activity from that of the area above: a difference in space.
    For an invertible linear network and an exact inverse, targets are those of the Gauss–Newton step.

    Use: where what comes back should be an activity to aim at, not an error.
    Limits: the inverse of a small output says little of a large area; it learns no better than with a fixed random function
        on small sets of digits.
    Source: Lee et al. (2015) ECML PKDD, LNCS 9284:498–515.
    Choice: the inverse is learned from the activities of the trials, without noise, and by the delta rule without φ′.
    """

    feedback: ClassVar[str] = "target, by a learned inverse"

    def inversion(self, layer: str) -> dict[str, Any]:
        """Return that reconstruction is learned from the hidden activity."""
        error = ActivityDifference(Activity(layer, "free"), Activity(f"{layer}_inverse", "free"))
        return {"plasticity": ThreeFactor(), "error": error, "reads": "free"}


@dataclass(frozen=True)
class FixedWeightTargetPropagation(TargetPropagation):
    """ΔW_ℓ = η (r⁺_ℓ − r⁻_ℓ) r⁻_{ℓ−1}ᵀ,  r⁺_ℓ = φ(b_ℓ + γ (g⁺_ℓ − g⁻_ℓ)),  g_ℓ = φ(V_ℓ r_{ℓ+1}),  with V_ℓ fixed and random.

    Use: as the control of difference target propagation, without anything to learn on the way back.
    Limits: as those of feedback alignment, which it is for linear feedback neurons.
    Source: Shibuya et al. (2022) arXiv:2212.10352, fixed-weight difference target propagation.
    """

    feedback: ClassVar[str] = "target, by a fixed random function"
