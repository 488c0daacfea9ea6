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
    apical: object = 0.0,
    sensitivity: object = 0.0,
    deviation: object = 0.0,
    sign: int = 1,
) -> np.ndarray:
    """Return Δw (post, pre) for activities (trial, pre) and (trial, post), and what else is known once a trial."""

    def spread(known: object) -> np.ndarray:
        return np.broadcast_to(np.asarray(known), post.shape)[:, :, None]

    before = Presynaptic(pre[:, None, :], np.asarray(pre_mean), sign)
    after = Postsynaptic(
        post[:, :, None],
        np.asarray(post_mean)[..., None],
        spread(error),
        apical=spread(apical),
        sensitivity=spread(sensitivity),
        deviation=spread(deviation),
    )
    total = sum(a * b * c for a, b, c in rule.factors(before, after, w))
    return np.broadcast_to(total, (len(post), *w.shape)).mean(axis=0)


def integrated(
    rule: Plasticity,
    pre: np.ndarray,
    post: np.ndarray,
    *,
    dt: float = 1e-3,
    tau: float = 20e-3,
    apical: object = 0.0,
    sensitivity: object = 0.0,
    sign: int = 1,
) -> float:
    """Return ∫ post · pre · synapse dt of one synapse of weight 1, for spikes 0 or 1 in each time step and signals likewise.

    Traces decay by dt/τ of themselves, and grow by 1 with the spike of the step.
    """
    w, x, y = 0.0, 0.0, 0.0
    signals = np.broadcast_arrays(pre, post, apical, sensitivity)
    for before, after, learning, psi in zip(*signals, strict=True):
        x, y = x * (1 - dt / tau) + before, y * (1 - dt / tau) + after
        sides = Presynaptic(0.0, 0.0, sign, before / dt, x), Postsynaptic(0.0, 0.0, 0.0, after / dt, y, learning, psi)
        w += dt * sum(a * b * c for a, b, c in rule.factors(*sides, 1.0))
    return w
