"""Charts as descriptions: what a panel shows. The page (``svg``) and the figure files (``files``) draw the same ones."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from matplotlib.ticker import LogLocator, MaxNLocator

from bio_fa.comparison.report.reading import Reading

Values = tuple[float, ...]

WIDE_RANGE = 10
"""From which ratio of the largest to the smallest value on an axis is logarithmic."""


@dataclass(frozen=True)
class Series:
    """A line over x and the interval around it; ``index`` decides its colour, dashes and mark."""

    name: str
    index: int
    x: Values
    y: Values
    low: Values
    high: Values


@dataclass(frozen=True)
class Panel:
    """Lines in one frame.

    Attributes:
        key: its name on the page and in files.
        span: the least and the greatest value that a run reached; intervals beyond are cut.
        null: where a run without any effect would lie, as (x, low, high).
        guide: a level to which lines are compared.
    """

    key: str
    title: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    reading: Reading
    span: tuple[float, float]
    null: tuple[Values, Values, Values] | None = None
    guide: float | None = None

    @property
    def x_axis(self) -> Axis:
        """The axis of all lines' x."""
        every = [x for each in self.series for x in each.x]
        return Axis(min(every), max(every), whole=all(x.is_integer() for x in every))

    @property
    def y_axis(self) -> Axis:
        """The axis of all runs' values, the guide and the band without effect."""
        bounds = [*self.span, *([] if self.guide is None else [self.guide])]
        if self.null is not None:
            bounds += [*self.null[1], *self.null[2]]
        return axis(bounds, self.guide is None)


@dataclass(frozen=True)
class Row:
    """The scores of a cell or a pair as points, their mean and its interval; ``hollow``: the interval proves nothing."""

    name: str
    index: int
    points: Values
    middle: float
    low: float
    high: float
    hollow: bool = False


@dataclass(frozen=True)
class Dots:
    """Rows of points with intervals over one axis."""

    key: str
    title: str
    x_label: str
    rows: tuple[Row, ...]
    reading: Reading
    guide: float | None = None

    @property
    def axis(self) -> Axis:
        """The axis of all points, and of the intervals as far as they do not go beyond half their range."""
        points = [x for row in self.rows for x in row.points if math.isfinite(x)]
        points += [] if self.guide is None else [self.guide]
        if not points:
            return Axis(0, 1)
        logarithmic = self.guide is None and _wide(points)
        room = 0.0 if logarithmic else (max(points) - min(points)) / 2
        ends = [x for row in self.rows for x in (row.low, row.high) if math.isfinite(x)]
        inside = [min(max(x, min(points) - room), max(points) + room) for x in ends]
        return axis([*points, *inside], self.guide is None)


@dataclass(frozen=True)
class Axis:
    """The range of an axis and the ticks in it; ``whole``: only at whole numbers."""

    low: float
    high: float
    log: bool = False
    whole: bool = False
    ticks: Values = field(init=False)

    def __post_init__(self) -> None:
        ticks = _log_ticks(self.low, self.high) if self.log else _ticks(self.low, self.high, self.whole)
        object.__setattr__(self, "ticks", tuple(ticks))

    def share(self, value: float) -> float:
        """Return where a value lies, 0 at the low end and 1 at the high one."""
        low, high, x = (math.log(max(each, 1e-300)) if self.log else each for each in (self.low, self.high, value))
        return (x - low) / (high - low) if high > low else 0.5


def axis(bounds: Iterable[float], may_be_log: bool = True) -> Axis:
    """Return an axis that holds these values with a little room; logarithmic where they are wide apart, and that is allowed."""
    known = [each for each in bounds if math.isfinite(each)] or [0.0, 1.0]
    low, high = min(known), max(known)
    if may_be_log and _wide(known):
        return Axis(low / 1.15, high * 1.15, log=True)
    room = 0.06 * (high - low) or 0.05 * abs(high) or 0.5
    return Axis(max(0.0, low - room) if low >= 0 else low - room, high + room)


def _wide(values: list[float]) -> bool:
    return min(values) > 0 and max(values) > WIDE_RANGE * min(values)


def _ticks(low: float, high: float, whole: bool) -> list[float]:
    found = MaxNLocator(5, steps=[1, 2, 3, 5, 10], integer=whole).tick_values(low, high)
    return [float(each) for each in found if low <= each <= high]


def _log_ticks(low: float, high: float) -> list[float]:
    subs = (1.0, 2.0, 5.0) if high < 1000 * low else (1.0,)
    return [float(each) for each in LogLocator(subs=subs, numticks=12).tick_values(low, high) if low <= each <= high]
