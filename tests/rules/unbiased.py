"""What it means that a random change is right on average: nowhere, and not along what it should be, off by more than chance."""

from __future__ import annotations

import numpy as np

LIMIT = 5.0
"""How many standard errors are no chance. Choice: one false alarm in 2 million comparisons; the seeds are fixed."""


def assert_unbiased(changes: np.ndarray, expected: np.ndarray, sure: float = 0.1) -> None:
    """Require that changes (draw, post, pre) have the mean ``expected``, and are enough to tell a share ``sure`` of it."""
    mean, error = changes.mean(0), changes.std(0, ddof=1) / np.sqrt(len(changes))
    along = (changes * expected).sum((1, 2)) / (expected**2).sum()
    spread = along.std(ddof=1) / np.sqrt(len(along))
    assert spread < sure, f"too few draws: the size of the mean is known to {spread:.2f} only"
    assert abs(along.mean() - 1) < LIMIT * spread, f"along what is expected {along.mean():.3f} ± {spread:.3f} of it came"
    assert (np.abs(mean - expected) < LIMIT * error + 1e-12).all(), np.abs((mean - expected) / error).max()
