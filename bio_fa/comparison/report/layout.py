"""Layout: where the populations of a circuit stand in its drawing, and along which paths its projections run.

Areas are rows, the input at the bottom. Forward populations stand left, feedback populations right of them. What leads up or down
passes between the rows; what skips a row passes beside them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bio_fa.circuit import Circuit
from bio_fa.population import Population
from bio_fa.projection import Projection

STEP, ROW, WIDTH, HEIGHT = 80.0, 92.0, 64.0, 34.0
"""From column to column and from row to row; the size of a population."""
MARGIN, LANE = 10.0, 11.0
"""Around all populations, and between two paths beside them."""
LEAST = 300.0
"""The least width of a drawing."""
APART = 9.0
"""How far from the middle of a population paths upwards, on the left, and downwards, on the right, arrive and leave."""


@dataclass(frozen=True)
class Place:
    """A population, the row of its area, and the middle of its box."""

    population: Population
    row: int
    x: float
    y: float
    feedback: bool


@dataclass(frozen=True)
class Layout:
    """The places of populations by name, and the size of the drawing.

    Attributes:
        lanes: of each projection that skips a row, which path beside the rows it takes.
        mutual: the projections whose reverse exists.
    """

    places: Mapping[str, Place]
    width: float
    height: float
    lanes: Mapping[str, int]
    mutual: frozenset[str]

    def feedback(self, projection: Projection) -> bool:
        """Return whether a projection is feedback: it leads down, to or from feedback neurons, or to apical dendrites."""
        if projection.from_tonic:
            return False
        pre, post = self.places[projection.pre], self.places[projection.post]
        return post.row < pre.row or pre.feedback or post.feedback or projection.compartment == "apical"

    def path(self, projection: Projection) -> str:
        """Return the path of a projection, as SVG writes it."""
        post = self.places[projection.post]
        if projection.from_tonic:
            x, bottom = post.x - WIDTH / 2 + 8, post.y + HEIGHT / 2
            return f"M{x:.1f} {bottom + 17:.1f}L{x:.1f} {bottom + 3:.1f}"
        pre = self.places[projection.pre]
        if pre.row == post.row:
            return _beside(pre, post, 4.0 if projection.name in self.mutual else 0.0)
        return self._around(pre, post, projection) if abs(pre.row - post.row) > 1 else _between(pre, post)

    def _around(self, pre: Place, post: Place, projection: Projection) -> str:
        """Return a path beside all rows: on the right downwards, on the left upwards."""
        up, lane = post.row > pre.row, self.lanes[projection.name] * LANE
        columns = [each.x for each in self.places.values()]
        side = min(columns) - WIDTH / 2 - 10 - lane if up else max(columns) + WIDTH / 2 + 10 + lane
        (x0, y0), (x1, y1) = _ends(pre, post)
        s = -1 if up else 1
        out, into = y0 + s * 16, y1 - s * 16
        return (
            f"M{x0:.1f} {y0:.1f}C{x0:.1f} {out:.1f} {side:.1f} {y0:.1f} {side:.1f} {out + s * 18:.1f}"
            f"L{side:.1f} {into - s * 18:.1f}C{side:.1f} {y1:.1f} {x1:.1f} {into:.1f} {x1:.1f} {y1:.1f}"
        )


def layout(circuit: Circuit) -> Layout:
    """Return where everything of a circuit stands."""
    forward = max(len(area.forward) for area in circuit.areas)
    columns = forward + max(len(area.feedback) for area in circuit.areas)
    lanes = _lanes(circuit)
    beside = MARGIN + LANE * len(lanes)
    width = max(LEAST, STEP * (columns - 1) + WIDTH + 2 * beside)
    left, height = (width - STEP * (columns - 1)) / 2, ROW * len(circuit.areas) - 16
    places: dict[str, Place] = {}
    for row, area in enumerate(circuit.areas):
        y = height - ROW * (row + 0.5) + 12
        stand = [(forward - 1 - k, each, False) for k, each in enumerate(area.forward)]
        stand += [(forward + k, each, True) for k, each in enumerate(area.feedback)]
        places |= {each.name: Place(each, row, left + STEP * column, y, back) for column, each, back in stand}
    return Layout(places, width, height, lanes, _mutual(circuit))


def _lanes(circuit: Circuit) -> dict[str, int]:
    """Return a lane for each projection that skips a row."""
    row = {each.name: index for index, area in enumerate(circuit.areas) for each in area.populations}
    skipping = [each.name for each in circuit.projections if not each.from_tonic and abs(row[each.pre] - row[each.post]) > 1]
    return {name: lane for lane, name in enumerate(skipping)}


def _mutual(circuit: Circuit) -> frozenset[str]:
    ends = {(each.pre, each.post) for each in circuit.projections}
    return frozenset(each.name for each in circuit.projections if (each.post, each.pre) in ends)


def _ends(pre: Place, post: Place) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return where a path between rows leaves and where it arrives, a little before the box."""
    up = post.row > pre.row
    shift, s = (-APART, -1) if up else (APART, 1)
    return (pre.x + shift, pre.y + s * HEIGHT / 2), (post.x + shift, post.y - s * (HEIGHT / 2 + 3))


def _between(pre: Place, post: Place) -> str:
    (x0, y0), (x1, y1) = _ends(pre, post)
    middle = (y0 + y1) / 2
    return f"M{x0:.1f} {y0:.1f}C{x0:.1f} {middle:.1f} {x1:.1f} {middle:.1f} {x1:.1f} {y1:.1f}"


def _beside(pre: Place, post: Place, shift: float) -> str:
    """Return a path within a row: straight to a neighbour, a bow over others, a loop to itself; ``shift``: from its reverse."""
    if pre.x == post.x:
        x, y = pre.x - WIDTH / 2, pre.y
        return f"M{x:.1f} {y - 8:.1f}c-20 -6 -20 22 -3 16"
    s = 1 if post.x > pre.x else -1
    if abs(post.x - pre.x) < 1.5 * STEP:
        y = pre.y - s * shift
        return f"M{pre.x + s * WIDTH / 2:.1f} {y:.1f}L{post.x - s * (WIDTH / 2 + 3):.1f} {y:.1f}"
    top = pre.y - HEIGHT / 2
    end = post.x - s * (WIDTH / 2 - 10)
    return f"M{pre.x:.1f} {top:.1f}C{pre.x:.1f} {top - 20:.1f} {end:.1f} {top - 20:.1f} {end:.1f} {top - 3:.1f}"
