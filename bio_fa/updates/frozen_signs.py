"""FrozenSigns: from some step on, an excitatory synapse stays excitatory and an inhibitory one inhibitory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bio_fa.ops import Quantity, choose, sign, step
from bio_fa.updates.base import State, Update


@dataclass(frozen=True)
class FrozenSigns(Update):
    """For the first ``after`` steps weights move freely; from then on each keeps its sign s, and stops at 0.

        step = Δw  where s · (w + Δw) ≥ 0, else −w,    s = sign(w) at the time of freezing

    It comes last in a chain, or before updates that only shrink steps, such as ``CosineDecay``. Constraints may follow:
    those of bio_fa change no sign.

    Source: Moskovitz, Litwin-Kumar & Abbott (2018) arXiv:1812.06488, forward weights whose signs are frozen after some epochs.
    Choice: a weight that is exactly 0 then has no sign yet; it keeps the first that it gets.
    Choice: a step that would cross 0 ends there, so that the weight can come back on its own side.
    """

    after: int
    """The number of steps (batches) for which signs are free, ≥ 0."""

    def validate(self) -> None:
        """Refuse a negative number of steps."""
        self.require(self.after >= 0, "after", "a number of steps of at least 0")

    def init(self, w: Quantity, rng: np.random.Generator) -> State:
        """Return t = 0 and no sign of any synapse."""
        return 0, 0 * w

    def step(self, delta: Quantity, state: State, w: Quantity) -> tuple[Quantity, State]:
        """Return the step of the formula above."""
        t, signs = state
        if t >= self.after:
            signs = choose(signs, signs, sign(w))
            delta = choose(step(-signs * (w + delta)), -w, delta)
        return delta, (t + 1, signs)
