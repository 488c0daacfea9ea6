"""The weight change of a rule, computed plainly: the mean over trials of the sum of its products."""

from __future__ import annotations

import numpy as np

from bio_fa.plasticity import Plasticity, Postsynaptic, Presynaptic

PRE = np.array([[1.0, 2.0], [3.0, 0.0]])
"""Two trials of two presynaptic neurons."""
POST = np.array([[2.0, 1.0], [0.0, 4.0]])
"""Two trials of two postsynaptic neurons."""
W = np.array([[0.5, 1.0], [0.25, 2.0]])
"""w[post, pre]."""


def change(
    rule: Plasticity,
    pre: np.ndarray = PRE,
    post: np.ndarray = POST,
    w: np.ndarray = W,
    *,
    pre_mean: object = 0.0,
    post_mean: object = 0.0,
    error: object = 0.0,
    sign: int = 1,
) -> np.ndarray:
    """Return Δw (post, pre) for activities (trial, pre) and (trial, post)."""
    before = Presynaptic(pre[:, None, :], np.asarray(pre_mean), sign)
    error = np.broadcast_to(np.asarray(error), post.shape)
    after = Postsynaptic(post[:, :, None], np.asarray(post_mean)[..., None], error[:, :, None])
    total = sum(a * b * c for a, b, c in rule.factors(before, after, w))
    return np.broadcast_to(total, (len(post), *w.shape)).mean(axis=0)
