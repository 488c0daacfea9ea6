"""Failure aimed at: a figure for papers that is missing, changes without reason, or calls its rules otherwise than the page."""

from __future__ import annotations

import pytest

from bio_fa.comparison.report.files import drawn, of_dots, of_panels, write_figures
from tests.comparison.report.synthetic import NINE, page


@pytest.fixture(scope="module")
def described(tmp_path_factory):
    return page(tmp_path_factory.mktemp("study"), NINE)


def test_each_figure_is_a_pdf_and_an_svg(described, tmp_path):
    figure = of_dots(described.scores)
    files = write_figures(tmp_path, {"scores": figure})
    assert {each.name for each in files} == {each.name for each in (tmp_path / "figures").iterdir()} == {"scores.pdf", "scores.svg"}
    assert (tmp_path / "figures/scores.pdf").read_bytes().startswith(b"%PDF-")
    assert b"<svg" in (tmp_path / "figures/scores.svg").read_bytes()


@pytest.mark.parametrize("form", ["pdf", "svg"])
def test_the_same_figure_is_the_same_file(described, form):
    assert drawn(of_dots(described.scores), form) == drawn(of_dots(described.scores), form)


def test_the_legend_names_every_rule_once(described):
    figure = of_panels([panel for _, panel in described.learning])
    (legend,) = figure.legends
    assert [each.get_text() for each in legend.get_texts()] == list(NINE)


def test_axes_have_the_range_of_the_page(described):
    (_, panel), *_ = described.learning
    (axes,) = of_panels([panel]).axes
    assert axes.get_ylim() == pytest.approx((panel.y_axis.low, panel.y_axis.high))
    assert axes.get_yscale() == ("log" if panel.y_axis.log else "linear")
    assert [each.get_text() for each in axes.get_yticklabels()] == [panel.reading.tick(each) for each in panel.y_axis.ticks]


def test_differences_show_every_pair_and_nothing_as_the_zero(described):
    (axes,) = of_dots(described.pairs).axes
    assert [each.get_text() for each in axes.get_yticklabels()] == [f"{rule} − backpropagation" for rule in NINE[1:]]
