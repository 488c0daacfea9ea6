"""Tie: feedback synapses that copy forward ones. Weight transport: not local, and every list of rules says so."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

from bio_fa.description import Description
from bio_fa.ops import Quantity, sqrt, step


@dataclass(frozen=True)
class Tie(Description, abstract=True):
    """The weights of a projection follow those of another one, between the same populations in the other direction."""

    to: str
    """The name of the projection that is followed."""

    @property
    def redraws(self) -> bool:
        """Whether its own weights are drawn anew before every step."""
        return False

    @abstractmethod
    def weights(self, forward: Quantity, own: Quantity) -> Quantity:
        """Return the weights (post, pre) from those of ``forward`` (pre, post) and from its ``own`` before, (post, pre)."""


@dataclass(frozen=True)
class Transposed(Tie):
    """B = Wᵀ.

    Source: Rumelhart, Hinton & Williams (1986) Nature 323:533–536: errors return through the weights of the way up.
    """

    def weights(self, forward: Quantity, own: Quantity) -> Quantity:
        """Return Wᵀ."""
        return forward.T


@dataclass(frozen=True)
class SignConcordant(Tie):
    """B = |B| ⊙ sign(Wᵀ): feedback keeps its own magnitudes, and has the signs of the way up.

    Magnitudes that are all one make it uniform (uSF), magnitudes drawn at the start fixed random (frSF), and magnitudes that
    are drawn anew at every step batchwise random (brSF). ``normalised``, they are scaled until ‖B‖ = ‖W‖: uSF is then
    B = ‖W‖ sign(Wᵀ) / ‖sign(Wᵀ)‖.

    Source: Liao, Leibo & Poggio (2016) AAAI; Moskovitz, Litwin-Kumar & Abbott (2018) arXiv:1812.06488, and strict
        normalisation; Xiao et al. (2018) arXiv:1811.03567, sign symmetry.
    Choice: the sign of a weight of 0 counts as positive, so that no magnitude is lost.
    """

    redrawn: bool = False
    """Whether magnitudes are drawn anew at every step, as they were at the start."""
    normalised: bool = False
    """Whether B has the Euclidean norm of W at every step."""

    @property
    def redraws(self) -> bool:
        """Whether magnitudes are."""
        return self.redrawn

    def weights(self, forward: Quantity, own: Quantity) -> Quantity:
        """Return |B| ⊙ sign(Wᵀ), scaled where it is normalised; magnitudes that are all 0 stay so."""
        size = abs(own)
        if self.normalised:
            length = sqrt((size**2).sum())
            size = size * (sqrt((forward**2).sum()) / (length + (length == 0)))
        return size * (1 - 2 * step(-forward.T))
