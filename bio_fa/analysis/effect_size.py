"""Effect sizes: how much two rules differ, in units that do not depend on the task, and how they do over many tasks.

Scores are (seed,), or (seed, task) as in Agarwal et al. (2021). Where lower is better, as for errors, give their negatives
to ``probability_of_improvement``.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from bio_fa.analysis.statistics import finite, tails
from bio_fa.errors import DataError
from bio_fa.measures import Values
from bio_fa.randomness import stream


def cohens_dz(differences: ArrayLike) -> float:
    """Return the mean of paired differences (seed,) in units of their standard deviation; nan where they do not vary.

    Source: Cohen (1988) Statistical Power Analysis for the Behavioral Sciences, chapter 2, d_z.

    Raises:
        DataError: when a difference is not finite, or there is none.
    """
    x = finite(differences, "cohens_dz")
    return float(x.mean() / x.std(ddof=1)) if np.ptp(x) > 0 else np.nan


def hedges_gz(differences: ArrayLike) -> float:
    """Return d_z without its small-sample bias: d_z J(n − 1), J(m) = Γ(m/2) / (√(m/2) Γ((m − 1)/2)); nan below 3 seeds.

    Source: Hedges (1981) J. Educ. Stat. 6:107–128.

    Raises:
        DataError: when a difference is not finite, or there is none.
    """
    freedom = np.shape(differences)[-1] - 1
    return cohens_dz(differences) * _unbiasing(freedom) if freedom > 1 else np.nan


def probability_of_improvement(first: ArrayLike, second: ArrayLike) -> Values:
    """Return P(first > second) + ½ P(first = second) of one run of each, over all pairs of seeds, averaged over tasks: (...).

    first, second: (..., seed, task), higher is better; their numbers of seeds may differ.

    Source: Agarwal et al. (2021) NeurIPS 34:29304, the Mann–Whitney U over the number of pairs.
    """
    x, y = np.asarray(first)[..., :, np.newaxis, :], np.asarray(second)[..., np.newaxis, :, :]
    return np.asarray(((x > y) + 0.5 * (x == y)).mean(axis=(-3, -2, -1)))


def cliffs_delta(first: ArrayLike, second: ArrayLike) -> float:
    """Return P(first > second) − P(first < second) over all pairs of seeds, in [−1, 1]; first, second: (seed,).

    Source: Cliff (1993) Psychol. Bull. 114:494–509.
    """
    x, y = (np.asarray(each)[:, np.newaxis] for each in (first, second))
    return float(2 * probability_of_improvement(x, y) - 1)


def interquartile_mean(scores: ArrayLike) -> Values:
    """Return the mean of the middle half of all runs, over seeds and tasks together: (..., seed, task) → (...).

    Of N runs, ⌊N/4⌋ are left out at either end.

    Source: Agarwal et al. (2021) NeurIPS 34:29304, the 25 % trimmed mean.
    """
    x = np.asarray(scores, dtype=np.float64)
    ordered = np.sort(x.reshape(*x.shape[:-2], -1), axis=-1)
    tail = ordered.shape[-1] // 4
    return np.asarray(ordered[..., tail : ordered.shape[-1] - tail].mean(axis=-1))


def stratified_interval(
    statistic: Callable[..., Values], *scores: ArrayLike, seed: int = 0, level: float = 0.95, resamples: int = 2_000
) -> tuple[float, float]:
    """Return the percentile interval of a statistic when each task's runs are drawn again, with replacement, within the task.

    scores: (seed, task), one per argument of ``statistic``, which takes (resample, seed, task) and gives (resample,):
    ``interquartile_mean`` of one rule, ``probability_of_improvement`` of two.

    Source: Agarwal et al. (2021) NeurIPS 34:29304, the stratified bootstrap with percentile intervals.
    Choice: theirs, so that numbers can be compared. It says 95 % and covers less where seeds are few: simulated with normal
    scores, six seeds and one to ten tasks, the interquartile mean in 90 to 92 %, and the probability of improvement in 85 % with
    one task and 94 % with five.

    Raises:
        DataError: when a score is not finite, scores are not (seed, task), or the level is not between 0 and 1.
    """
    rng = stream(seed, "stratified bootstrap")
    resampled = (_within_tasks(finite(each, "stratified_interval"), rng, resamples) for each in scores)
    low, high = np.quantile(statistic(*resampled), tails(level))
    return float(low), float(high)


def _within_tasks(scores: Values, rng: np.random.Generator, resamples: int) -> Values:
    """Return scores (seed, task) with the seeds of each task drawn again: (resample, seed, task)."""
    if scores.ndim != 2:
        raise DataError(f"stratified_interval: scores of shape {scores.shape} are not allowed; give (seed, task).")
    chosen = rng.integers(len(scores), size=(resamples, *scores.shape))
    return np.take_along_axis(scores[np.newaxis], chosen, axis=1)


def _unbiasing(freedom: int) -> float:
    return math.exp(math.lgamma(freedom / 2) - math.lgamma((freedom - 1) / 2)) / math.sqrt(freedom / 2)
