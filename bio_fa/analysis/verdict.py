"""Verdicts: what paired seeds say of each pair of rules, with interval, test, correction and effect in one sentence.

No rule is called the best: a verdict tells which of two scores is higher, how surely, and when the seeds are too few to tell.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bio_fa.analysis.effect_size import hedges_gz
from bio_fa.analysis.significance import holm, sign_flip_p, too_few_seeds
from bio_fa.analysis.statistics import finite, mean_interval
from bio_fa.errors import DataError, nearest
from bio_fa.measures import Values


@dataclass(frozen=True)
class Verdict:
    """What n paired seeds say of the scores of two rules, as one of several comparisons.

    ``difference`` is the mean of first − second, ``low`` to ``high`` its interval at level 1 − alpha (of this comparison alone),
    ``effect`` Hedges' g_z, ``p`` the sign-flip test's and ``p_holm`` what Holm's correction over all comparisons makes of it.
    """

    first: str
    second: str
    measure: str
    n: int
    difference: float
    low: float
    high: float
    effect: float
    p: float
    p_holm: float
    comparisons: int
    alpha: float

    @property
    def significant(self) -> bool:
        """Whether the scores differ at ``alpha`` after the correction."""
        return self.p_holm <= self.alpha

    @property
    def sentence(self) -> str:
        """The verdict in words: which is higher, by how much, how surely, and whether the seeds suffice to say so."""
        return f"{self._found()} ({', '.join(self._evidence())}): {self._conclusion()}"

    def _found(self) -> str:
        if self.difference == 0:
            return f"The mean {self.measure} of {self.first} is that of {self.second}"
        direction = "higher" if self.difference > 0 else "lower"
        return f"The mean {self.measure} of {self.first} is {abs(self.difference):.3g} {direction} than that of {self.second}"

    def _evidence(self) -> Iterator[str]:
        yield f"{self.n} paired seed{'s' if self.n > 1 else ''}"
        if math.isfinite(self.low):
            yield f"{100 * (1 - self.alpha):g} % interval of the difference {self.low:.3g} to {self.high:.3g}"
        if math.isfinite(self.effect):
            yield f"g_z = {self.effect:.2g}"
        yield f"p = {self.p:.2g}"
        if self.comparisons > 1:
            yield f"{self.p_holm:.2g} after Holm's correction over {self.comparisons} comparisons"

    def _conclusion(self) -> str:
        if self.significant:
            return f"they differ at {self.alpha:g}."
        return too_few_seeds(self.n, self.alpha, self.comparisons) or f"the seeds do not show a difference at {self.alpha:g}."


def verdicts(
    scores: Mapping[str, ArrayLike],
    measure: str = "score",
    pairs: Iterable[tuple[str, str]] | None = None,
    seed: int = 0,
    alpha: float = 0.05,
) -> list[Verdict]:
    """Return a verdict for each pair of rules, corrected over all of them.

    scores: (seed,) by rule, the same seeds in the same order for every rule; measure: what they are, such as "test error";
    pairs: those to compare (default: all), chosen before the scores were seen; seed: of the bootstrap.

    Raises:
        DataError: when scores are not finite, a pair names an unknown rule, two rules have not the same number of seeds, or
            alpha is not between 0 and 1.
    """
    known = {name: finite(each, f"verdicts: {name!r}") for name, each in scores.items()}
    chosen = list(itertools.combinations(known, 2) if pairs is None else pairs)
    differences = [_difference(known, *pair) for pair in chosen]
    raw = [sign_flip_p(each, seed) for each in differences]
    corrected = holm(raw)
    return [
        _verdict(pair, measure, difference, (p, float(p_holm)), len(chosen), seed, alpha)
        for pair, difference, p, p_holm in zip(chosen, differences, raw, corrected, strict=True)
    ]


def _verdict(
    pair: tuple[str, str], measure: str, difference: Values, p: tuple[float, float], comparisons: int, seed: int, alpha: float
) -> Verdict:
    low, high = mean_interval(difference, seed, 1 - alpha)
    mean, effect = float(difference.mean()), hedges_gz(difference)
    return Verdict(*pair, measure, difference.size, mean, float(low), float(high), effect, *p, comparisons, alpha)


def _difference(scores: Mapping[str, Values], first: str, second: str) -> Values:
    for name in (first, second):
        if name not in scores:
            raise DataError(f"verdicts: there are no scores of {name!r}; {nearest(name, scores)}")
    x, y = scores[first], scores[second]
    if x.ndim != 1 or x.shape != y.shape:
        raise DataError(
            f"verdicts: {first!r} has scores of shape {x.shape} and {second!r} of {y.shape}; give one for each of the same seeds."
        )
    return np.asarray(x - y)
