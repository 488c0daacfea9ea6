"""SVG: charts as the page shows them, without a script."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from bio_fa.comparison.report.chart import Axis, Dots, Panel, Row, Series
from bio_fa.comparison.report.elements import element, group, picture, words
from bio_fa.comparison.report.marks import Mark

STRIP, STRIP_HEIGHT = 220.0, 26.0
"""Size of the points of one cell, in pixels."""
MOST_MARKS = 8
"""On a line."""


@dataclass(frozen=True)
class Frame:
    """Where the axes of a panel lie in its picture, in the picture's units."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float

    def x(self, axis: Axis, value: float) -> float:
        """Return where a value lies from the left."""
        return self.left + axis.share(value) * (self.right - self.left)

    def y(self, axis: Axis, value: float) -> float:
        """Return where a value lies from the top."""
        return self.bottom - axis.share(value) * (self.bottom - self.top)


LARGE = Frame(560, 350, 62, 546, 30, 296)
SMALL = Frame(340, 262, 52, 330, 30, 212)


def panel(described: Panel, frame: Frame) -> Markup:
    """Return a panel as a picture in which the keyboard can walk along x."""
    inside = f"clip-{described.key}"
    clip = element("clipPath", element("rect", **_box(frame)), id=inside)
    drawn = [_null(described, frame), *(_line(each, described, frame, inside) for each in described.series)]
    return picture(
        frame.width,
        frame.height,
        f"{described.title}: {described.y_label} over {described.x_label}",
        clip,
        _axes(described, frame),
        *drawn,
        element("line", class_="cursor", x1=0, x2=0, y1=frame.top, y2=frame.bottom),
        class_=f"panel {'large' if frame is LARGE else 'small'}",
        tabindex=0,
        data_panel=described.key,
    )


def numbers(described: Panel, frame: Frame) -> dict[str, Any]:
    """Return what a script needs to tell the values of a panel: for each line x, where that lies, and the values there."""
    axis, reading = described.x_axis, described.reading
    lines = [
        {
            "name": each.name,
            "x": each.x,
            "at": [round(frame.x(axis, x), 1) for x in each.x],
            "y": each.y,
            "low": each.low,
            "high": each.high,
        }
        for each in described.series
    ]
    return {
        "x_label": described.x_label,
        "factor": reading.factor,
        "decimals": reading.decimals,
        "unit": reading.unit,
        "series": lines,
    }


def strip(row: Row, axis: Axis, guide: float | None, told: str) -> Markup:
    """Return the points of one row over the axis that all rows share; ``told``: the same in words."""
    frame, middle, mark = Frame(STRIP, STRIP_HEIGHT, 8, STRIP - 8, 0, STRIP_HEIGHT), STRIP_HEIGHT / 2, Mark(row.index)
    points = [
        element("circle", cx=frame.x(axis, x), cy=middle + _stagger(place), r=2.2, class_="seed")
        for place, x in enumerate(row.points)
        if math.isfinite(x)
    ]
    grid = [element("line", class_="tick", x1=frame.x(axis, x), x2=frame.x(axis, x), y1=0, y2=STRIP_HEIGHT) for x in axis.ticks]
    if guide is not None:
        grid.append(element("line", class_="guide", x1=frame.x(axis, guide), x2=frame.x(axis, guide), y1=0, y2=STRIP_HEIGHT))
    seen = [*grid, *_interval(row, axis, frame, middle), *points, *_middle(row, axis, frame, middle)]
    classes = f"strip {mark.style}{' hollow' if row.hollow else ''}"
    return picture(STRIP, STRIP_HEIGHT, told, *seen, class_=classes, width=STRIP, height=STRIP_HEIGHT)


def strip_axis(described: Dots) -> Markup:
    """Return the labels of the ticks above the strips; the unit stands in the column's name."""
    axis = described.axis
    frame = Frame(STRIP, 16, 8, STRIP - 8, 0, 16)
    labels = [words(frame.x(axis, x), 12, described.reading.tick(x), text_anchor="middle") for x in _apart(axis, frame, 26)]
    return picture(STRIP, 16, f"{described.x_label}: the axis of the column", *labels, class_="strip-axis", width=STRIP, height=16)


