"""Sign symmetry: feedback synapses have the signs of the forward ones, not their magnitudes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from bio_fa.projection import Projection
from bio_fa.rules.base import LearningRule
from bio_fa.rules.network import LayeredNetwork
from bio_fa.tie import SignConcordant
from bio_fa.weights import Constant, Signed, Weights


@dataclass(frozen=True)
class SignSymmetry(LearningRule, abstract=True):
    """δ_ℓ = φ′(u_ℓ) ⊙ B_ℓ δ_{ℓ+1} with B_ℓ = |B_ℓ| ⊙ sign(W_{ℓ+1}ᵀ), and ΔW_ℓ = η δ_ℓ r_{ℓ−1}ᵀ. Signs are transported."""

    feedback: ClassVar[str] = "vector of the right signs"
    redrawn: ClassVar[bool] = False

    weights: Weights = field(default_factory=lambda: Signed(1.0))
    """|B|, whose signs do not count."""

    def back(self, network: LayeredNetwork) -> Iterator[Projection]:
        """Yield B of every step of the way back."""
        for above, below in network.returns:
            tie = SignConcordant(f"{below}_to_{above}", self.redrawn)
            yield Projection(above, below, "apical", weights=self.weights, tie=tie)


@dataclass(frozen=True)
class UniformSignSymmetry(SignSymmetry):
    """B_ℓ = c · sign(W_{ℓ+1}ᵀ): all magnitudes are one (uSF).

    Use: to ask how much of weight transport is needed: the signs alone.
    Limits: signs are transported, and an imbalance of magnitudes between areas is not corrected.
    Source: Liao, Leibo & Poggio (2016) AAAI; Moskovitz, Litwin-Kumar & Abbott (2018) arXiv:1812.06488; Xiao et al. (2018)
        arXiv:1811.03567.
    Choice: c = 0.05, about the size of a forward weight of 500 neurons; a scale of B that is the same for all neurons of a
        population vanishes in adaptive steps.
    """

    weights: Weights = field(default_factory=lambda: Constant(0.05))


@dataclass(frozen=True)
class FixedSignSymmetry(SignSymmetry):
    """B_ℓ = |B⁰_ℓ| ⊙ sign(W_{ℓ+1}ᵀ): magnitudes are random and fixed (frSF).

    Use: as uniform sign symmetry, with magnitudes that differ as those of synapses do.
    Limits: signs are transported.
    Source: Moskovitz, Litwin-Kumar & Abbott (2018) arXiv:1812.06488.
    """


@dataclass(frozen=True)
class RandomSignSymmetry(SignSymmetry):
    """B_ℓ = |B^t_ℓ| ⊙ sign(W_{ℓ+1}ᵀ): magnitudes are drawn anew for every batch (brSF).

    Use: to show that magnitudes do not matter at all: they change with every batch.
    Limits: signs are transported; random magnitudes add noise to every error.
    Source: Liao, Leibo & Poggio (2016) AAAI, batchwise random; Moskovitz, Litwin-Kumar & Abbott (2018) arXiv:1812.06488.
    """

    redrawn: ClassVar[bool] = True
