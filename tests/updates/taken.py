"""The steps that an update takes, one after the other, of weights that move as it says."""

from __future__ import annotations

import numpy as np

from bio_fa.updates import Update

CHANGES = np.random.default_rng(3).standard_normal((30, 3, 4))
"""Thirty changes Δw (post, pre) in a row."""
START = np.random.default_rng(4).standard_normal((3, 4))
"""Weights (post, pre) of either sign."""


def path(update: Update, changes: np.ndarray, w: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return the weights (number + 1, post, pre), the start included; ``step`` may spend its copies of the changes."""
    rng = np.random.default_rng(seed)
    passed, state = [np.array(w)], update.init(w, rng)
    for change in changes:
        step, state = update.step(change.copy(), state, passed[-1])
        passed.append(passed[-1] + step)
    return np.array(passed)


def steps(update: Update, changes: np.ndarray, w: np.ndarray | None = None, seed: int = 0) -> np.ndarray:
    """Return the steps (number, post, pre) from weights that start at ``w``, by default at 1."""
    rng, w = np.random.default_rng(seed), np.ones_like(changes[0]) if w is None else np.array(w)
    state, taken = update.init(w, rng), []
    for change in changes:
        step, state = update.step(change.copy(), state, w)
        taken.append(np.array(step))
        w = w + step
    return np.array(taken)
