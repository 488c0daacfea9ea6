"""HebbianContrast: synapses learn the correlations of one phase and unlearn those of another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bio_fa.ops import Quantity
from bio_fa.plasticity.base import Plasticity, Postsynaptic, Presynaptic, Product


@dataclass(frozen=True)
class HebbianContrast(Plasticity):
    """Δw_ij = η · s_j (r_i⁺ r_j⁺ − r_i⁻ r_j⁻) = η · s_j (e_i (r_j⁻ + e_j) + r_i⁻ e_j), with e = r⁺ − r⁻ of either side.

    The phase that is read is that of r⁻. A neuron whose activity is clamped, as that of the tonic drive, has e_j = 0.

    Source: Movellan (1991) Proc. 1990 Connectionist Models Summer School, 10–17; Xie & Seung (2003) Neural Comput. 15:441–454.
    """

    rate: float = 1.0
    """η, per trial; the update scales the step."""

    def factors(self, pre: Presynaptic, post: Postsynaptic, w: Quantity) -> Iterator[Product]:
        """Yield η e_i · s (r_j + e_j) · 1, then η r_i · s e_j · 1."""
        yield self.rate * post.error, pre.sign * (pre.activity + pre.error), 1
        yield self.rate * post.activity, pre.sign * pre.error, 1
