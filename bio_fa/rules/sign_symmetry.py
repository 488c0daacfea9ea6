"""Sign symmetry: feedback synapses have the signs of the forward ones, not their magnitudes."""

from __future__ import annotations

from dataclasses import dataclass, field

from bio_fa.rules.feedback import Concordant, Feedback
from bio_fa.rules.wired import WiredRule
from bio_fa.weights import Constant


@dataclass(frozen=True)
class SignSymmetry(WiredRule, abstract=True):
    """δ_ℓ = φ′(u_ℓ) ⊙ B_ℓ δ_{ℓ+1} with B_ℓ = |B_ℓ| ⊙ sign(W_{ℓ+1}ᵀ), and ΔW_ℓ = η δ_ℓ r_{ℓ−1}ᵀ. Signs are transported."""

    wiring: Feedback = field(default_factory=Concordant)


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

    wiring: Feedback = field(default_factory=lambda: Concordant(Constant(0.05)))


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

    wiring: Feedback = field(default_factory=lambda: Concordant(redrawn=True))
