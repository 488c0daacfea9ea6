"""WeightPerturbation: every synapse repeats the noise of its own after which things went better."""

from __future__ import annotations

from dataclasses import dataclass

from bio_fa.circuit import Circuit
from bio_fa.credit import LossRise
from bio_fa.noise import SynapseNoise
from bio_fa.plasticity import Exploration, Plasticity
from bio_fa.rules.scalar import ScalarFeedback


@dataclass(frozen=True)
class WeightPerturbation(ScalarFeedback):
    """ΔW = −η (L(W + ζ) − L(W)) ζ / σ² with ζ = ±σ at random: on average minus the gradient as σ → 0.

    All synapses are disturbed at once, by one draw for all trials of a batch; the variance grows with their number.

    Use: as the floor of what chance and a scalar achieve, with an update that keeps the sizes of Δw, such as ``Scale(1e-3)``.
    Limits: needs as many times the trials of a gradient as there are synapses; synapses of both signs only.
    Source: Cauwenberghs (1993) NeurIPS 5:244–251; with the variance, Werfel, Xie & Seung (2005) Neural Comput. 17:2699–2718.
    """

    deviation: float = 1e-3
    """σ."""

    def credit(self, population: str) -> LossRise:
        """Return the rise of the loss."""
        return LossRise()

    def plasticity(self, population: str) -> Plasticity:
        """Return the rule of synapses that know their own noise."""
        return Exploration()

    def noise(self, circuit: Circuit) -> tuple[SynapseNoise, ...]:
        """Return noise for every projection that learns."""
        return tuple(SynapseNoise(each.name, self.deviation) for each in circuit.plastic)
