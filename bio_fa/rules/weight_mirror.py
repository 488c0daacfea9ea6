"""WeightMirror: noise travels up while feedback synapses learn from it what the way up is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from bio_fa.circuit import Circuit
from bio_fa.credit import Credit, SignedError
from bio_fa.noise import NeuronNoise
from bio_fa.phase import Phase
from bio_fa.plasticity import Hebbian, WeightDecay
from bio_fa.projection import Projection
from bio_fa.protocol import Protocol
from bio_fa.rules.base import LearningRule
from bio_fa.rules.network import LayeredNetwork
from bio_fa.weights import Signed, Weights


@dataclass(frozen=True)
class WeightMirror(LearningRule):
    """δ_ℓ = φ′(u_ℓ) ⊙ B_ℓ δ_{ℓ+1},  ΔW_ℓ = η δ_ℓ r_{ℓ−1}ᵀ;  in mirror mode u_ℓ = ξ_ℓ alone and ΔB_ℓ = η r_ℓ r_{ℓ+1}ᵀ − λ B_ℓ.

    For linear neurons E[r_ℓ r_{ℓ+1}ᵀ] = σ² W_{ℓ+1}ᵀ, so that B_ℓ tends to η σ² / λ · W_{ℓ+1}ᵀ. No weight is transported.

    Use: where feedback should fit the forward weights, without errors that are bound to both.
    Limits: neurons must be silent on average under noise, as tanh neurons are: rates that are never negative make all of B
        positive, and nothing is learned; half of the time no stimulus is seen; where neurons are not linear, B fits Wᵀ times
        their mean slopes only.
    Source: Akrout et al. (2019) NeurIPS 32, section 3, weight mirrors.
    Choice: after every trial, one phase a population below, in which it alone is noise, so that no other noise correlates.
    """

    feedback: ClassVar[str] = "learned vector"
    deviation: float = 1.0
    """σ."""
    decay: float = 0.05
    """λ, before the update scales it; η σ² / λ is the size of B relative to Wᵀ."""
    weights: Weights = field(default_factory=lambda: Signed(0.1))
    """B at the start. Choice: small, so that what was random is soon forgotten."""

    def credit(self, population: str) -> Credit:
        """Return the error of the free phase."""
        return SignedError(phase="free")

    def back(self, network: LayeredNetwork) -> Iterator[Projection]:
        """Yield B of every step of the way back, which learns while the population below is noise."""
        rule = Hebbian(1.0) + WeightDecay(self.decay)
        for above, below in network.returns:
            yield Projection(above, below, "apical", weights=self.weights, plasticity=rule, reads=mirrored(below))

    def protocol(self, circuit: Circuit) -> Protocol:
        """Return the trial: *free*, then a mirror phase of every population onto which feedback synapses learn."""
        clamp = (circuit.input,)
        noise = [NeuronNoise(each.post, self.deviation, alone=True) for each in circuit.plastic if each.compartment == "apical"]
        mirrors = [Phase(mirrored(each.population), clamp, noise=(each,)) for each in noise]
        return Protocol((Phase("free", clamp, plastic=True), *mirrors))


def mirrored(population: str) -> str:
    """Return the name of the phase in which a population is noise."""
    return f"mirror_{population}"
