"""DirectRandomTargetProjection: hidden populations learn from the target alone, without waiting for an answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from bio_fa.credit import Credit, SignedError
from bio_fa.rules.feedback import Direct, Feedback
from bio_fa.rules.wired import WiredRule


@dataclass(frozen=True)
class DirectRandomTargetProjection(WiredRule):
    """δ_ℓ = φ′(u_ℓ) ⊙ B_ℓ y*,  ΔW_ℓ = η δ_ℓ r_{ℓ−1}ᵀ,  with y* the target and B_ℓ fixed and random; the output has its error.

    Use: where hidden areas have to learn before the answer is known.
    Limits: hidden areas never learn that they are right already, so that errors stay about twice those of feedback
        alignment.
    Source: Frenkel, Lefebvre & Bol (2021) Front. Neurosci. 15:629892.
    """

    carries: ClassVar[str] = "target"

    wiring: Feedback = field(default_factory=Direct)

    def credit(self, population: str) -> Credit:
        """Return the error whose feedback carries the target."""
        return SignedError("target", "free")
