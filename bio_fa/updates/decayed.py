"""Decayed: an L2 penalty on weights, for whatever rule or gradient they follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bio_fa.ops import Quantity
from bio_fa.updates.base import State, Update


@dataclass(frozen=True)
class Decayed(Update):
    """step = Δw − λ w.

    First in a chain, it is the gradient of a penalty λ/2 · Σ w² on the loss, which the updates after it scale and average
    as they do the rest of Δw; last in a chain, it is a decay by the share λ a step, whatever came before (decoupled).

    Source: Krogh & Hertz (1991) NeurIPS 4:950–957, the penalty; Loshchilov & Hutter (2019) ICLR, algorithm 2, the decoupled
        decay. Moskovitz, Litwin-Kumar & Abbott (2018) arXiv:1812.06488 add the penalty to backpropagation, so that
        it resembles feedback alignment.
    """

    rate: float = 1e-4
    """λ: in the units of Δw / w when it comes first, per step when it comes last; in [0, 1]."""

    def validate(self) -> None:
        """Refuse a decay that would grow or overshoot."""
        self.require(0 <= self.rate <= 1, "rate", "a decay in [0, 1]")

    def init(self, w: Quantity, rng: np.random.Generator) -> State:
        """Return no state."""
        return ()

    def step(self, delta: Quantity, state: State, w: Quantity) -> tuple[Quantity, State]:
        """Return Δw − λ w."""
        delta -= self.rate * w
        return delta, state
