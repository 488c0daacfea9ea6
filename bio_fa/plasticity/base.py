"""Plasticity: a rule yields products of three local factors; their sum is the weight change."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Postsynaptic:
    """What the postsynaptic side of a synapse knows."""

    activity: Quantity
    """(trial, post), ≥ 0, in the phase that the projection reads."""
    mean: Quantity
    """(post,), the running average of the activity over past trials."""
    error: Quantity
    """(trial, post), the signed activity difference that the projection names."""


@dataclass(frozen=True)
class Plasticity(Description, abstract=True):
    """A local rule for the change of a synapse's magnitude, Δw = Σ post · pre · synapse, averaged over trials.

    A factor may contain only what its own side of the synapse knows: ``post.*`` in the first, ``pre.*`` in the second,
    ``w`` in the third. This is proved on symbols whenever a projection is described (``plasticity.locality``).
    """

    @abstractmethod
    def factors(self, pre: Presynaptic, post: Postsynaptic, w: Quantity) -> Iterator[Product]:
        """Yield the products whose sum is Δw, as plain arithmetic and ``bio_fa.ops``."""

    def __add__(self, other: Plasticity) -> Plasticity:
        """Return the rule that applies both."""
        return Sum((self, other))


@dataclass(frozen=True)
class Sum(Plasticity):
    """Several rules at once: Δw is the sum of theirs."""

    rules: tuple[Plasticity, ...]

    def validate(self) -> None:
        """Refuse an empty sum."""
        self.require(len(self.rules) > 0, "rules", "at least one rule")

    def factors(self, pre: Presynaptic, post: Postsynaptic, w: Quantity) -> Iterator[Product]:
        """Yield the products of every rule in turn."""
        for rule in self.rules:
            yield from rule.factors(pre, post, w)
