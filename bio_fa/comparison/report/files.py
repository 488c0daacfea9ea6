"""Files: the charts of the page as figures for papers, drawn by Matplotlib from the same descriptions."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from bio_fa.analysis import style
from bio_fa.comparison.report.chart import Axis, Dots, Panel, Row
from bio_fa.comparison.report.marks import Mark
from bio_fa.comparison.report.reading import Reading
from bio_fa.io.commit import make_folder, part_of, publish, write_bytes, writing

FIGURES = "figures"
"""The folder of the figures, in that of the study."""
FORMATS = ("pdf", "svg")
ROW_HEIGHT = 0.26
"""Inches of a cell's row."""


def write_figures(folder: Path, figures: Mapping[str, Figure]) -> list[Path]:
    """Write each figure as PDF and SVG into ``figures``; return the files.

    Raises:
        RecordError: when the disk refuses.
    """
    make_folder(folder / FIGURES)
    files = {folder / FIGURES / f"{name}.{form}": drawn(figure, form) for name, figure in figures.items() for form in FORMATS}
    for file, held in files.items():
        with writing(file):
            write_bytes(part_of(file), held)
            publish(part_of(file), file)
    return list(files)


def drawn(figure: Figure, form: str) -> bytes:
    """Return a figure as a file of this form, the same bytes whenever it is the same figure; names are no formulas."""
    for text in figure.findobj(Text):
        text.set_parse_math(False)
    buffer = io.BytesIO()
    undated = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}
    with matplotlib.rc_context({"svg.hashsalt": "bio_fa"}):
        figure.savefig(buffer, format=form, metadata=undated[form])
    return buffer.getvalue()


def of_panels(panels: Sequence[Panel]) -> Figure:
    """Draw panels beside and below each other, with one legend."""
    figure, axes = style.panels(len(panels), columns=2, height=3.0 if len(panels) > 1 else 4.0)
    for described, each in zip(panels, axes, strict=True):
        _panel(described, each)
    lines = {line.get_label(): line for each in axes for line in each.get_lines() if not str(line.get_label()).startswith("_")}
    names = [str(each) for each in lines]
    figure.legend(list(lines.values()), names, loc="outside lower center", ncols=3, frameon=False, fontsize=8, labelcolor=style.INK)
    return figure


def of_dots(described: Dots) -> Figure:
    """Draw rows of points with their means and intervals."""
    figure, (axes,) = style.panels(1, columns=1, height=1.1 + ROW_HEIGHT * len(described.rows))
    if described.guide is not None:
        axes.axvline(described.guide, color=style.FAINT, linewidth=0.8)
    for place, row in enumerate(described.rows):
        _row(row, -place, axes)
    axes.set_yticks([-place for place in range(len(described.rows))], [row.name for row in described.rows])
    axes.set_ylim(-len(described.rows) + 0.4, 0.6)
    _limit(axes, "x", described.axis, described.reading)
    style.name(axes, described.title, described.x_label, "")
    return figure


def _panel(described: Panel, axes: Axes) -> None:
    if described.null is not None:
        axes.fill_between(*described.null, color=style.PALE, linewidth=0)
    if described.guide is not None:
        axes.axhline(described.guide, color=style.FAINT, linewidth=0.8, linestyle=":")
    for each in described.series:
        mark = Mark(each.index)
        axes.fill_between(each.x, each.low, each.high, color=mark.stroke["color"], alpha=0.12, linewidth=0)
        step = max(1, len(each.x) // 8)
        look = {"marker": mark.shape, "markersize": 3.5, "linewidth": 1.3, "markevery": step}
        axes.plot(each.x, each.y, label=each.name, **mark.stroke, **look)  # type: ignore[arg-type]
    _limit(axes, "y", described.y_axis, described.reading)
    style.round_ticks(axes)
    style.name(axes, described.title, described.x_label, described.y_label)


def _row(row: Row, y: float, axes: Axes) -> None:
    mark = Mark(row.index)
    colour = mark.stroke["color"]
    if math.isfinite(row.low):
        axes.plot([row.low, row.high], [y, y], color=colour, linewidth=1.4)
    axes.plot(row.points, [y] * len(row.points), "o", color=colour, alpha=0.35, markersize=3, markeredgewidth=0)
    face = "white" if row.hollow else colour
    axes.plot([row.middle], [y], mark.shape, color=colour, markerfacecolor=face, markersize=5)


def _limit(axes: Axes, which: str, of: Axis, reading: Reading) -> None:
    """Give an axis the range, scale and ticks of its description."""
    side = axes.xaxis if which == "x" else axes.yaxis
    getattr(axes, f"set_{which}scale")("log" if of.log else "linear")
    getattr(axes, f"set_{which}lim")(of.low, of.high)
    side.set_ticks(list(of.ticks), [reading.tick(each) for each in of.ticks])
    side.set_ticks([], minor=True)
