"""Learning: local plasticity, or the gradient through the same circuit as a reference. Descriptions only."""

from __future__ import annotations

from dataclasses import dataclass, field

from bio_fa.description import Description
from bio_fa.protocol import Phase, Protocol
from bio_fa.updates import Adaptive, Update


@dataclass(frozen=True)
class Learning(Description, abstract=True):
    """How the plastic projections of a circuit change after each trial."""


@dataclass(frozen=True)
class LocalLearning(Learning):
    """Each plastic projection follows its own rule; nothing is differentiated."""

    update: Update = field(default_factory=Adaptive)
    horizon: int = 100
    """The number of trials (batches) over which the running averages ``mean`` reach back."""

    def validate(self) -> None:
        """Refuse an average over nothing."""
        self.require(self.horizon >= 1, "horizon", "at least 1 trial")

    def phases(self, protocol: Protocol) -> tuple[Phase, ...]:
        """Return the phases that a learning trial runs: all."""
        return protocol.phases


@dataclass(frozen=True)
class GradientLearning(Learning):
    """The same projections follow the gradient of the loss, under the same constraints. Not local: a reference.

    Source: Rumelhart, Hinton & Williams (1986) Nature 323:533–536, by automatic differentiation.
    """

    update: Update = field(default_factory=Adaptive)

    def phases(self, protocol: Protocol) -> tuple[Phase, ...]:
        """Return the phases that a learning trial runs: the first, in which the output is free."""
        return protocol.phases[:1]
