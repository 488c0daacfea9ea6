"""Noisy: synapses that do not move exactly as they are told."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bio_fa.ops import Quantity, is_tensor
from bio_fa.updates.base import State, Update


@dataclass(frozen=True)
class Noisy(Update):
    """step = Δw + σ / (1 + t)^(γ/2) · ξ with ξ standard normal, drawn anew for every synapse at every step t = 0, 1, ….

    Source: Neelakantan et al. (2015) arXiv:1511.06807, where γ = 0.55; γ = 0 is noise that lasts. Moskovitz, Litwin-Kumar &
        Abbott (2018) arXiv:1812.06488 add noise to backpropagation, so that it resembles feedback alignment.
    Choice: the noise is drawn with NumPy in double precision, so that it is the same on every backend.
    """

    deviation: float = 1e-3
    """σ, in units of Δw, ≥ 0."""
    decline: float = 0.0
    """γ, the power with which the variance falls over the steps, ≥ 0."""

    def validate(self) -> None:
        """Refuse a negative deviation, and noise that grows."""
        self.require(self.deviation >= 0, "deviation", "a standard deviation of at least 0")
        self.require(self.decline >= 0, "decline", "a power of at least 0")

    def init(self, w: Quantity, rng: np.random.Generator) -> State:
        """Return t = 0 and the stream of the noise."""
        return 0, rng

    def step(self, delta: Quantity, state: State, w: Quantity) -> tuple[Quantity, State]:
        """Return the change with its noise."""
        t, rng = state
        noise = self.deviation / (1 + t) ** (self.decline / 2) * rng.standard_normal(tuple(delta.shape))
        delta += delta.new_tensor(noise) if is_tensor(delta) else noise
        return delta, (t + 1, rng)
