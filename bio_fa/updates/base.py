"""The contract of an update: how a change Δw becomes a step of the weight, one synapse at a time.

To be fast, ``step`` writes into the arrays that it is given: a change and a state that have been passed in are spent. The
weights are only read.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from bio_fa.description import Description
from bio_fa.ops import Quantity

State = tuple[Any, ...]


@dataclass(frozen=True)
class Update(Description, abstract=True):
    """A transformation of Δw (post, pre), the same arithmetic on arrays and tensors."""

    @abstractmethod
    def init(self, w: Quantity, rng: np.random.Generator) -> State:
        """Return the state for synapses shaped like ``w`` (post, pre); ``rng`` is theirs alone, for updates that draw."""

    @abstractmethod
    def step(self, delta: Quantity, state: State, w: Quantity) -> tuple[Quantity, State]:
        """Return the step for the change ``delta`` of the weights ``w``, all (post, pre), and the next state.

        ``delta`` and ``state`` are spent, ``w`` is only read.
        """


@dataclass(frozen=True)
class Chain(Update):
    """Several updates, each applied to the step of the one before."""

    updates: tuple[Update, ...]

    def init(self, w: Quantity, rng: np.random.Generator) -> State:
        """Return the state of each."""
        return tuple(update.init(w, rng) for update in self.updates)

    def step(self, delta: Quantity, state: State, w: Quantity) -> tuple[Quantity, State]:
        """Return the last step, and the next state of each; all see the same weights."""
        states = []
        for update, own in zip(self.updates, state, strict=True):
            delta, own = update.step(delta, own, w)
            states.append(own)
        return delta, tuple(states)


def chain(*updates: Update) -> Update:
    """Return the update that applies the given ones in order: ``chain(Sign(), Scale(1e-3))``."""
    return Chain(updates)
