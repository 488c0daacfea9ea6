"""ThreeFactor: the error carried by an activity difference gates Hebbian change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bio_fa.ops import Quantity
from bio_fa.plasticity.base import Plasticity, Postsynaptic, Presynaptic, Product


@dataclass(frozen=True)
class ThreeFactor(Plasticity):
    """Δw_ij = η · e_i · s_j r_j, with e_i = r_i⁺ − r_i⁻ and s_j = ±1 the sign of the presynaptic neuron.

    An inhibitory synapse grows where an excitatory one would shrink. *Centred*, r_j − r̄_j stands in the place of r_j, with r̄
    the running average over past trials, so that what all stimuli share teaches nothing.

    Source: Lillicrap et al. (2020) Nat. Rev. Neurosci. 21:335–346, activity differences as
        errors; O'Reilly (1996) Neural Comput. 8:895–938, GeneRec; centred as the presynaptic factor of Sejnowski (1977)
        J. Math. Biol. 4:303–321.
    """

    rate: float = 1.0
    """η, per trial; the update scales the step."""
    centred: bool = False
    """Whether presynaptic activity counts from its average; never for the tonic drive, which has no other."""

    def uncentred(self) -> ThreeFactor:
        """Return the rule, not centred."""
        return replace(self, centred=False)

    def factors(self, pre: Presynaptic, post: Postsynaptic, w: Quantity) -> Iterator[Product]:
        """Yield η e · s r · 1, or η e · s (r − r̄) · 1 where centred."""
        yield self.rate * post.error, pre.signal(self.centred), 1
