"""Learning: local plasticity, or the gradient through the same circuit as a reference; or first one, then the other."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field

from bio_fa.circuit import Circuit
from bio_fa.description import Description
from bio_fa.errors import DescriptionError
from bio_fa.ops import Quantity
from bio_fa.phase import Phase
from bio_fa.protocol import Protocol
from bio_fa.updates import Adaptive, Update


@dataclass(frozen=True)
class Learning(Description, abstract=True):
    """How the plastic projections of a circuit change after each trial."""

    update: Update = field(default_factory=Adaptive)

    @abstractmethod
    def phases(self, protocol: Protocol) -> tuple[Phase, ...]:
        """Return the phases of the protocol that a learning trial runs."""

    @abstractmethod
    def check(self, circuit: Circuit, protocol: Protocol) -> None:
        """Refuse a trial from which the circuit cannot learn in this way.

        Raises:
            DescriptionError: saying what the trial lacks.
        """


@dataclass(frozen=True)
class LocalLearning(Learning):
    """Each plastic projection follows its own rule; nothing is differentiated."""

    horizon: int = 100
    """The number of trials (batches) over which the running averages ``mean`` reach back."""

    def validate(self) -> None:
        """Refuse an average over nothing."""
        self.require(self.horizon >= 1, "horizon", "at least 1 trial")

    def average(self, before: Quantity, now: Quantity, trials: int) -> Quantity:
        """Return the running average r̄ + (r − r̄) / min(t + 1, horizon) after trial t + 1: the plain mean until the horizon."""
        return before + (now - before) / min(trials + 1, self.horizon)

    def check(self, circuit: Circuit, protocol: Protocol) -> None:
        """Refuse a trial without the phases that rules sense."""
        protocol.check_rules(circuit)

    def phases(self, protocol: Protocol) -> tuple[Phase, ...]:
        """Return the phases that a learning trial runs: all."""
        return protocol.phases


@dataclass(frozen=True)
class GradientLearning(Learning):
    """The same projections follow the gradient of the loss, under the same constraints. Not local: a reference.

    A phase that lasts is differentiated through time, a spike as if it rose smoothly with the potential.

    Source: Rumelhart, Hinton & Williams (1986) Nature 323:533–536, by automatic differentiation; through time
        Werbos (1990) Proc. IEEE 78:1550–1560, truncated Williams & Peng (1990) Neural Comput. 2:490–501.
    """

    truncation: float | None = None
    """Seconds after which the state of spiking circuits is cut from its past, again and again; None: never.

    A spike then answers only for what happened since the last cut."""

    def validate(self) -> None:
        """Refuse to cut at once."""
        self.require(self.truncation is None or self.truncation > 0, "truncation", "seconds above 0, or nothing")

    def check(self, circuit: Circuit, protocol: Protocol) -> None:
        """Refuse a trial whose first phase clamps the output, which then has no gradient, or has no past to cut."""
        first = protocol.phases[0]
        if circuit.output in first.clamp:
            raise DescriptionError(f"{first.title()}: it clamps the output {circuit.output!r}, which so has no gradient; free it.")
        if self.truncation is None:
            return
        came = f"GradientLearning: truncation = {self.truncation} s came"
        if not circuit.spiking:
            raise DescriptionError(f"{came}, but no neuron of {circuit.name!r} spikes; leave it out, or give spiking neurons.")
        steps = self.truncation / protocol.dt
        if round(steps) < 1 or abs(steps - round(steps)) > 1e-6:
            raise DescriptionError(f"{came}, which is not a whole number of time steps of {protocol.dt} s; change one of them.")

    def phases(self, protocol: Protocol) -> tuple[Phase, ...]:
        """Return the phases that a learning trial runs: the first, in which the output is free."""
        return protocol.phases[:1]


@dataclass(frozen=True)
class Switch(Description):
    """After some epochs the circuit goes on to learn in another way, from the weights that it has.

    Source: Panjehpour & EsmaielZadeh (2022), fig. 7: backpropagation after some epochs of feedback alignment.
    Choice: updates and running averages start anew, as if the second part were a run of its own.
    """

    after: int
    """The number of epochs before it."""
    learning: Learning
    """How the circuit learns from then on."""

    def validate(self) -> None:
        """Refuse a switch before the first epoch."""
        self.require(self.after >= 1, "after", "at least 1 epoch")
