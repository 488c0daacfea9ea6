"""NodePerturbation: every neuron repeats the noise of its own after which things went better."""

from __future__ import annotations

from dataclasses import dataclass

from bio_fa.circuit import Circuit
from bio_fa.credit import LossRise
from bio_fa.noise import NeuronNoise
from bio_fa.rules.scalar import ScalarFeedback


@dataclass(frozen=True)
class NodePerturbation(ScalarFeedback):
    """u = W r + ξ with ξ ~ N(0, σ²),  e = −(L(ξ) − L(0)) ξ / σ²,  ΔW_ℓ = η e_ℓ r_{ℓ−1}ᵀ: on average minus the gradient.

    Its average is the gradient exactly as σ → 0; its variance grows with the number of neurons that are disturbed.

    Use: where nothing but a scalar can be fed back, in networks of a few hundred neurons.
    Limits: needs as many times the trials of a gradient as neurons are disturbed, and every stimulus twice.
    Source: Werfel, Xie & Seung (2005) Neural Comput. 17:2699–2718; Fiete & Seung (2006) Phys. Rev. Lett. 97:048104.
    Choice: r is that of the phase without noise, which has the same average to first order and less variance.
    """

    deviation: float = 0.1
    """σ."""

    def credit(self, population: str) -> LossRise:
        """Return the rise of the loss, times the neuron's own noise."""
        return LossRise()

    def noise(self, circuit: Circuit) -> tuple[NeuronNoise, ...]:
        """Return noise for every population but the input."""
        return tuple(NeuronNoise(each.name, self.deviation) for each in circuit.populations if each.name != circuit.input)
