"""KolenPollack: forward and feedback synapses change alike and forget, so that they become transposes of each other."""

from __future__ import annotations

from dataclasses import dataclass, field

from bio_fa.rules.feedback import Feedback, LearnedTogether
from bio_fa.rules.wired import WiredRule


@dataclass(frozen=True)
class KolenPollack(WiredRule):
    """δ_ℓ = φ′(u_ℓ) ⊙ B_ℓ δ_{ℓ+1},  ΔW_{ℓ+1} = η δ_{ℓ+1} r_ℓᵀ − λ W_{ℓ+1},  ΔB_ℓ = η r_ℓ δ_{ℓ+1}ᵀ − λ B_ℓ.

    Both change by the same products, so that W − Bᵀ only decays. No weight is transported.

    Use: where feedback should come to fit the forward weights without transport.
    Limits: feedback synapses must sense the error that they bring; both ways must forget at the same rate, or W and B
        stay apart.
    Source: Kolen & Pollack (1994) Proc. ICNN 3:1375–1380; Akrout et al. (2019) NeurIPS 32, section 4.
    """

    wiring: Feedback = field(default_factory=LearnedTogether)
