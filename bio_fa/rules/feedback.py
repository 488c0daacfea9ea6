"""Feedback: the wiring of the way back, one axis of a learning rule: which synapses bring feedback, and whence their weights."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar

from bio_fa.circuit import Circuit
from bio_fa.connectivity import AllToAll, Connectivity
from bio_fa.description import Description
from bio_fa.noise import NeuronNoise
from bio_fa.plasticity import Hebbian, Plasticity, WeightDecay
from bio_fa.projection import Projection
from bio_fa.protocol import Protocol
from bio_fa.rules.network import OUTPUT, LayeredNetwork
from bio_fa.tie import SignConcordant, Transposed
from bio_fa.weights import Signed, StartingAs, Weights

if TYPE_CHECKING:
    from bio_fa.rules.wired import WiredRule


@dataclass(frozen=True)
class Feedback(Description, abstract=True):
    """Which synapses B bring feedback onto hidden populations, whatever it means to the rule that they serve."""

    words: ClassVar[str] = "learned {}"
    """What reaches a hidden neuron, around what the rule sends."""

    def told(self, carried: str) -> str:
        """Return what reaches a hidden neuron, of a rule that sends this."""
        return self.words.format(carried)

    def steps(self, network: LayeredNetwork) -> tuple[tuple[str, str], ...]:
        """Return the populations before and after each step of the way back."""
        return network.returns

    def back(self, rule: WiredRule, network: LayeredNetwork) -> Iterator[Projection]:
        """Yield B of every step of the way back."""
        for above, below in self.steps(network):
            yield from self.step(rule, network, above, below)

    @abstractmethod
    def step(self, rule: WiredRule, network: LayeredNetwork, above: str, below: str) -> Iterable[Projection]:
        """Return B of one step."""

    def upward(self, rule: Plasticity) -> Plasticity:
        """Return how the way up learns, where B needs more of it than the rule says."""
        return rule

    def trial(self, protocol: Protocol, circuit: Circuit) -> Protocol:
        """Return the trial, with the phases that B needs."""
        return protocol


@dataclass(frozen=True)
class FixedRandom(Feedback, abstract=True):
    """B is fixed and random."""

    connectivity: Connectivity = field(default_factory=AllToAll)
    """Which synapses of B exist."""
    weights: Weights = field(default_factory=lambda: Signed(1.0))
    """B."""

    def step(self, rule: WiredRule, network: LayeredNetwork, above: str, below: str) -> Iterable[Projection]:
        """Return B, of the network's own kind."""
        return network.feedback(above, below, self.connectivity, self.weights)


@dataclass(frozen=True)
class Stepwise(FixedRandom):
    """B_ℓ is fixed and random, from each area onto the one below.

    Source: Lillicrap et al. (2016) Nat. Commun. 7:13276.
    """

    words: ClassVar[str] = "random {}, from the next area"


@dataclass(frozen=True)
class Direct(FixedRandom):
    """B_ℓ is fixed and random, from the output onto every hidden population.

    Source: Nøkland (2016) NeurIPS 29:1037–1045.
    """

    words: ClassVar[str] = "random {}, from the output"

    def steps(self, network: LayeredNetwork) -> tuple[tuple[str, str], ...]:
        """Return the output before each hidden population."""
        return tuple((OUTPUT, layer) for layer in network.layers)


@dataclass(frozen=True)
class Symmetric(Feedback):
    """B_ℓ = W_{ℓ+1}ᵀ: weight transport, not local.

    Source: Rumelhart, Hinton & Williams (1986) Nature 323:533–536.
    """

    words: ClassVar[str] = "{}: symmetric weights"

    def step(self, rule: WiredRule, network: LayeredNetwork, above: str, below: str) -> Iterable[Projection]:
        """Return Wᵀ."""
        return (Projection(above, below, "apical", tie=Transposed(rule.way_up(below, above))),)


@dataclass(frozen=True)
class Concordant(Feedback):
    """B_ℓ = |B_ℓ| ⊙ sign(W_{ℓ+1}ᵀ): signs are transported, magnitudes are not.

    Magnitudes are fixed and random (frSF), all one (uSF: constant ``weights``), or random for every batch (brSF: ``redrawn``).

    Source: Liao, Leibo & Poggio (2016) AAAI; Moskovitz, Litwin-Kumar & Abbott (2018) arXiv:1812.06488.
    """

    words: ClassVar[str] = "{} of the right signs"

    weights: Weights = field(default_factory=lambda: Signed(1.0))
    """|B|, whose signs do not count."""
    redrawn: bool = False
    """Whether magnitudes are drawn anew for every batch."""
    normalised: bool = False
    """Whether they are scaled at every step until ‖B‖ = ‖W‖ (strict normalisation), which transports a norm too."""

    def step(self, rule: WiredRule, network: LayeredNetwork, above: str, below: str) -> Iterable[Projection]:
        """Return B."""
        tie = SignConcordant(rule.way_up(below, above), self.redrawn, self.normalised)
        return (Projection(above, below, "apical", weights=self.weights, tie=tie),)


