"""Backpropagation: errors return through the transposed weights of the way up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from bio_fa.projection import Projection
from bio_fa.rules.base import LearningRule
from bio_fa.rules.network import LayeredNetwork
from bio_fa.tie import Transposed


@dataclass(frozen=True)
class Backpropagation(LearningRule):
    """δ_ℓ = φ′(u_ℓ) ⊙ W_{ℓ+1}ᵀ δ_{ℓ+1},  ΔW_ℓ = η δ_ℓ r_{ℓ−1}ᵀ: the gradient. Weight transport, not local.

    Use: as the reference that other rules are compared with: it follows the gradient exactly.
    Limits: it transports every weight; no mechanism for that is known in cortex.
    Source: Rumelhart, Hinton & Williams (1986) Nature 323:533–536.
    """

    feedback: ClassVar[str] = "gradient: symmetric weights"

    def back(self, network: LayeredNetwork) -> Iterator[Projection]:
        """Yield Wᵀ of every step of the way back."""
        for above, below in network.returns:
            yield Projection(above, below, "apical", tie=Transposed(f"{below}_to_{above}"))
