"""Scale: every change times one rate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bio_fa.ops import Quantity
from bio_fa.updates.base import State, Update


@dataclass(frozen=True)
class Scale(Update):
    """step = η Δw."""

    rate: float = 1e-3

    def validate(self) -> None:
        """Refuse a negative rate."""
        self.require(self.rate >= 0, "rate", "a rate of at least 0")

    def init(self, w: Quantity, rng: np.random.Generator) -> State:
        """Return no state."""
        return ()

    def step(self, delta: Quantity, state: State, w: Quantity) -> tuple[Quantity, State]:
        """Return η Δw."""
        delta *= self.rate
        return delta, state
