"""ExponentiatedGradient: synapses change by a factor, not by a difference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bio_fa.ops import Quantity, exp, minimum, sign
from bio_fa.updates.base import State, Update

LARGEST = 60.0
"""The largest exponent of one step: e⁶⁰, about 10²⁶, is finite in single precision."""


@dataclass(frozen=True)
class ExponentiatedGradient(Update):
    """w ← w · exp(η sign(w) Δw): strong synapses change more than weak ones, none changes its sign, and one at 0 stays there.

    The logarithm of |w| moves by ±η Δw, so that many independent changes leave log-normal weights. Dale's law and a mask
    hold without being enforced; a projection that starts at 0, such as a tonic drive, never learns.

    Source: Kivinen & Warmuth (1997) Inf. Comput. 132:1–63, the unnormalised exponentiated gradient;
        Cornford et al. (2024) bioRxiv 2024.10.25.620272, for weights of either sign.
    Choice: an exponent above 60 counts as 60, so that the product with a weight of 0 is defined; no step that learns is as large.
    """

    rate: float = 1e-2
    """η: a change Δw = 1 moves log w by so much."""

    def validate(self) -> None:
        """Refuse a negative rate."""
        self.require(self.rate >= 0, "rate", "a rate of at least 0")

    def init(self, w: Quantity, rng: np.random.Generator) -> State:
        """Return no state."""
        return ()

    def step(self, delta: Quantity, state: State, w: Quantity) -> tuple[Quantity, State]:
        """Return w · (exp(η sign(w) Δw) − 1)."""
        delta *= self.rate
        delta *= sign(w)
        return w * (exp(minimum(delta, LARGEST)) - 1), state
