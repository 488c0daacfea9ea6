"""Marks: the colour, the dashes and the shape by which a rule is known in every chart, so that colour is never the only cue."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bio_fa.analysis.style import COLOURS, stroke

SHAPES = ("o", "s", "^", "D", "v", "P", "X", "p")
"""Matplotlib's names. Choice: eight, one more than colours, so that a shape returns with another colour."""

_CORNERS = {
    "s": [(-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)],
    "^": [(0, -1.1), (1.05, 0.8), (-1.05, 0.8)],
    "v": [(0, 1.1), (1.05, -0.8), (-1.05, -0.8)],
    "D": [(0, -1.2), (1.2, 0), (0, 1.2), (-1.2, 0)],
    "p": [(1.1 * math.sin(k * math.tau / 5), -1.1 * math.cos(k * math.tau / 5)) for k in range(5)],
}
_PLUS = [(-0.4, -1.1), (0.4, -1.1), (0.4, -0.4), (1.1, -0.4), (1.1, 0.4), (0.4, 0.4)]
_CORNERS["P"] = _PLUS + [(-x, -y) for x, y in _PLUS]
_CORNERS["X"] = [((x - y) * math.sqrt(0.5), (x + y) * math.sqrt(0.5)) for x, y in _CORNERS["P"]]


@dataclass(frozen=True)
class Mark:
    """How the rule with this index looks."""

    index: int

    @property
    def style(self) -> str:
        """Its CSS classes: a colour, and dashes once the colours are used up."""
        return f"c{self.index % len(COLOURS)}" + (" again" if self.index >= len(COLOURS) else "")

    @property
    def shape(self) -> str:
        """Its shape, as Matplotlib calls it."""
        return SHAPES[self.index % len(SHAPES)]

    @property
    def stroke(self) -> dict[str, str]:
        """Its colour and dashes for Matplotlib."""
        return stroke(self.index)

    def path(self, x: float, y: float, radius: float) -> str:
        """Return the outline of its shape around a point, as SVG writes paths."""
        if self.shape == "o":
            half = f"a{radius:g} {radius:g} 0 1 0"
            return f"M{x - radius:.1f} {y:.1f}{half} {2 * radius:g} 0{half} {-2 * radius:g} 0"
        corners = (f"{x + radius * dx:.1f} {y + radius * dy:.1f}" for dx, dy in _CORNERS[self.shape])
        return f"M{'L'.join(corners)}z"
