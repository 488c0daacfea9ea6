"""Equilibrium propagation: the gradient from fixed points of one energy, free and weakly nudged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from bio_fa.circuit import Circuit
from bio_fa.credit import ActivityDifference
from bio_fa.phase import Nudge, Phase
from bio_fa.plasticity import HebbianContrast, Plasticity, ReturnedError, ThreeFactor
from bio_fa.protocol import Protocol
from bio_fa.rules.contrastive import Contrastive
from bio_fa.rules.feedback import Feedback, Symmetric


@dataclass(frozen=True)
class Equilibrium(Contrastive, abstract=True):
    """u_ℓ = W_ℓ r_{ℓ−1} + θ_ℓ + γ W_{ℓ+1}ᵀ r_{ℓ+1}, and the output r = φ(u) + β (target − φ(u)).

    Fixed points without nudge are those of the energy E = Σ_ℓ γ^ℓ (Σ ∫φ⁻¹ dr_ℓ − r_ℓᵀ W_ℓ r_{ℓ−1} − θ_ℓᵀ r_ℓ), for any γ > 0,
    and the nudge is to first order that of the loss L whose gradient at the output's current is r − target. Then
    (1/β) (rᵝ_ℓ rᵝ_{ℓ−1}ᵀ − r⁰_ℓ r⁰_{ℓ−1}ᵀ) → −γᵏ ∂L/∂W_ℓ as β → 0, k steps below the output.

    Feedback of another wiring has no such energy. Synapses then learn (1/β) (rᵝ_ℓ − r⁰_ℓ) r⁰_{ℓ−1}ᵀ, which is defined for any
    vector field, and follows the gradient as far as B is like Wᵀ.

    Source: Scellier & Bengio (2017) Front. Comput. Neurosci. 11:24; the energy of graded neurons, Hopfield (1984) PNAS
        81:3088–3092; vector fields, Scellier et al. (2018) arXiv:1808.04873.
    """

    minus: ClassVar[str]
    """The phase whose products are subtracted."""

    wiring: Feedback = field(default_factory=Symmetric)
    strength: float = 0.5
    """β, of the nudge, in (0, 1]."""

    @property
    def distance(self) -> float:
        """By how much the strengths of both phases that are compared differ."""
        return self.strength

    def senses(self, population: str) -> dict[str, Any]:
        """Return that rules sense the difference of nudged and other activity, and the activities of the other phase."""
        return {"error": ActivityDifference.in_time(population, "nudged", self.minus), "reads": self.minus}

    def plasticity(self, population: str) -> Plasticity:
        """Return the difference of Hebbian products where there is an energy, divided by that of the strengths."""
        return (HebbianContrast if isinstance(self.wiring, Symmetric) else ThreeFactor)(1 / self.distance)

    def learns_back(self, population: str) -> dict[str, Any]:
        """Return the transposed change, likewise divided."""
        return {"plasticity": ReturnedError(1 / self.distance), **self.senses(population)}

    def trial(self, circuit: Circuit) -> Protocol:
        """Return a free phase and a nudged one, in which everything but the input may move."""
        return Protocol((Phase("free", (circuit.input,), settle=self.settle), self.nudged("nudged", circuit, self.strength)))

    def nudged(self, name: str, circuit: Circuit, strength: float) -> Phase:
        """Return a phase in which the output is nudged."""
        return Phase(name, (circuit.input,), (Nudge(circuit.output, strength),), settle=self.settle, plastic=True)


@dataclass(frozen=True)
class EquilibriumPropagation(Equilibrium):
    """ΔW_ℓ = (η / β) (rᵝ_ℓ rᵝ_{ℓ−1}ᵀ − r⁰_ℓ r⁰_{ℓ−1}ᵀ): −γᵏ ∂L/∂W_ℓ, k steps below the output, up to an error of order β.

    Use: where the exact gradient should come from two fixed points of one circuit.
    Limits: weight transport; phases relax in many steps, the more the stronger the feedback.
    Source: Scellier & Bengio (2017) Front. Comput. Neurosci. 11:24.
    """

    minus: ClassVar[str] = "free"


@dataclass(frozen=True)
class SymmetricEquilibriumPropagation(Equilibrium):
    """ΔW_ℓ = (η / 2β) (rᵝ_ℓ rᵝ_{ℓ−1}ᵀ − r⁻ᵝ_ℓ r⁻ᵝ_{ℓ−1}ᵀ): −γᵏ ∂L/∂W_ℓ, k steps below the output, up to an error of order β².

    A third phase pushes the output away from its target. Where the push would make a rate negative, it ends at 0.

    Use: where the bias of a finite nudge matters.
    Limits: weight transport; three phases relax; a target that is almost silent cannot be pushed away, which costs the second
        order there.
    Source: Laborieux et al. (2021) Front. Neurosci. 15:633674.
    """

    minus: ClassVar[str] = "opposed"

    strength: float = 0.02
    """β, of both nudges, in (0, 1]. Choice: small, so that few pushes end at 0: those that do weaken the sum over the output, and
    potentials drift, on MNIST at β = 0.1 visibly and at 0.2 without bounds."""

    @property
    def distance(self) -> float:
        """By how much the strengths of both phases that are compared differ: 2 β."""
        return 2 * self.strength

    def trial(self, circuit: Circuit) -> Protocol:
        """Return a free phase, a nudged one, and one that is nudged the other way."""
        phases = super().trial(circuit).phases
        return Protocol((*phases, self.nudged("opposed", circuit, -self.strength)))
