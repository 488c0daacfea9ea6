"""Failure aimed at: a value that is drawn elsewhere than its axis says, marks that look the same, digits that mean nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bio_fa.comparison.report import svg
from bio_fa.comparison.report.chart import Axis, Dots, Panel, Row, Series, axis
from bio_fa.comparison.report.marks import Mark
from bio_fa.comparison.report.reading import DEGREES, Reading, number, p_value, reading_of
from tests.comparison.report.markup import read


@pytest.mark.parametrize("bounds", [(0.0, 1.0), (0.02, 0.9), (-3.0, 7.0), (5.0, 5.0), (0.0, 0.0), (1e-6, 1e6)])
def test_an_axis_holds_its_values_and_all_its_ticks(bounds):
    found = axis(bounds)
    assert all(0 <= found.share(each) <= 1 for each in (*bounds, *found.ticks))
    assert len(found.ticks) >= 2 and list(found.ticks) == sorted(found.ticks)


def test_epochs_are_counted_in_whole_numbers():
    assert Axis(0.0, 2.0, whole=True).ticks == (0.0, 1.0, 2.0)


def test_an_axis_is_linear_or_logarithmic():
    assert Axis(0.0, 10.0).share(2.5) == pytest.approx(0.25)
    assert Axis(1.0, 100.0, log=True).share(10.0) == pytest.approx(0.5)
    assert axis([0.02, 0.9]).log and not axis([0.02, 0.1]).log and not axis([0.0, 0.9]).log


def test_points_of_a_strip_lie_where_their_scores_do():
    scores = (0.1, 0.2, 0.35)
    dots = Dots("scores", "", "", (Row("a", 0, scores, 0.2, 0.05, 0.4),), Reading())
    circles = read(svg.strip(dots.rows[0], dots.axis, None, "told")).classed("seed")
    x = [float(each.attributes["cx"]) for each in circles]
    assert np.diff(x) / np.diff(scores) == pytest.approx(np.diff(x)[0] / 0.1, rel=0.01)


def test_a_line_passes_through_its_values_and_its_band_through_its_ends():
    line = Series("a", 0, (0.0, 1.0, 2.0), (0.2, 0.4, 0.3), (0.1, 0.3, 0.2), (0.3, 0.5, 0.4))
    panel = Panel("key", "title", "x", "y", (line,), Reading(), (0.1, 0.5))
    seen = read(svg.panel(panel, svg.SMALL))
    (path,) = seen.classed("line")
    heights = [float(point.split()[1]) for point in path.attributes["d"][1:].split("L")]
    expected = [svg.SMALL.bottom - panel.y_axis.share(y) * (svg.SMALL.bottom - svg.SMALL.top) for y in line.y]
    assert heights == pytest.approx(expected, abs=0.06)
    (band,) = seen.classed("band")
    assert band.attributes["d"].count("L") == 5 and band.attributes["d"].endswith("z")


def test_an_interval_far_beyond_the_points_does_not_squash_them():
    dots = Dots("scores", "", "", (Row("a", 0, (0.4, 0.5), 0.45, -20.0, 30.0),), Reading())
    assert dots.axis.high - dots.axis.low < 0.3


def test_no_two_of_fifty_six_rules_look_the_same():
    looks = {(Mark(each).stroke["color"], Mark(each).shape) for each in range(56)}
    assert len(looks) == 56
    assert len({Mark(each).path(0, 0, 5) for each in range(8)}) == 8


def test_the_ninth_rule_is_dashed_on_the_page_as_in_the_files():
    assert Mark(8).style.split() == ["c1", "again"] and Mark(8).stroke["linestyle"] == "--"


@pytest.mark.parametrize(("spread", "shown"), [(0.0012, "12.35 %"), (0.012, "12.3 %"), (0.2, "12 %")])
def test_errors_are_percentages_with_two_digits_of_their_spread(spread, shown):
    assert reading_of("test_error", [spread]).text(0.12345) == shown


def test_what_is_not_known_is_a_dash():
    assert [DEGREES.text(None), DEGREES.text(math.nan), number(math.inf), p_value(math.nan)] == ["–"] * 4
    assert DEGREES.span(1.0, math.nan) == "–"


def test_numbers_are_as_people_write_them():
    assert [number(each) for each in (12345.6, 2.345, 0.05, -3.0)] == ["12,346", "2.35", "0.0500", "−3.00"]
    assert [p_value(each) for each in (1.0, 0.03125, 1e-9)] == ["1", "0.031", "< 0.0001"]