@dataclass(frozen=True)
class LearnedTogether(Feedback):
    """B_ℓ changes by the same products as W_{ℓ+1}, and both forget, λ B_ℓ and λ W_{ℓ+1}, so that W_{ℓ+1} − B_ℓᵀ only decays.

    Source: Kolen & Pollack (1994) Proc. ICNN 3:1375–1380; Akrout et al. (2019) NeurIPS 32, section 4.
    """

    decay: float = 1e-4
    """λ, per trial, before the update scales it."""
    symmetric: bool = False
    """Whether B starts as Wᵀ, and so remains it; else with ``weights`` of its own."""
    weights: Weights = field(default_factory=lambda: Signed(1.0))
    """B at the start, where it is not symmetric."""

    def upward(self, rule: Plasticity) -> Plasticity:
        """Return the rule, which forgets too."""
        return rule + WeightDecay(self.decay)

    def step(self, rule: WiredRule, network: LayeredNetwork, above: str, below: str) -> Iterable[Projection]:
        """Return B, which learns."""
        learning = rule.learns_back(below)
        start = StartingAs(rule.way_up(below, above), transposed=True) if self.symmetric else self.weights
        alike = learning | {"plasticity": self.upward(learning["plasticity"])}
        return (Projection(above, below, "apical", weights=start, **alike),)


@dataclass(frozen=True)
class LearnedAlike(Feedback):
    """B_ℓ learns as synapses of the way up do, from the error of the population that it reaches.

    Source: O'Reilly (1996) Neural Comput. 8:895–938, synapses of both directions.
    Choice: it starts random rather than symmetric, so that no weight is transported.
    """

    weights: Weights = field(default_factory=lambda: Signed(1.0))
    """B at the start."""

    def step(self, rule: WiredRule, network: LayeredNetwork, above: str, below: str) -> Iterable[Projection]:
        """Return B, which learns."""
        return (Projection(above, below, "apical", weights=self.weights, **rule.learns(below)),)


@dataclass(frozen=True)
class Mirrored(Feedback):
    """In a phase in which the population below is noise ξ alone, ΔB_ℓ = η r_ℓ r_{ℓ+1}ᵀ − λ B_ℓ.

    For linear neurons E[r_ℓ r_{ℓ+1}ᵀ] = σ² W_{ℓ+1}ᵀ, so that B_ℓ tends to η σ² / λ · W_{ℓ+1}ᵀ. No weight is transported.

    Source: Akrout et al. (2019) NeurIPS 32, section 3, weight mirrors.
    Choice: after every trial, one phase a population below, in which it alone is noise, so that no other noise correlates.
    """

    deviation: float = 1.0
    """σ."""
    decay: float = 0.05
    """λ, before the update scales it; η σ² / λ is the size of B relative to Wᵀ."""
    weights: Weights = field(default_factory=lambda: Signed(0.1))
    """B at the start. Choice: small, so that what was random is soon forgotten."""

    def step(self, rule: WiredRule, network: LayeredNetwork, above: str, below: str) -> Iterable[Projection]:
        """Return B, which learns while the population below is noise."""
        mirror = Hebbian(1.0) + WeightDecay(self.decay)
        return (Projection(above, below, "apical", weights=self.weights, plasticity=mirror, reads=f"mirror_{below}"),)

    def trial(self, protocol: Protocol, circuit: Circuit) -> Protocol:
        """Return the trial, then a copy of its first phase for every population onto which B learns: there it is noise."""
        free = replace(protocol.phases[0], plastic=False)
        learned = [each for each in circuit.plastic if each.reads == f"mirror_{each.post}"]
        noise = [(each.reads or "", NeuronNoise(each.post, self.deviation, alone=True)) for each in learned]
        return replace(protocol, phases=(*protocol.phases, *(replace(free, name=name, noise=(each,)) for name, each in noise)))


@dataclass(frozen=True)
class ExactLast(Feedback):
    """B_ℓ = W_Lᵀ from the output onto the last hidden population, and as another wiring says onto all others.

    Source: Xiao et al. (2018) arXiv:1811.03567, a last layer that is trained exactly.
    """

    others: Feedback = field(default_factory=Stepwise)
    """The wiring of all other steps."""

    def told(self, carried: str) -> str:
        """Return what reaches other hidden neurons, and then the last."""
        return f"{self.others.told(carried)}; exact from the output onto the last area"

    def steps(self, network: LayeredNetwork) -> tuple[tuple[str, str], ...]:
        """Return the steps of the other wiring."""
        return self.others.steps(network)

    def step(self, rule: WiredRule, network: LayeredNetwork, above: str, below: str) -> Iterable[Projection]:
        """Return Wᵀ onto the last hidden population, and B of the others."""
        wiring = Symmetric() if below == network.layers[-1] else self.others
        return wiring.step(rule, network, above, below)

    def upward(self, rule: Plasticity) -> Plasticity:
        """Return what the other wiring needs."""
        return self.others.upward(rule)

    def trial(self, protocol: Protocol, circuit: Circuit) -> Protocol:
        """Return what the other wiring needs."""
        return self.others.trial(protocol, circuit)
