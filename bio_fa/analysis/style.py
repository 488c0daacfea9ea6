"""Style: how every figure looks, without touching matplotlib's global state."""

from __future__ import annotations

import io
import math
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
"""Lines, told apart by every kind of colour vision. Source: Okabe & Ito (2008), Color Universal Design."""

MAP = "cividis"
"""Images. Source: Nuñez et al. (2018) PLoS ONE 13:e0199239, uniform with and without colour vision deficiency."""

SHARES = "Blues"
"""Images of shares. Choice: nothing stays white, and one hue of changing lightness needs no colour vision."""

INK, FAINT, PALE = "#2b2b2b", "#8a8a8a", "#d9d9d9"
"""Text, reference lines, and what stands behind."""

WIDTH = 8.4
"""Inches across a page; every figure fills it or stays narrower, so that all letters are of one size."""

RESOLUTION, SHOWN = 200, 112
"""Pixels per inch in the file, and on a page."""


def panels(count: int, columns: int, height: float = 3.1, width: float = WIDTH) -> tuple[Figure, list[Axes]]:
    """Return a figure with this many panels, at most ``columns`` in a row, and its axes in reading order.

    height, width: of a row, in inches.
    """
    columns = min(count, columns)
    rows = math.ceil(count / columns)
    figure = Figure(figsize=(width, rows * height), dpi=RESOLUTION, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for spare in axes[count:]:
        spare.remove()
    for each in axes[:count]:
        _plain(each)
    return figure, axes[:count]


def name(axes: Axes, title: str, x: str, y: str, pad: float | None = None) -> None:
    """Give a panel its title, ``pad`` points above it, and the names, with units, of its axes."""
    axes.set_title(title, loc="left", fontsize=10, fontweight="bold", color=INK, pad=pad)
    axes.set_xlabel(x, fontsize=9, color=INK)
    axes.set_ylabel(y, fontsize=9, color=INK)


def legend(axes: Axes, **where: Any) -> None:
    """Add a legend without a frame."""
    axes.legend(frameon=False, fontsize=8, labelcolor=INK, **where)


def stroke(index: int) -> dict[str, Any]:
    """Return colour and dashes of the line with this index: after the seventh the colours repeat, dashed."""
    return {"color": COLOURS[index % len(COLOURS)], "linestyle": "-" if index < len(COLOURS) else "--"}


def png(figure: Figure) -> bytes:
    """Return a figure as the bytes of a PNG image; a name with a ``$`` is a name, and no formula."""
    buffer = io.BytesIO()
    for text in figure.findobj(Text):
        text.set_parse_math(False)
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def scale(figure: Figure, axes: Axes, image: AxesImage, label: str = "", **look: Any) -> None:
    """Add the colour bar of an image to its panel."""
    bar = figure.colorbar(image, ax=axes, **look)
    bar.ax.tick_params(labelsize=7, colors=INK)
    bar.outline.set_edgecolor(FAINT)
    bar.set_label(label, fontsize=9, color=INK)


def round_ticks(axes: Axes) -> None:
    """Number the horizontal axis in steps of 1, 2 or 5."""
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.tick_params(labelsize=8, colors=INK, color=FAINT)
