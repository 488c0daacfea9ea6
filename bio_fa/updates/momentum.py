"""Momentum: a step remembers the changes before it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bio_fa.ops import Quantity
from bio_fa.updates.base import State, Update


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

    def init(self, w: Quantity, rng: np.random.Generator) -> State:
        """Return v = 0."""
        return (0 * w,)

    def step(self, delta: Quantity, state: State, w: Quantity) -> tuple[Quantity, State]:
        """Return a copy of v, and v."""
        (v,) = state
        v *= self.persistence
        v += delta
        return 1 * v, (v,)
