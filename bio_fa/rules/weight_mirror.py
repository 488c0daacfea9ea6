"""WeightMirror: noise travels up while feedback synapses learn from it what the way up is."""

from __future__ import annotations

from dataclasses import dataclass, field

from bio_fa.rules.feedback import Feedback, Mirrored
from bio_fa.rules.wired import WiredRule


@dataclass(frozen=True)
class WeightMirror(WiredRule):
    """δ_ℓ = φ′(u_ℓ) ⊙ B_ℓ δ_{ℓ+1},  ΔW_ℓ = η δ_ℓ r_{ℓ−1}ᵀ;  in mirror mode u_ℓ = ξ_ℓ alone and ΔB_ℓ = η r_ℓ r_{ℓ+1}ᵀ − λ B_ℓ.

    Use: where feedback should fit the forward weights, without errors that are bound to both.
    Limits: neurons must be silent on average under noise, as tanh neurons are: rates that are never negative make all of B
        positive, and nothing is learned; half of the time no stimulus is seen; where neurons are not linear, B fits Wᵀ times
        their mean slopes only.
    Source: Akrout et al. (2019) NeurIPS 32, section 3, weight mirrors.
    """

    wiring: Feedback = field(default_factory=Mirrored)
