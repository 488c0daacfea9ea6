"""Statistics of scores over seeds: mean, spread, and an interval that covers the mean as often as it says.

Seeds are few: six to ten. The percentile bootstrap, and its corrected form BCa, then cover the mean in 85 % (six seeds) to
89 % (eight) of simulated experiments with normal scores, and say 95 %.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bio_fa.errors import DataError
from bio_fa.measures import Values
from bio_fa.randomness import stream

SMOOTHING = 0.4
"""The standard deviation of the noise that smooths the bootstrap, in units of the scores' own."""


@dataclass(frozen=True)
class Summary:
    """The mean of n scores, their standard deviation (n − 1), and the interval of the mean; nan where n is too small."""

    mean: float
    sd: float
    n: int
    low: float
    high: float


def summary(scores: ArrayLike, seed: int = 0, level: float = 0.95) -> Summary:
    """Return mean, standard deviation, number and ``mean_interval`` of scores (seed,).

    Raises:
        DataError: when a score is not finite, or there is none.
    """
    x = finite(scores, "summary")
    low, high = mean_interval(x, seed, level)
    return Summary(float(x.mean()), _sd(x), x.size, float(low), float(high))


def mean_interval(scores: ArrayLike, seed: int = 0, level: float = 0.95, resamples: int = 10_000) -> tuple[Values, Values]:
    """Return the ends of the smoothed bootstrap-t interval of the mean: (..., seed) → (...) each; nan below two seeds.

        t* = √n (x̄* − x̄) / s*,    x* = drawn again + 0.4 s · N(0, 1),    interval: x̄ − t*₀.₉₇₅ s/√n to x̄ − t*₀.₀₂₅ s/√n

    Scores that are all equal give an interval of no width.

    Source: Efron & Tibshirani (1993) An Introduction to the Bootstrap, chapter 12, the bootstrap-t; Silverman & Young (1987)
    Biometrika 74:469–479, the smoothed bootstrap.
    Choice: smoothed, because plain resamples of a few scores, or of scores that are equal, repeat one so often that s* vanishes.
    Noise of 0.4 s, because 95 % intervals then covered the mean, of six to ten simulated scores, in 95.0 % of experiments where
    scores are normal and in 94.3 % where their skewness is 1 (Student's t: 93.5), being 3 to 8 % wider than Student's. They are
    less honest where scores are very skewed, 92 to 93 % if exponential (Student's t: 89 to 90), and fail, 72 to 76 %, where one
    seed in ten goes wrong altogether and many experiments see none; of uniform scores they cover 96 to 97 %.

    Raises:
        DataError: when a score is not finite, or there is none, or the level is not between 0 and 1.
    """
    x = finite(scores, "mean_interval")
    n, mean = x.shape[-1], x.mean(axis=-1)
    if n < 2:
        return np.full_like(mean, np.nan), np.full_like(mean, np.nan)
    sd = x.std(axis=-1, ddof=1)
    z = (x - mean[..., np.newaxis]) / np.where(sd > 0, sd, 1)[..., np.newaxis]
    t = _studentised_means(z, stream(seed, "mean interval"), resamples)
    lower, upper = np.quantile(t, tails(level), axis=-1)
    return mean - upper * sd / np.sqrt(n), mean - lower * sd / np.sqrt(n)


def finite(scores: ArrayLike, who: str) -> Values:
    """Return scores as float64.

    Raises:
        DataError: in the name of ``who``, when one is not finite, or there is none.
    """
    x = np.asarray(scores, dtype=np.float64)
    if not x.size or not x.ndim or not np.isfinite(x).all():
        found = "no score" if not x.size else f"{np.count_nonzero(~np.isfinite(x))} of {x.size} scores that are not finite"
        raise DataError(f"{who}: {found} came; leave a seed that diverged out of every rule, and say so, or count it as chance.")
    return x


def tails(level: float) -> tuple[float, float]:
    """Return the two probabilities between which ``level`` lies: 0.025 and 0.975 of 0.95.

    Raises:
        DataError: when the level is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise DataError(f"interval: level = {level} is not allowed; give one between 0 and 1, such as 0.95.")
    return (1 - level) / 2, (1 + level) / 2


def _studentised_means(z: Values, rng: np.random.Generator, resamples: int) -> Values:
    """Return t* of resamples of standardised scores z (..., seed): (..., resample)."""
    n = z.shape[-1]
    drawn = z[..., rng.integers(n, size=(resamples, n))] + SMOOTHING * rng.standard_normal((resamples, n))
    return np.asarray(np.sqrt(n) * drawn.mean(axis=-1) / drawn.std(axis=-1, ddof=1))


def _sd(x: Values) -> float:
    return float(x.std(ddof=1)) if x.size > 1 else np.nan
