"""KolenPollack: forward and feedback synapses change alike and forget, so that they become transposes of each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from bio_fa.credit import SignedError
from bio_fa.plasticity import Plasticity, ReturnedError, ThreeFactor, WeightDecay
from bio_fa.projection import Projection
from bio_fa.rules.base import LearningRule
from bio_fa.rules.network import LayeredNetwork
from bio_fa.weights import Signed, Weights


@dataclass(frozen=True)
class KolenPollack(LearningRule):
    """δ_ℓ = φ′(u_ℓ) ⊙ B_ℓ δ_{ℓ+1},  ΔW_{ℓ+1} = η δ_{ℓ+1} r_ℓᵀ − λ W_{ℓ+1},  ΔB_ℓ = η r_ℓ δ_{ℓ+1}ᵀ − λ B_ℓ.

    Both change by the same products, so that W − Bᵀ only decays. No weight is transported.

    Use: where feedback should come to fit the forward weights without transport.
    Limits: feedback synapses must sense the error that they bring; both ways must forget at the same rate, or W and B
        stay apart.
    Source: Kolen & Pollack (1994) Proc. ICNN 3:1375–1380; Akrout et al. (2019) NeurIPS 32, section 4.
    """

    feedback: ClassVar[str] = "learned vector"
    decay: float = 1e-4
    """λ, per trial, before the update scales it."""
    weights: Weights = field(default_factory=lambda: Signed(1.0))
    """B at the start."""

    def plasticity(self, population: str) -> Plasticity:
        """Return the rule of the way up, which forgets."""
        return ThreeFactor() + WeightDecay(self.decay)

    def back(self, network: LayeredNetwork) -> Iterator[Projection]:
        """Yield B of every step of the way back, which learns."""
        rule = ReturnedError() + WeightDecay(self.decay)
        for above, below in network.returns:
            yield Projection(above, below, "apical", weights=self.weights, plasticity=rule, error=SignedError())
