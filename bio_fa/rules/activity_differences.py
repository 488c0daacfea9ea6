"""ActivityDifferences: the error of a neuron is what feedback makes of its activity between two phases (NGRAD)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from bio_fa.circuit import Circuit
from bio_fa.credit import ActivityDifference
from bio_fa.population import Apical
from bio_fa.protocol import Protocol, two_phase
from bio_fa.rules.feedback import Direct, Feedback, Symmetric
from bio_fa.rules.wired import WiredRule


@dataclass(frozen=True)
class DifferenceInTime(WiredRule, abstract=True):
    """r⁻ = φ(b),  r⁺ = φ(b + γ B (s⁺ − s⁻)),  ΔW_ℓ = η (r⁺_ℓ − r⁻_ℓ) r⁻_{ℓ−1}ᵀ,  with s the activities that B reads.

    The output is nudged, r⁺ = r⁻ + β (target − r⁻), while basal currents b are held, so that the nudge travels down only. As
    γ → 0, (r⁺ − r⁻) / γ → φ′(b) ⊙ B (s⁺ − s⁻): the signed error of alignment rules, by activities alone.

    Source: Lillicrap et al. (2020) Nat. Rev. Neurosci. 21:335–346, the NGRAD hypothesis.
    """

    carries: ClassVar[str] = "activity"

    strength: float = 1.0
    """β, of the nudge, in (0, 1]."""
    gain: float = 0.1
    """γ, the coupling of apical compartments. Choice: small, where r⁺ − r⁻ is linear in the feedback."""

    @property
    def apical(self) -> Apical:
        """The compartment that feels what feedback has changed since the free phase."""
        return Apical(self.gain, balanced_in="free")

    def senses(self, population: str) -> dict[str, Any]:
        """Return that rules sense the difference in time, and presynaptic activity in the free phase."""
        return {"error": ActivityDifference.in_time(population), "reads": "free"}

    def trial(self, circuit: Circuit) -> Protocol:
        """Return a free phase and a nudged one, in which basal currents are held."""
        return two_phase(circuit, self.strength)


@dataclass(frozen=True)
class ActivityDifferences(DifferenceInTime):
    """ΔW_ℓ = η (r⁺_ℓ − r⁻_ℓ) r⁻_{ℓ−1}ᵀ,  r⁺_ℓ = φ(b_ℓ + γ B_ℓ (r⁺_{ℓ+1} − r⁻_{ℓ+1})),  with B_ℓ fixed and random.

    Use: as the alignment rule whose errors are activities; it learns as feedback alignment does.
    Limits: basal currents are held while the nudge travels; errors shrink by γ with every area, and so need precision.
    Source: Lillicrap et al. (2020) Nat. Rev. Neurosci. 21:335–346; B as in Lillicrap et al. (2016) Nat. Commun. 7:13276.
    """


@dataclass(frozen=True)
class DirectActivityDifferences(DifferenceInTime):
    """ΔW_ℓ = η (r⁺_ℓ − r⁻_ℓ) r⁻_{ℓ−1}ᵀ,  r⁺_ℓ = φ(b_ℓ + γ B_ℓ (r⁺_L − r⁻_L)),  with B_ℓ fixed and random, from the output L.

    Use: where every area should hear the output at once; errors do not shrink with depth.
    Limits: basal currents are held while the nudge travels.
    Source: Lillicrap et al. (2020) Nat. Rev. Neurosci. 21:335–346; B as in Nøkland (2016) NeurIPS 29:1037–1045.
    """

    wiring: Feedback = field(default_factory=Direct)


@dataclass(frozen=True)
class SymmetricActivityDifferences(DifferenceInTime):
    """ΔW_ℓ = η (r⁺_ℓ − r⁻_ℓ) r⁻_{ℓ−1}ᵀ,  r⁺_ℓ = φ(b_ℓ + γ W_{ℓ+1}ᵀ (r⁺_{ℓ+1} − r⁻_{ℓ+1})): the gradient as γ → 0.

    Use: to tell what is lost by the code of errors from what is lost by random feedback.
    Limits: weight transport, not local.
    Source: Lillicrap et al. (2020) Nat. Rev. Neurosci. 21:335–346.
    """

    wiring: Feedback = field(default_factory=Symmetric)
