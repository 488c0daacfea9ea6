"""DirectFeedbackAlignment: the error of the output reaches every hidden population at once."""

from __future__ import annotations

from dataclasses import dataclass, field

from bio_fa.rules.feedback import Direct, Feedback
from bio_fa.rules.wired import WiredRule


@dataclass(frozen=True)
class DirectFeedbackAlignment(WiredRule):
    """δ_ℓ = φ′(u_ℓ) ⊙ B_ℓ e,  ΔW_ℓ = η δ_ℓ r_{ℓ−1}ᵀ,  with e the error of the output and B_ℓ fixed and random.

    Use: where areas should learn at once, without waiting for the one above, or where the depth of feedback matters.
    Limits: every area needs its own synapses from the output; earlier areas align less with the gradient than by
        step-by-step feedback with learned weights.
    Source: Nøkland (2016) NeurIPS 29:1037–1045.
    """

    wiring: Feedback = field(default_factory=Direct)
