"""Reading: how the values of a measure are shown to people, with no more digits than their spread allows."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

UNKNOWN = "–"
MINUS = "−"


@dataclass(frozen=True)
class Reading:
    """How a value is shown: times ``factor``, with so many ``decimals``, before its ``unit``."""

    factor: float = 1.0
    decimals: int = 3
    unit: str = ""

    def number(self, value: float | None) -> str:
        """Return a value without its unit."""
        if value is None or not math.isfinite(value):
            return UNKNOWN
        return f"{self.factor * value:.{self.decimals}f}".replace("-", MINUS)

    def text(self, value: float | None) -> str:
        """Return a value with its unit."""
        shown = self.number(value)
        return shown if shown == UNKNOWN else f"{shown}{self.unit}"

    def span(self, low: float | None, high: float | None) -> str:
        """Return an interval: ``1.2 to 3.4``."""
        ends = [self.number(low), self.number(high)]
        return UNKNOWN if UNKNOWN in ends else " to ".join(ends)

    def tick(self, value: float) -> str:
        """Return the label of a tick, which has the digits that it needs."""
        return f"{self.factor * value:.6g}".replace("-", MINUS)


DEGREES = Reading(decimals=1, unit="°")


def reading_of(measure: str, spreads: Iterable[float]) -> Reading:
    """Return how a measure is shown whose values spread so much: errors as percentages, losses as they are.

    Choice: two significant digits of the middle standard deviation; further ones would be another with other seeds.
    """
    factor, unit = (100.0, " %") if measure.endswith("error") else (1.0, "")
    known = sorted(each for each in spreads if math.isfinite(each) and each > 0)
    if not known:
        return Reading(factor, 2 if unit else 4, unit)
    decimals = 1 - math.floor(math.log10(factor * known[len(known) // 2]))
    return Reading(factor, min(max(decimals, 0), 6), unit)


def p_value(p: float) -> str:
    """Return a probability as papers give it: two significant digits, and not below 0.0001."""
    if not math.isfinite(p):
        return UNKNOWN
    return "< 0.0001" if p < 1e-4 else f"{p:.2g}"


def number(value: float | None, digits: int = 3) -> str:
    """Return a number with so many significant digits, thousands parted, and no exponent below a million."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if value == 0 or not 1e-4 <= abs(value) < 1e6:
        return f"{value:.{digits}g}".replace("-", MINUS)
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{decimals}f}".replace("-", MINUS)
