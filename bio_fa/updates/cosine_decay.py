"""CosineDecay: steps shrink to nothing over a run."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi

import numpy as np

from bio_fa.ops import Quantity
from bio_fa.updates.base import State, Update


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

    def init(self, w: Quantity, rng: np.random.Generator) -> State:
        """Return t = 0."""
        return (0,)

    def step(self, delta: Quantity, state: State, w: Quantity) -> tuple[Quantity, State]:
        """Return the scaled change."""
        (t,) = state
        delta *= (1 + cos(pi * min(t / self.steps, 1.0))) / 2
        return delta, (t + 1,)
