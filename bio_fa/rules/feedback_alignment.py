"""FeedbackAlignment: errors return through fixed random synapses, step by step."""

from __future__ import annotations

from dataclasses import dataclass

from bio_fa.rules.wired import WiredRule


@dataclass(frozen=True)
class FeedbackAlignment(WiredRule):
    """δ_ℓ = φ′(u_ℓ) ⊙ B_ℓ δ_{ℓ+1},  ΔW_ℓ = η δ_ℓ r_{ℓ−1}ᵀ,  with B_ℓ fixed and random ("BP-TRW").

    Use: as the baseline of every hypothesis without weight transport: vectors of errors, nothing learned about them.
    Limits: alignment decays with depth: below two or three areas updates hardly follow the gradient; convolutional
        networks learn badly.
    Source: Lillicrap et al. (2016) Nat. Commun. 7:13276, also with 50 % of the synapses of W and B removed.
    """
