"""Backpropagation: errors return through the transposed weights of the way up."""

from __future__ import annotations

from dataclasses import dataclass, field

from bio_fa.rules.feedback import Feedback, Symmetric
from bio_fa.rules.wired import WiredRule


@dataclass(frozen=True)
class Backpropagation(WiredRule):
    """δ_ℓ = φ′(u_ℓ) ⊙ W_{ℓ+1}ᵀ δ_{ℓ+1},  ΔW_ℓ = η δ_ℓ r_{ℓ−1}ᵀ: the gradient. Weight transport, not local.

    Use: as the reference that other rules are compared with: it follows the gradient exactly.
    Limits: it transports every weight; no mechanism for that is known in cortex.
    Source: Rumelhart, Hinton & Williams (1986) Nature 323:533–536.
    """

    wiring: Feedback = field(default_factory=Symmetric)
