"""DendriticError: what feedback changes in a neuron's apical dendrite is the error that its synapses follow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bio_fa.ops import Quantity
from bio_fa.plasticity.base import Plasticity, Postsynaptic, Presynaptic, Product


@dataclass(frozen=True)
class DendriticError(Plasticity):
    """Δw_ij = η · L_i ψ_i · s_j r_j: the mean apical change in the plastic window, for neurons near their threshold.

    L = γ (a⁺ − a⁻) is a difference of the activities of the feedback neurons that drive the dendrite. It is ``ThreeFactor``
    for spiking neurons in the limit of a small γ, where r⁺ − r⁻ ≈ L ∂r/∂I, and without the quantisation of spike counts.
    *Centred*, r_j − r̄_j stands in the place of r_j, as in ``ThreeFactor``.

    Source: Guerguiev, Lillicrap & Richards (2017) eLife 6:e22901, differences of apical potentials between two phases;
        Bellec et al. (2020) Nat. Commun. 11:3625, ψ in the place of the slope.
    """

    rate: float = 1.0
    """η, per trial; the update scales the step."""
    centred: bool = False
    """Whether presynaptic activity counts from its average; never for the tonic drive, which has no other."""

    def uncentred(self) -> DendriticError:
        """Return the rule, not centred."""
        return replace(self, centred=False)

    def factors(self, pre: Presynaptic, post: Postsynaptic, w: Quantity) -> Iterator[Product]:
        """Yield η L ψ · s r · 1, or η L ψ · s (r − r̄) · 1 where centred."""
        yield self.rate * post.apical * post.sensitivity, pre.signal(self.centred), 1
