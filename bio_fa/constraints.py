"""Constraints: what must hold of a projection's weights after every step.

To be fast, a constraint may write into the weights that it is given: weights that have been passed in are spent.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

from bio_fa.description import Description
from bio_fa.ops import Quantity, minimum, rectify, sqrt, total


@dataclass(frozen=True)
class Constraint(Description, abstract=True):
    """A set of allowed weights, and the projection onto it; weights and mask are (post, pre)."""

    @abstractmethod
    def apply(self, w: Quantity, mask: Quantity) -> Quantity:
        """Return the nearest weights that are allowed; ``w`` is spent, ``mask`` is numbers 0 and 1 (or booleans)."""


@dataclass(frozen=True)
class Dale(Constraint):
    """Magnitudes are not negative, w ← [w]₊: the sign of a synapse is that of its presynaptic neuron, for ever.

    Source: Eccles, Fatt & Koketsu (1954) J. Physiol. 126:524–562 (Dale's principle);
        Song et al. (2016) PLoS Comput. Biol. 12:e1004792.
    """

    def apply(self, w: Quantity, mask: Quantity) -> Quantity:
        """Return [w]₊."""
        return rectify(w)


@dataclass(frozen=True)
class Mask(Constraint):
    """Absent synapses stay absent, w ← mask · w.

    Source: Lillicrap et al. (2016) Nat. Commun. 7:13276, the circuits with 50 % of the synapses removed.
    """

    def apply(self, w: Quantity, mask: Quantity) -> Quantity:
        """Return mask · w."""
        w *= mask
        return w


@dataclass(frozen=True)
class Bounds(Constraint):
    """No synapse is stronger than ``largest``, |w| ≤ largest.

    Choice: a hard bound, for a finite number of receptors.
    """

    largest: float

    def validate(self) -> None:
        """Refuse a bound that is not positive."""
        self.require(self.largest > 0, "largest", "a magnitude above 0")

    def apply(self, w: Quantity, mask: Quantity) -> Quantity:
        """Return max(min(w, largest), −largest)."""
        return -minimum(-minimum(w, self.largest), self.largest)


@dataclass(frozen=True)
class WeightNorm(Constraint):
    """The synapses of each postsynaptic neuron keep one norm, w_i ← γ w_i / ‖w_i‖; a neuron without any keeps none.

    Source: Panjehpour & EsmaielZadeh (2022), eq. 9, where column i of W is neuron i: forward weights at every step. Feedback
        weights have it once, before learning: ``Constrained(weights, (WeightNorm(γ),))``.
    Choice: not for a tonic drive, whose one synapse a neuron could then only be ±γ; nor has the bias of the source this norm.
    """

    norm: float = 1.0
    """γ, the Euclidean norm of the weights that one neuron receives, > 0."""

    def validate(self) -> None:
        """Refuse a norm that is not positive."""
        self.require(self.norm > 0, "norm", "a norm above 0")

    def apply(self, w: Quantity, mask: Quantity) -> Quantity:
        """Return γ w / ‖w‖, row by row."""
        length = sqrt(total(w**2))
        return w * (self.norm / (length + (length == 0)))


@dataclass(frozen=True)
class ProjectionNorm(Constraint):
    """The synapses of a projection keep one norm together, W ← γ √n · W / ‖W‖ for n postsynaptic neurons.

    The root mean square over neurons of the norm that each receives is γ; one may gain what another loses. It holds from the
    draw on, so that γ √n is the norm ‖W₀‖ at the start. Feedback drawn with the same γ (``Constrained``) then has the norm of
    the forward weights for ever, without seeing them.

    Source: Moskovitz, Litwin-Kumar & Abbott (2018) arXiv:1812.06488, weights of constrained magnitude, W ← ‖W₀‖ W / ‖W‖.
    Choice: γ is given instead of read from the draw, so that the constraint needs no memory.
    """

    norm: float = 1.0
    """γ, the root mean square of the Euclidean norms of the weights that the neurons receive, > 0."""

    def validate(self) -> None:
        """Refuse a norm that is not positive."""
        self.require(self.norm > 0, "norm", "a norm above 0")

    def apply(self, w: Quantity, mask: Quantity) -> Quantity:
        """Return γ √n w / ‖w‖; weights that are all 0 stay so."""
        length = sqrt((w**2).sum())
        return w * (self.norm * w.shape[0] ** 0.5 / (length + (length == 0)))
