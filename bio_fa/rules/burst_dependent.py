"""BurstDependent: feedback decides how many of a neuron's events are bursts, and bursts say how to learn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from bio_fa.circuit import Circuit
from bio_fa.connectivity import OneToOne
from bio_fa.credit import Activity, ActivityDifference
from bio_fa.neurons import SigmoidRate
from bio_fa.plasticity import BurstDifference, Plasticity, ThreeFactor
from bio_fa.population import UNSIGNED, Apical, Population
from bio_fa.projection import Projection
from bio_fa.rules.activity_differences import DifferenceInTime
from bio_fa.rules.companions import unsigned, with_companions
from bio_fa.rules.feedback import Feedback, FixedRandom
from bio_fa.rules.network import OUTPUT, LayeredNetwork
from bio_fa.weights import Constant


@dataclass(frozen=True)
class BurstDependent(DifferenceInTime):
    """e_ℓ = σ(b_ℓ),  p_ℓ = σ(κ B_ℓ (s⁺_{ℓ+1} − s⁻_{ℓ+1})),  s_ℓ = σ(b_ℓ + γ (p_ℓ − p̄_ℓ)),
    ΔW_ℓ = η h(e_ℓ) (p_ℓ e_ℓ − p̄_ℓ e_ℓ) e_{ℓ−1}ᵀ.

    e is the rate of events, p the probability that one is a burst, p̄ = ½ what it is without a teacher, and s the rate that
    events and bursts make together, which the area below hears. A population of as many units as neurons stands for the
    dendrites, where p is decided. Hidden neurons are sigmoid: rates of events are never negative.

    Where bursts are linear, p − p̄ = ¼ κ B (s⁺ − s⁻), the change is that of feedback alignment.

    Use: where one train of spikes should tell what is there and what was wrong.
    Limits: sigmoid neurons learn slowly; events and bursts of one neuron are rates of two units here, not spikes.
    Source: Payeur et al. (2021) Nat. Neurosci. 24:1010–1019; Greedy et al. (2022) NeurIPS 35, in which what is expected of the
        apical input is cancelled too.
    """

    carries: ClassVar[str] = "activity, as burst probability"
    takes: ClassVar[tuple[type[Feedback], ...]] = (FixedRandom,)
    because: ClassVar[str] = "B ends on dendrites, which no synapse of the way up reaches that it could copy or learn with"

    gain: float = 1.0
    """γ, by how much bursts add to the current of the soma."""
    slope: float = 1.0
    """κ, the gain of the dendrite."""

    def plasticity(self, population: str) -> Plasticity:
        """Return the rule of bursts, and for the output, which has its target, the activity difference."""
        return ThreeFactor() if population == OUTPUT else BurstDifference()

    def senses(self, population: str) -> dict[str, Any]:
        """Return the difference that rules sense: of burst probabilities, or of the output."""
        of = population if population == OUTPUT else f"{population}_bursts"
        return {"error": ActivityDifference(Activity(of, "nudged"), Activity(of, "free")), "reads": "free"}

    def back(self, network: LayeredNetwork) -> Iterator[Projection]:
        """Yield B onto the dendrites, and what bursts add to the soma."""
        for each in super().back(network):
            dendrites = f"{each.post}_bursts"
            yield replace(each, post=dendrites)
            yield Projection(dendrites, each.post, "apical", OneToOne(), Constant())

    def circuit(self, network: LayeredNetwork) -> Circuit:
        """Return the circuit of sigmoid hidden neurons, with their dendrites beside them."""
        network = replace(unsigned(self.kind(), network), neuron=SigmoidRate())

        def bursts(name: str, layer: Population) -> tuple[Population, ...]:
            felt = Apical(self.slope, balanced_in="free")
            return () if name == OUTPUT else (Population(f"{name}_bursts", layer.size, UNSIGNED, SigmoidRate(), felt),)

        return with_companions(network, self.kind(), [*self._forward(network), *self.back(network)], self.apical, bursts)