def sample(index: int) -> Markup:
    """Return a short piece of a rule's line with its mark, for a legend."""
    mark = Mark(index)
    line = element("line", x1=1, x2=29, y1=7, y2=7, class_="line")
    seen = group([line, element("path", d=mark.path(15, 7, 3.6), class_="mark")], class_=f"series {mark.style}")
    return element("svg", seen, viewBox="0 0 30 14", width=30, height=14, aria_hidden="true", class_="sample")


def _axes(described: Panel, frame: Frame) -> Markup:
    x_axis, y_axis, reading = described.x_axis, described.y_axis, described.reading
    parts = []
    for value in y_axis.ticks:
        y = frame.y(y_axis, value)
        parts.append(element("line", class_="tick", x1=frame.left, x2=frame.right, y1=y, y2=y))
        parts.append(words(frame.left - 8, y + 4, reading.tick(value), text_anchor="end"))
    for value in x_axis.ticks:
        parts.append(words(frame.x(x_axis, value), frame.bottom + 18, f"{value:,.6g}", text_anchor="middle"))
    if described.guide is not None:
        y = frame.y(y_axis, described.guide)
        parts.append(element("line", class_="guide", x1=frame.left, x2=frame.right, y1=y, y2=y))
    parts.append(element("line", class_="base", x1=frame.left, x2=frame.right, y1=frame.bottom, y2=frame.bottom))
    parts.append(words(frame.left - 8, frame.top - 14, described.y_label, class_="axis-name start"))
    parts.append(words(frame.right, frame.bottom + 38, described.x_label, text_anchor="end", class_="axis-name"))
    return group(parts, class_="axes")


def _null(described: Panel, frame: Frame) -> Markup:
    if described.null is None:
        return Markup()
    x, low, high = described.null
    return element("path", d=_area(described, frame, x, low, high), class_="null")


def _line(series: Series, described: Panel, frame: Frame, clip: str) -> Markup:
    mark = Mark(series.index)
    points = list(_points(described, frame, series.x, series.y))
    step = max(1, math.ceil(len(points) / MOST_MARKS))
    shapes = "".join(mark.path(x, y, 3.4) for x, y in points[len(points) - 1 :: -step])
    parts = [
        element("path", d=_area(described, frame, series.x, series.low, series.high), class_="band", clip_path=f"url(#{clip})"),
        element("path", d=_path(points), class_="line"),
        element("path", d=shapes, class_="mark"),
    ]
    return group(parts, class_=f"series {mark.style}", data_rule=series.name)


def _points(described: Panel, frame: Frame, x: Sequence[float], y: Sequence[float]) -> Iterator[tuple[float, float]]:
    x_axis, y_axis = described.x_axis, described.y_axis
    for one, other in zip(x, y, strict=True):
        if math.isfinite(other):
            yield frame.x(x_axis, one), min(max(frame.y(y_axis, other), -frame.height), 2 * frame.height)


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) if points else ""


def _area(described: Panel, frame: Frame, x: Sequence[float], low: Sequence[float], high: Sequence[float]) -> str:
    there, back = (list(_points(described, frame, x, each)) for each in (high, low))
    return _path(there + back[::-1]) + "z" if there and back else ""


def _interval(row: Row, axis: Axis, frame: Frame, y: float) -> list[Markup]:
    if not (math.isfinite(row.low) and math.isfinite(row.high)):
        return []
    ends = [min(max(frame.x(axis, x), 0.0), frame.width) for x in (row.low, row.high)]
    return [element("line", class_="interval", x1=ends[0], x2=ends[1], y1=y, y2=y)]


def _middle(row: Row, axis: Axis, frame: Frame, y: float) -> list[Markup]:
    if not math.isfinite(row.middle):
        return []
    return [element("path", d=Mark(row.index).path(frame.x(axis, row.middle), y, 4.6), class_="mark")]


def _stagger(place: int) -> float:
    """Return how far a seed stands from the middle of its strip, so that equal scores do not hide each other."""
    return float((-7, 7, -9, 9, -5, 5)[place % 6])


def _apart(axis: Axis, frame: Frame, least: float) -> list[float]:
    """Return the ticks whose labels have room."""
    kept: list[float] = []
    for value in axis.ticks:
        if not kept or frame.x(axis, value) - frame.x(axis, kept[-1]) >= least:
            kept.append(value)
    return kept


def _box(frame: Frame) -> dict[str, float]:
    return {"x": frame.left, "y": frame.top, "width": frame.right - frame.left, "height": frame.bottom - frame.top}


