"""Frozen: what is left when some populations do not learn: floors that every other rule has to go below."""

from __future__ import annotations

from dataclasses import dataclass

from bio_fa.plasticity import Plasticity, ThreeFactor
from bio_fa.rules.base import LearningRule
from bio_fa.rules.network import OUTPUT
from bio_fa.rules.wired import WiredRule


@dataclass(frozen=True)
class FrozenHidden(LearningRule):
    """ΔW = η e rᵀ for the output only: hidden neurons keep their random synapses, and no feedback reaches them.

    Use: as the floor: what a readout of random features achieves without any credit to hidden areas.
    Limits: nothing hidden is learned, so that more areas do not help.
    Source: Rosenblatt (1962) Principles of Neurodynamics, the perceptron with random association units.
    """

    def plasticity(self, population: str) -> Plasticity | None:
        """Return the rule of the output, and none for others."""
        return ThreeFactor() if population == OUTPUT else None


@dataclass(frozen=True)
class FrozenOutput(WiredRule):
    """δ_ℓ = φ′(u_ℓ) ⊙ B_ℓ δ_{ℓ+1} and ΔW_ℓ = η δ_ℓ r_{ℓ−1}ᵀ for hidden populations only: the last weights stay random.

    Use: to show that feedback alignment needs the forward weights to align with B.
    Limits: errors are far above those of feedback alignment, by design.
    Source: Liao, Leibo & Poggio (2016) AAAI: feedback alignment fails then, because W cannot come to align with B.
    """

    def plasticity(self, population: str) -> Plasticity | None:
        """Return the rule of hidden populations, and none for the output."""
        return None if population == OUTPUT else ThreeFactor()
