"""FeedbackAlignment: errors return through fixed random synapses, step by step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from bio_fa.connectivity import AllToAll, Connectivity
from bio_fa.projection import Projection
from bio_fa.rules.base import LearningRule
from bio_fa.rules.network import LayeredNetwork
from bio_fa.weights import Signed, Weights


@dataclass(frozen=True)
class FeedbackAlignment(LearningRule):
    """δ_ℓ = φ′(u_ℓ) ⊙ B_ℓ δ_{ℓ+1},  ΔW_ℓ = η δ_ℓ r_{ℓ−1}ᵀ,  with B_ℓ fixed and random ("BP-TRW").

    Use: as the baseline of every hypothesis without weight transport: vectors of errors, nothing learned about them.
    Limits: alignment decays with depth: below two or three areas updates hardly follow the gradient; convolutional
        networks learn badly.
    Source: Lillicrap et al. (2016) Nat. Commun. 7:13276, also with 50 % of the synapses of W and B removed.
    """

    feedback: ClassVar[str] = "random vector, from the next area"
    connectivity: Connectivity = field(default_factory=AllToAll)
    """Which synapses of B exist."""
    weights: Weights = field(default_factory=lambda: Signed(1.0))
    """B."""

    def back(self, network: LayeredNetwork) -> Iterator[Projection]:
        """Yield B_ℓ of every step of the way back."""
        for above, below in network.returns:
            yield from network.feedback(above, below, self.connectivity, self.weights)
