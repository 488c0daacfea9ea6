"""Sign: only the direction of a change counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bio_fa.ops import Quantity, sign
from bio_fa.updates.base import State, Update


@dataclass(frozen=True)
class Sign(Update):
    """step = sign(Δw): every synapse moves by the same amount (batch Manhattan).

    Source: Liao, Leibo & Poggio (2016) AAAI, batch Manhattan.
    """

    def init(self, w: Quantity, rng: np.random.Generator) -> State:
        """Return no state."""
        return ()

    def step(self, delta: Quantity, state: State, w: Quantity) -> tuple[Quantity, State]:
        """Return the sign of the change."""
        return sign(delta), state
