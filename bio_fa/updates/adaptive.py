"""Adaptive: each synapse moves at a rate of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bio_fa.ops import Quantity, approach, inverse_root
from bio_fa.updates.base import State, Update


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

    def init(self, w: Quantity, rng: np.random.Generator) -> State:
        """Return m = 0, v = 0, t = 0."""
        return 0 * w, 0 * w, 0

    def step(self, delta: Quantity, state: State, w: Quantity) -> tuple[Quantity, State]:
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
