"""Updates: how a change Δw becomes a step of the weight, one synapse at a time.

An update is a pair of functions: ``init`` makes the state of a projection's synapses, ``step`` turns a change and that
state into a step and the next state. To be fast, ``step`` writes into the arrays that it is given: a change and a state
that have been passed in are spent. Updates chain into updates.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from math import cos, pi
from typing import Any

from bio_fa.description import Description
from bio_fa.ops import Quantity, approach, inverse_root, sign

State = tuple[Any, ...]


@dataclass(frozen=True)
class Update(Description, abstract=True):
    """A transformation of Δw (post, pre), the same arithmetic on arrays and tensors."""

    @abstractmethod
    def init(self, w: Quantity) -> State:
        """Return the state for synapses shaped like ``w`` (post, pre)."""

    @abstractmethod
    def step(self, delta: Quantity, state: State) -> tuple[Quantity, State]:
        """Return the step for the change ``delta`` (post, pre), and the next state; both arguments are spent."""


@dataclass(frozen=True)
class Scale(Update):
    """step = η Δw."""

    rate: float = 1e-3

    def validate(self) -> None:
        """Refuse a negative rate."""
        self.require(self.rate >= 0, "rate", "a rate of at least 0")

    def init(self, w: Quantity) -> State:
        """Return no state."""
        return ()

    def step(self, delta: Quantity, state: State) -> tuple[Quantity, State]:
        """Return η Δw."""
        delta *= self.rate
        return delta, state


@dataclass(frozen=True)
class Momentum(Update):
    """v ← μ v + Δw,  step = v.

    Source: Polyak (1964) USSR Comput. Math. Math. Phys. 4(5):1–17, the heavy ball.
    """

    persistence: float = 0.9
    """μ, in [0, 1)."""

    def validate(self) -> None:
        """Refuse a persistence outside [0, 1)."""
        self.require(0 <= self.persistence < 1, "persistence", "a number in [0, 1)")

    def init(self, w: Quantity) -> State:
        """Return v = 0."""
        return (0 * w,)

    def step(self, delta: Quantity, state: State) -> tuple[Quantity, State]:
        """Return a copy of v, and v."""
        (v,) = state
        v *= self.persistence
        v += delta
        return 1 * v, (v,)


@dataclass(frozen=True)
class Adaptive(Update):
    """Each synapse divides its mean change by the size that its changes usually have.

        m ← β₁ m + (1 − β₁) Δw,   v ← β₂ v + (1 − β₂) Δw²,   step = η √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / √(v + ε²)

    Source: Kingma & Ba (2015) ICLR, algorithm 1 in the form at the end of section 2. All its quantities are the synapse's own.
    Choice: ε stands inside the root, where it keeps silent synapses away from √0; for √v ≫ ε that is the same.
    """

    rate: float = 1e-3
    """η, the size of a typical step."""
    mean_decay: float = 0.9
    """β₁, in [0, 1)."""
    square_decay: float = 0.999
    """β₂, in [0, 1)."""
    floor: float = 1e-8
    """ε, > 0."""

    def validate(self) -> None:
        """Refuse rates and decays outside their ranges."""
        self.require(self.rate >= 0, "rate", "a rate of at least 0")
        self.require(0 <= self.mean_decay < 1, "mean_decay", "a number in [0, 1)")
        self.require(0 <= self.square_decay < 1, "square_decay", "a number in [0, 1)")
        self.require(self.floor > 0, "floor", "a number above 0")

    def init(self, w: Quantity) -> State:
        """Return m = 0, v = 0, t = 0."""
        return 0 * w, 0 * w, 0

    def step(self, delta: Quantity, state: State) -> tuple[Quantity, State]:
        """Return the step of the formula above."""
        m, v, t = state
        t += 1
        m = approach(m, delta, 1 - self.mean_decay)
        delta *= delta
        v = approach(v, delta, 1 - self.square_decay)
        step = inverse_root(v, self.floor**2, into=delta)
        step *= m
        step *= self.rate * (1 - self.square_decay**t) ** 0.5 / (1 - self.mean_decay**t)
        return step, (m, v, t)


@dataclass(frozen=True)
class Sign(Update):
    """step = sign(Δw): every synapse moves by the same amount (batch Manhattan).

    Source: Liao, Leibo & Poggio (2016) AAAI, batch Manhattan.
    """

    def init(self, w: Quantity) -> State:
        """Return no state."""
        return ()

    def step(self, delta: Quantity, state: State) -> tuple[Quantity, State]:
        """Return the sign of the change."""
        return sign(delta), state


@dataclass(frozen=True)
class CosineDecay(Update):
    """The t-th of T steps is multiplied by (1 + cos(π t / T)) / 2, which falls from 1 to 0 and stays there.

    Source: Loshchilov & Hutter (2017) ICLR, eq. 5, without restarts.
    """

    steps: int
    """T, the number of steps until the end."""

    def validate(self) -> None:
        """Refuse a decay without steps."""
        self.require(self.steps >= 1, "steps", "at least 1 step")

    def init(self, w: Quantity) -> State:
        """Return t = 0."""
        return (0,)

    def step(self, delta: Quantity, state: State) -> tuple[Quantity, State]:
        """Return the scaled change."""
        (t,) = state
        delta *= (1 + cos(pi * min(t / self.steps, 1.0))) / 2
        return delta, (t + 1,)


@dataclass(frozen=True)
class Chain(Update):
    """Several updates, each applied to the step of the one before."""

    updates: tuple[Update, ...]

    def init(self, w: Quantity) -> State:
        """Return the state of each."""
        return tuple(update.init(w) for update in self.updates)

    def step(self, delta: Quantity, state: State) -> tuple[Quantity, State]:
        """Return the last step, and the next state of each."""
        states = []
        for update, own in zip(self.updates, state, strict=True):
            delta, own = update.step(delta, own)
            states.append(own)
        return delta, tuple(states)


def chain(*updates: Update) -> Update:
    """Return the update that applies the given ones in order: ``chain(Sign(), Scale(1e-3))``."""
    return Chain(updates)
