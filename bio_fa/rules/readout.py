"""Readout: hidden populations learn without supervision, from what they hear and how they compete; only the output is taught."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from bio_fa.circuit import Circuit
from bio_fa.constraints import WeightNorm
from bio_fa.credit import Credit, Lateral, RankedCompetition, SignedError, SoftCompetition
from bio_fa.neurons import LeakyRate, RateNeuron
from bio_fa.plasticity import Intrinsic, ThreeFactor
from bio_fa.projection import Projection
from bio_fa.rules.base import LearningRule
from bio_fa.rules.network import OUTPUT, LayeredNetwork


@dataclass(frozen=True)
class Readout(LearningRule, abstract=True):
    """ΔW_ℓ = η e_ℓ (r_{ℓ−1} − r̄_{ℓ−1})ᵀ with ‖w_i‖ = g kept, and Δθ_i = η (r* − r_i), for hidden populations; e competes.

    Choice: presynaptic activity counts from its average, so that neurons do not all learn the mean stimulus; thresholds keep
        every neuron in use; and the output hears every area, because what competition drops on the way up is lost.
    """

    norm: float = 4.0
    """g, the Euclidean norm of the weights that a hidden neuron receives."""
    set_point: float = 0.3
    """r*, the mean activity of a hidden neuron."""
    neuron: RateNeuron = field(default_factory=LeakyRate)
    """Of hidden populations, in the place of the network's."""

    @abstractmethod
    def competition(self) -> Lateral:
        """Return how hidden neurons compete for what they learn."""

    def credit(self, population: str) -> Credit:
        """Return the error of the output, and the place in the competition of others."""
        return SignedError() if population == OUTPUT else self.competition()

    def circuit(self, network: LayeredNetwork) -> Circuit:
        """Return the circuit that learns by this rule."""
        rectified = replace(network, neuron=self.neuron)  # type: ignore[call-arg]
        return rectified.circuit(self.kind(), [*self._hidden(rectified), *self._taught(rectified)], self.apical)

    def _hidden(self, network: LayeredNetwork) -> Iterator[Projection]:
        for pre, post in network.pairs[:-1]:
            for each in network.forward(pre, post, plasticity=ThreeFactor(centred=True), error=self.credit(post)):
                yield self._bounded(each)

    def _bounded(self, projection: Projection) -> Projection:
        """Return a projection whose weights keep their norm, or thresholds that keep a mean activity."""
        if projection.from_tonic:
            return replace(projection, plasticity=Intrinsic(self.set_point), error=None)
        bounds = () if projection.plasticity is None else (WeightNorm(self.norm),)
        return replace(projection, constraints=bounds)

    def _taught(self, network: LayeredNetwork) -> Iterator[Projection]:
        """Yield the projections onto the output, those that steps from several areas share once."""
        steps = [network.forward(pre, OUTPUT, plasticity=ThreeFactor(), error=SignedError()) for pre in network.layers]
        yield from {each.name: each for step in steps for each in step}.values()


@dataclass(frozen=True)
class HebbianReadout(Readout):
    """ΔW_ℓ = η e_ℓ (r_{ℓ−1} − r̄_{ℓ−1})ᵀ with e = softmax(β u) and ‖w_i‖ = g kept; the output learns ΔW = η (y* − r) r_ℓᵀ.

    Use: to see what hidden areas learn from the stimuli alone.
    Limits: hidden areas learn nothing of the task, and the second one adds little; inhibition must know the whole population.

    Neurons that compete share what there is to learn; a norm bounds them, as Oja's decay does, and thresholds keep all in use.

    Source: Rumelhart & Zipser (1985) Cogn. Sci. 9:75–112, competitive learning; Nowlan (1990) NeurIPS 2:574–582, made soft;
        Oja (1982) J. Math. Biol. 15:267–273, the norm.
    """

    gain: float = 4.0
    """β."""

    def competition(self) -> Lateral:
        """Return the soft one."""
        return SoftCompetition(gain=self.gain)


@dataclass(frozen=True)
class CompetitiveReadout(Readout):
    """ΔW_ℓ = η e_ℓ (r_{ℓ−1} − r̄_{ℓ−1})ᵀ with e = 1 of the winner, −Δ of the k-th and ‖w_i‖ = g; output: ΔW = η (y* − r) r_ℓᵀ.

    Use: as ``HebbianReadout``, with a competition that also drives the runners-up apart.
    Limits: the rank of a neuron is not local to its synapses; hidden areas learn nothing of the task.
    Source: Krotov & Hopfield (2019) PNAS 116:7723–7731.
    Choice: a kept norm in the place of their decay, whose fixed point it is, and a threshold in the place of their power of u.
    """

    rank: int = 2
    """k."""
    strength: float = 0.1
    """Δ. Choice: below the 0.4 of the source, because activities that count from their average already drive neurons apart."""

    def objections(self, circuit: Circuit) -> tuple[str, ...]:
        """Return that ranks are not local."""
        return (*super().objections(circuit), "rank: how a neuron stands among its population is not known to its synapses")

    def competition(self) -> Lateral:
        """Return the one by rank."""
        return RankedCompetition(rank=self.rank, strength=self.strength)
