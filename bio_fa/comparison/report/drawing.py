"""Drawing: a circuit as a picture: populations by sign, projections by sign and by whether they learn, feedback apart."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from bio_fa.circuit import Circuit
from bio_fa.comparison.report.elements import element, group, picture, words
from bio_fa.comparison.report.layout import HEIGHT, ROW, STEP, WIDTH, Layout, Place, layout
from bio_fa.projection import Projection

SIGNS = {1: "excitatory", -1: "inhibitory", None: "unsigned"}
LONGEST = 10
"""Letters that fit a box; a name beyond is cut, and its title has it whole."""


def draw(circuit: Circuit, title: str) -> Markup:
    """Return the drawing of a circuit; ``title`` says whose it is."""
    placed = layout(circuit)
    forward = [each for each in circuit.projections if not placed.feedback(each)]
    back = [each for each in circuit.projections if placed.feedback(each)]
    inside = [
        *_background(placed),
        group([_projection(each, circuit, placed) for each in forward], class_="forward"),
        group([_projection(each, circuit, placed) for each in back], class_="feedback"),
        *(_population(each, circuit) for each in placed.places.values()),
    ]
    return picture(placed.width, placed.height, title, element("desc", described(circuit)), *inside, class_="circuit")


def described(circuit: Circuit) -> str:
    """Return the same in words."""
    populations = ", ".join(f"{each.name} ({each.size}, {SIGNS[each.sign]})" for each in circuit.populations)
    learn = len(circuit.plastic)
    return f"{populations}; {learn} of {len(circuit.projections)} projections learn, {len(circuit.tied)} follow others."


def alike(circuit: Circuit) -> tuple[object, ...]:
    """Return what two circuits have in common whose drawings are the same but for sizes."""
    populations = tuple((each.name, each.sign) for each in circuit.populations)
    projections = tuple((each.name, each.compartment, learning(each), SIGNS[circuit.sign(each)]) for each in circuit.projections)
    return populations, projections


def learning(projection: Projection) -> str:
    """Return whether a projection is plastic, tied to another or fixed."""
    if projection.plasticity is not None:
        return "plastic"
    return "fixed" if projection.tie is None else "tied"


def legend(circuits: Sequence[Circuit]) -> list[tuple[Markup, str]]:
    """Return what the signs and lines of some drawings mean: a sample each, and its words."""
    every = [(circuit, each) for circuit in circuits for each in circuit.projections]
    signs = dict.fromkeys(SIGNS[circuit.sign(each)] for circuit, each in every)
    ways = dict.fromkeys(learning(each) for _, each in every)
    said = {
        "excitatory": "excites",
        "inhibitory": "inhibits",
        "unsigned": "weights of either sign",
        "plastic": "learns",
        "fixed": "fixed",
        "tied": "follows the weights of another projection",
    }
    shown = [(f"{sign} plastic", sign) for sign in SIGNS.values() if sign in signs]
    shown += [(f"either {way}", way) for way in ("plastic", "fixed", "tied") if way in ways]
    return [(_sample(classes), said[word]) for classes, word in shown]


def ends() -> Markup:
    """Return the ends of projections, for all drawings of a page: an arrow excites, a bar inhibits, an open arrow does either."""
    shapes = {"excitatory": "M0 0L8 4L0 8z", "inhibitory": "M4 0V8", "unsigned": "M1 0L8 4L1 8"}
    heads = [
        element(
            "marker",
            element("path", d=shape, class_=f"end {sign}"),
            id=f"end-{sign}",
            viewBox="0 0 8 8",
            refX=5,
            refY=4,
            markerWidth=8,
            markerHeight=8,
            markerUnits="userSpaceOnUse",
            orient="auto",
        )
        for sign, shape in shapes.items()
    ]
    return element("defs", *heads)


def _sample(classes: str) -> Markup:
    sign = classes.split()[0]
    line = element("path", d="M2 8H32", class_="path", marker_end=f"url(#end-{sign})" if sign in SIGNS.values() else None)
    return element(
        "svg", group([line], class_=f"projection {classes}"), viewBox="0 0 40 16", width=40, height=16, aria_hidden="true"
    )


def _background(placed: Layout) -> list[Markup]:
    """Return what stands behind the feedback populations, if there are any."""
    own = [each for each in placed.places.values() if each.feedback]
    if not own:
        return []
    left, right = min(each.x for each in own) - STEP / 2, max(each.x for each in own) + STEP / 2
    top, bottom = max(1.0, min(each.y for each in own) - ROW / 2), max(each.y for each in own) + ROW / 2 - 6
    return [
        element("rect", x=left, y=top, width=right - left, height=bottom - top, rx=8, class_="apart"),
        words(right - 7, bottom - 7, "feedback", text_anchor="end", class_="note"),
    ]


def _projection(projection: Projection, circuit: Circuit, placed: Layout) -> Markup:
    sign, way = SIGNS[circuit.sign(projection)], learning(projection)
    where = "" if projection.compartment == "basal" else f", {projection.compartment}"
    said = f"{projection.pre} → {projection.post}{where}: {sign}, {way}"
    line = element("path", d=placed.path(projection), class_="path", marker_end=f"url(#end-{sign})")
    return group(
        [element("title", said), line], class_=f"projection {sign} {way} {projection.compartment}", data_name=projection.name
    )


def _population(place: Place, circuit: Circuit) -> Markup:
    one = place.population
    role = {circuit.input: ", input", circuit.output: ", output"}.get(one.name, "")
    corner = {1: 7.0, -1: HEIGHT / 2, None: 1.0}[one.sign]
    name = one.name if len(one.name) <= LONGEST else f"{one.name[: LONGEST - 1]}…"
    inside = [
        element("title", f"{one.name}: {one.size} neurons, {SIGNS[one.sign]}{role}"),
        element("rect", x=place.x - WIDTH / 2, y=place.y - HEIGHT / 2, width=WIDTH, height=HEIGHT, rx=corner),
        words(place.x, place.y - 1, name, text_anchor="middle", class_="name"),
        words(place.x, place.y + 12, f"{one.size:,}", text_anchor="middle", class_="note"),
    ]
    return group(inside, class_=f"population {SIGNS[one.sign]}", data_name=one.name)

