"""Plasticity: a rule yields products of three local factors; their sum is the weight change."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from bio_fa.description import Description
from bio_fa.ops import Quantity

Product = tuple[Quantity, Quantity, Quantity]
"""(postsynaptic factor, presynaptic factor, synaptic factor)."""


@dataclass(frozen=True)
class Presynaptic:
    """What the presynaptic side of a synapse knows."""

    activity: Quantity
    """(trial, pre), ≥ 0, in the phase that the projection reads."""
    mean: Quantity
    """(pre,), the running average of the activity over past trials."""
    sign: Quantity
    """+1 for excitatory and unsigned neurons, −1 for inhibitory ones."""
    spike: Quantity = 0.0
    """(trial, pre), the spike train S(t) at a moment: 1 / dt in the time step of a spike, else 0; in 1/s."""
    trace: Quantity = 0.0
    """(trial, pre), the low-pass of the spike train at that moment, this step's spikes included: + 1 a spike."""
    error: Quantity = 0.0
    """(trial, pre), the presynaptic neuron's own error of the kind that the projection names: for synapses of feedback."""

    def signal(self, centred: bool = False) -> Quantity:
        """Return s r, the activity as its target feels it, or s (r − r̄) where it is centred; (trial, pre)."""
        return self.sign * (self.activity - self.mean if centred else self.activity)


@dataclass(frozen=True)
class Postsynaptic:
    """What the postsynaptic side of a synapse knows."""

    activity: Quantity
    """(trial, post), ≥ 0, in the phase that the projection reads."""
    mean: Quantity
    """(post,), the running average of the activity over past trials."""
    error: Quantity
    """(trial, post), the signed activity difference that the projection names."""
    spike: Quantity = 0.0
    """(trial, post), as that of the presynaptic side."""
    trace: Quantity = 0.0
    """(trial, post), as that of the presynaptic side."""
    apical: Quantity = 0.0
    """(trial, post), what feedback adds to the neuron's current: γ (a − a₀), signed; now, or in the last plastic phase."""
    sensitivity: Quantity = 0.0
    """(trial, post), ψ ≥ 0, how close the potential is to the threshold before a spike resets it; now, or in the phase read."""
    deviation: Quantity = 0.0
    """(trial, post), the current of rate neurons less the mean that their threshold subtracts, before a shunt divides it."""


MOMENTARY = frozenset({"pre.spike", "pre.trace", "post.spike", "post.trace"})
"""What a rule senses moment by moment: a product with such a factor is integrated over the window of the phase that is read."""
EITHER = frozenset({"post.apical", "post.sensitivity", "pre.sign", "w"})
"""What it senses now in such a product; in any other as the mean over a window, or unchanged, once a trial."""


@dataclass(frozen=True)
class Plasticity(Description, abstract=True):
    """A local rule for the change of a synapse's magnitude, Δw = Σ post · pre · synapse, averaged over trials.

    A factor may contain only what its own side of the synapse knows: ``post.*`` in the first, ``pre.*`` in the second,
    ``w`` in the third. This is proved on symbols whenever a projection is described (``plasticity.locality``).
    A product with spikes or traces is integrated over time, Δw = ∫ post · pre · synapse dt; any other is taken once a trial.
    The weight itself moves once, after the trial.
    """

    synaptic: ClassVar[Literal["weight", "noise"]] = "weight"
    """What a synapse knows of itself, ``w`` in the factors: its weight, or the score of the noise that disturbed it."""
    running: ClassVar[bool] = False
    """Whether Δw is a step of a running average, which no update scales and no gradient replaces."""

    @abstractmethod
    def factors(self, pre: Presynaptic, post: Postsynaptic, w: Quantity) -> Iterator[Product]:
        """Yield the products whose sum is Δw, as plain arithmetic and ``bio_fa.ops``."""

    def uncentred(self) -> Plasticity:
        """Return the rule for the tonic drive, which is always the same: of a centred rule nothing would be left."""
        return self

    def __add__(self, other: Plasticity) -> Plasticity:
        """Return the rule that applies both."""
        return Sum((self, other))


@dataclass(frozen=True)
class Sum(Plasticity):
    """Several rules at once: Δw is the sum of theirs."""

    rules: tuple[Plasticity, ...]

    def validate(self) -> None:
        """Refuse an empty sum, or one of rules that take something else than the weight for ``w``."""
        self.require(len(self.rules) > 0, "rules", "at least one rule")
        self.require(all(rule.synaptic == "weight" for rule in self.rules), "rules", "rules that know their weight only")

    def uncentred(self) -> Plasticity:
        """Return the sum of the rules, none of them centred."""
        return Sum(tuple(rule.uncentred() for rule in self.rules))

    def factors(self, pre: Presynaptic, post: Postsynaptic, w: Quantity) -> Iterator[Product]:
        """Yield the products of every rule in turn."""
        for rule in self.rules:
            yield from rule.factors(pre, post, w)
