"""Significance: paired tests over seeds, their correction for many comparisons, and what few seeds cannot decide.

Rules are compared with the same seeds: same circuit, same synapses, same order of trials. Where two rules do not differ,
each seed's difference is as likely positive as negative, and that is all that the sign-flip test needs.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bio_fa.analysis.statistics import finite
from bio_fa.errors import DataError
from bio_fa.measures import Values
from bio_fa.randomness import stream

MOST_SEEDS_ENUMERATED = 16
"""Up to so many seeds, all 2ⁿ sign flips are tried."""


def sign_flip_p(differences: ArrayLike, seed: int = 0, flips: int = 100_000) -> float:
    """Return the two-sided p of the mean of paired differences (seed,) under all flips of their signs.

    It is exact up to 16 seeds: the fraction of the 2ⁿ flips whose mean is as far from 0. Beyond, ``flips`` are drawn.

    Source: Fisher (1935) The Design of Experiments, chapter 3; Phipson & Smyth (2010) Stat. Appl. Genet. Mol. Biol. 9:39, p =
    (1 + as extreme) / (1 + drawn), never 0.

    Raises:
        DataError: when a difference is not finite, or there is none.
    """
    x = finite(differences, "sign_flip_p")
    n = x.shape[-1]
    observed = abs(x.sum()) - 1e-12 * np.abs(x).sum()
    if n <= MOST_SEEDS_ENUMERATED:
        return float(np.mean(np.abs(_half_of_all_signs(n) @ x) >= observed))
    signs = stream(seed, "sign flips").choice(np.array([-1, 1], dtype=np.int8), size=(flips, n))
    return float((1 + np.count_nonzero(np.abs(signs @ x) >= observed)) / (1 + flips))


def holm(p: ArrayLike) -> Values:
    """Return p values (comparison,) corrected so that all comparisons together err as rarely as one: Holm's step-down.

        p̃₍ₖ₎ = max_{j ≤ k} min(1, (m − j + 1) p₍ⱼ₎)

    Source: Holm (1979) Scand. J. Stat. 6:65–70.
    """
    raw = np.asarray(p, dtype=np.float64)
    order = np.argsort(raw, kind="stable")
    corrected = np.empty_like(raw)
    corrected[order] = np.maximum.accumulate(np.minimum(1, raw[order] * np.arange(raw.size, 0, -1)))
    return corrected


def least_p(seeds: int) -> float:
    """Return 2 / 2ⁿ, the least two-sided p that a sign-flip test of n seeds can give: all differences of one sign."""
    return 2.0 ** (1 - seeds)


def seeds_needed(alpha: float = 0.05, comparisons: int = 1) -> int:
    """Return the least number of seeds with which the surest of so many comparisons can reach ``alpha`` after Holm's correction.

    Raises:
        DataError: when alpha is not between 0 and 1, or there is no comparison.
    """
    if not 0 < alpha < 1 or comparisons < 1:
        raise DataError(
            f"seeds_needed: alpha = {alpha} over {comparisons} comparisons is not allowed; give 0 < alpha < 1 and at least one."
        )
    return max(1, math.ceil(1 + math.log2(comparisons / alpha)))


def too_few_seeds(seeds: int, alpha: float = 0.05, comparisons: int = 1) -> str | None:
    """Return the sentence that says why so few seeds cannot conclude anything, or None where they can.

    Raises:
        DataError: as ``seeds_needed``.
    """
    needed = seeds_needed(alpha, comparisons)
    if seeds >= needed:
        return None
    over = f" over {comparisons} comparisons" if comparisons > 1 else ""
    least = min(1.0, comparisons * least_p(seeds))
    who = f"{seeds} seed{'s' if seeds > 1 else ''}"
    return f"{who} cannot conclude anything at {alpha:g}{over}, where the least p is {least:.2g}; run at least {needed} seeds."


def _half_of_all_signs(n: int) -> NDArray[np.int64]:
    """Return the 2ⁿ⁻¹ sign vectors whose last sign is +, (flip, seed); their opposites give the same distances from 0."""
    return np.asarray(1 - 2 * (np.arange(2 ** (n - 1))[:, np.newaxis] >> np.arange(n) & 1))
