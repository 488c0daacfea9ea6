"""DirectFeedbackAlignment: the error of the output reaches every hidden population at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from bio_fa.connectivity import AllToAll, Connectivity
from bio_fa.projection import Projection
from bio_fa.rules.base import LearningRule
from bio_fa.rules.network import OUTPUT, LayeredNetwork
from bio_fa.weights import Signed, Weights


@dataclass(frozen=True)
class DirectFeedbackAlignment(LearningRule):
    """δ_ℓ = φ′(u_ℓ) ⊙ B_ℓ e,  ΔW_ℓ = η δ_ℓ r_{ℓ−1}ᵀ,  with e the error of the output and B_ℓ fixed and random.

    Use: where areas should learn at once, without waiting for the one above, or where the depth of feedback matters.
    Limits: every area needs its own synapses from the output; earlier areas align less with the gradient than by
        step-by-step feedback with learned weights.
    Source: Nøkland (2016) NeurIPS 29:1037–1045.
    """

    feedback: ClassVar[str] = "random vector, from the output"
    connectivity: Connectivity = field(default_factory=AllToAll)
    """Which synapses of B exist."""
    weights: Weights = field(default_factory=lambda: Signed(1.0))
    """B."""

    def back(self, network: LayeredNetwork) -> Iterator[Projection]:
        """Yield B_ℓ from the output to every hidden population."""
        for layer in network.layers:
            yield from network.feedback(OUTPUT, layer, self.connectivity, self.weights)
