"""Learning curves: their area, the trials that they need, and the band in which their mean lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bio_fa.analysis.statistics import finite, mean_interval
from bio_fa.errors import DataError
from bio_fa.measures import Values


@dataclass(frozen=True)
class Band:
    """The mean of several seeds' curves with its interval, at each evaluation: (evaluation,) each."""

    trials: Values
    mean: Values
    low: Values
    high: Values


def area_under(trials: ArrayLike, curve: ArrayLike) -> float:
    """Return the area under a curve over the range of its trials: its mean height, in the units of the curve.

    trials, curve: (evaluation,), trials rising. The curve is straight between evaluations (trapezoid rule).

    Raises:
        DataError: when the trials do not rise, are not as many as the values, or are fewer than two.
    """
    t, y = _curve(trials, curve)
    return float(np.trapezoid(y, t) / (t[-1] - t[0]))


def trials_to(trials: ArrayLike, curve: ArrayLike, threshold: float, falling: bool = False) -> float | None:
    """Return after how many trials a curve first reaches a threshold, straight between evaluations; None if it never does.

    trials, curve: (evaluation,), trials rising. ``falling``: the curve comes from above, as errors do.

    Choice: the first crossing, also where the curve leaves the threshold again: what "trials to criterion" counts.

    Raises:
        DataError: as ``area_under``.
    """
    t, y = _curve(trials, curve)
    missing = y - threshold if falling else threshold - y
    reached = np.flatnonzero(missing <= 0)
    if not reached.size:
        return None
    after = reached[0]
    if after == 0:
        return float(t[0])
    share = missing[after - 1] / (missing[after - 1] - missing[after])
    return float(t[after - 1] + share * (t[after] - t[after - 1]))


def on_common_grid(trials: Sequence[ArrayLike], curves: Sequence[ArrayLike]) -> tuple[Values, Values]:
    """Return all evaluations in the range that the curves share, (evaluation,), and the curves there, (seed, evaluation).

    trials, curves: one (evaluation,) per seed, straight between evaluations; a seed may be evaluated at trials of its own.

    Raises:
        DataError: as ``area_under``, or when the curves share no two evaluations.
    """
    pairs = [_curve(t, y) for t, y in zip(trials, curves, strict=True)]
    start, end = max(t[0] for t, _ in pairs), min(t[-1] for t, _ in pairs)
    every = np.unique(np.concatenate([t for t, _ in pairs]))
    grid = every[(start <= every) & (every <= end)]
    if len(grid) < 2:
        raise DataError(
            f"on_common_grid: {len(grid)} evaluations lie in the common range {start:g} to {end:g}; give curves that overlap."
        )
    return grid, np.stack([np.interp(grid, t, y) for t, y in pairs])


def band(trials: ArrayLike, curves: ArrayLike, seed: int = 0, level: float = 0.95) -> Band:
    """Return the mean of the curves (seed, evaluation) and its ``mean_interval`` at each of the evaluations ``trials``.

    The interval holds at each evaluation by itself, not at all of them together.

    Raises:
        DataError: as ``area_under``.
    """
    y = finite(curves, "band")
    t, mean = _curve(trials, y.mean(axis=0))
    low, high = np.transpose([mean_interval(each, seed, level) for each in y.T])
    return Band(t, mean, low, high)


def _curve(trials: ArrayLike, curve: ArrayLike) -> tuple[Values, Values]:
    t, y = finite(trials, "learning curve"), finite(curve, "learning curve")
    if t.ndim != 1 or t.shape != y.shape or len(t) < 2 or not (np.diff(t) > 0).all():
        raise DataError(
            f"learning curve: {y.shape} values at {t.shape} trials are not allowed; give one each at two or more rising trials."
        )
    return t, y
