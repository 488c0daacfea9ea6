"""Contrastive learning: the whole circuit relaxes freely, and again with its output clamped; synapses learn the difference."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from bio_fa.circuit import Circuit
from bio_fa.credit import ActivityDifference
from bio_fa.phase import Phase, Settle
from bio_fa.plasticity import HebbianContrast
from bio_fa.population import Apical
from bio_fa.protocol import Protocol
from bio_fa.rules.feedback import Feedback, LearnedAlike, Symmetric
from bio_fa.rules.wired import WiredRule

QUICK = Settle(tolerance=3e-6, step=1.1, max_steps=100)
"""Choice: weak loops converge within a few steps, symmetric ones sooner where these overshoot a little; what is left is far below
the differences that are learned from."""


@dataclass(frozen=True)
class Contrastive(WiredRule, abstract=True):
    """u_ℓ = W_ℓ r_{ℓ−1} + θ_ℓ + γ B_ℓ r_{ℓ+1},  r = φ(u): free (r⁻), and with the output clamped to its target (r⁺).

    Choice: γ is small, as in Xie & Seung (2003), where phases relax fast; the change of a population k steps below the output
    is then of size γᵏ, which adaptive steps undo.
    """

    carries: ClassVar[str] = "activity"

    gain: float = 0.03
    """γ, the coupling of feedback."""
    settle: Settle = QUICK
    """How the phases relax."""

    @property
    def apical(self) -> Apical:
        """The compartment that feels feedback in both phases."""
        return Apical(self.gain)

    def senses(self, population: str) -> dict[str, Any]:
        """Return that rules sense the difference of clamped and free activity, and the activities of the free phase."""
        return {"error": ActivityDifference.in_time(population, "clamped"), "reads": "free"}

    def trial(self, circuit: Circuit) -> Protocol:
        """Return a free phase, and one in which the output is clamped too."""
        free = Phase("free", (circuit.input,), settle=self.settle)
        return Protocol((free, Phase("clamped", (circuit.input, circuit.output), settle=self.settle, plastic=True)))


@dataclass(frozen=True)
class ContrastiveHebbian(Contrastive):
    """ΔW_ℓ = η (r⁺_ℓ r⁺_{ℓ−1}ᵀ − r⁻_ℓ r⁻_{ℓ−1}ᵀ) with B_ℓ = W_{ℓ+1}ᵀ: γᵏ times the gradient, k steps below the output, as γ → 0.

    Use: where phases relax as a whole and nothing is held; the gradient without errors.
    Limits: weight transport; phases relax in many steps, the more the stronger the feedback.
    Source: Movellan (1991) Proc. 1990 Connectionist Models Summer School, 10–17; Xie & Seung (2003) Neural Comput. 15:441–454;
        with random feedback, Detorakis, Bartley & Neftci (2019) Neural Netw. 114:1–14.
    """

    wiring: Feedback = field(default_factory=Symmetric)

    def plasticity(self, population: str) -> HebbianContrast:
        """Return the difference of Hebbian products."""
        return HebbianContrast()

    def learns_back(self, population: str) -> dict[str, Any]:
        """Return that feedback synapses learn the same difference, which is symmetric."""
        return {"plasticity": self.plasticity(population), **self.senses(population)}


@dataclass(frozen=True)
class GeneRec(Contrastive):
    """ΔW_ℓ = η (r⁺_ℓ − r⁻_ℓ) r⁻_{ℓ−1}ᵀ, of synapses of both directions: ΔB_ℓ = η (r⁺_ℓ − r⁻_ℓ) r⁻_{ℓ+1}ᵀ.

    Use: for contrastive learning without transported weights.
    Limits: feedback that does not become symmetric leaves the gradient; phases relax in many steps.
    Source: O'Reilly (1996) Neural Comput. 8:895–938, the generalised recirculation algorithm.
    """

    wiring: Feedback = field(default_factory=LearnedAlike)
