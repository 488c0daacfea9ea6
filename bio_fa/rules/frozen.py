"""Frozen: what is left when some populations do not learn: floors that every other rule has to go below."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from bio_fa.connectivity import AllToAll
from bio_fa.plasticity import Plasticity, ThreeFactor
from bio_fa.population import Apical
from bio_fa.projection import Projection
from bio_fa.rules.base import LearningRule
from bio_fa.rules.network import OUTPUT, LayeredNetwork
from bio_fa.weights import Signed, Weights


@dataclass(frozen=True)
class FrozenHidden(LearningRule):
    """ΔW = η e rᵀ for the output only: hidden neurons keep their random synapses, and no feedback reaches them.

    Use: as the floor: what a readout of random features achieves without any credit to hidden areas.
    Limits: nothing hidden is learned, so that more areas do not help.
    Source: Rosenblatt (1962) Principles of Neurodynamics, the perceptron with random association units.
    """

    feedback: ClassVar[str] = "none"

    @property
    def apical(self) -> Apical | None:
        """No compartment."""
        return None

    def plasticity(self, population: str) -> Plasticity | None:
        """Return the rule of the output, and none for others."""
        return ThreeFactor() if population == OUTPUT else None

    def back(self, network: LayeredNetwork) -> Iterator[Projection]:
        """Yield nothing."""
        return iter(())


@dataclass(frozen=True)
class FrozenOutput(LearningRule):
    """δ_ℓ = φ′(u_ℓ) ⊙ B_ℓ δ_{ℓ+1} and ΔW_ℓ = η δ_ℓ r_{ℓ−1}ᵀ for hidden populations only: the last weights stay random.

    Use: to show that feedback alignment needs the forward weights to align with B.
    Limits: errors are far above those of feedback alignment, by design.
    Source: Liao, Leibo & Poggio (2016) AAAI: feedback alignment fails then, because W cannot come to align with B.
    """

    feedback: ClassVar[str] = "random vector, from the next area"
    weights: Weights = field(default_factory=lambda: Signed(1.0))
    """B."""

    def plasticity(self, population: str) -> Plasticity | None:
        """Return the rule of hidden populations, and none for the output."""
        return None if population == OUTPUT else ThreeFactor()

    def back(self, network: LayeredNetwork) -> Iterator[Projection]:
        """Yield B of every step of the way back."""
        for above, below in network.returns:
            yield from network.feedback(above, below, AllToAll(), self.weights)
