"""DirectRandomTargetProjection: hidden populations learn from the target alone, without waiting for an answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from bio_fa.connectivity import AllToAll, Connectivity
from bio_fa.credit import Credit, SignedError
from bio_fa.projection import Projection
from bio_fa.rules.base import LearningRule
from bio_fa.rules.network import OUTPUT, LayeredNetwork
from bio_fa.weights import Signed, Weights


@dataclass(frozen=True)
class DirectRandomTargetProjection(LearningRule):
    """δ_ℓ = φ′(u_ℓ) ⊙ B_ℓ y*,  ΔW_ℓ = η δ_ℓ r_{ℓ−1}ᵀ,  with y* the target and B_ℓ fixed and random; the output has its error.

    Use: where hidden areas have to learn before the answer is known.
    Limits: hidden areas never learn that they are right already, so that errors stay about twice those of feedback
        alignment.
    Source: Frenkel, Lefebvre & Bol (2021) Front. Neurosci. 15:629892.
    """

    feedback: ClassVar[str] = "random vector, from the target"
    connectivity: Connectivity = field(default_factory=AllToAll)
    """Which synapses of B exist."""
    weights: Weights = field(default_factory=lambda: Signed(1.0))
    """B."""

    def credit(self, population: str) -> Credit:
        """Return the error whose feedback carries the target."""
        return SignedError("target")

    def back(self, network: LayeredNetwork) -> Iterator[Projection]:
        """Yield B_ℓ from the output, whose neurons know the target, to every hidden population."""
        for layer in network.layers:
            yield from network.feedback(OUTPUT, layer, self.connectivity, self.weights)
