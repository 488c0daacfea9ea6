"""Aims at figures of uneven looks: spare panels, equal runs with unequal images, lines that cannot be told apart."""

from __future__ import annotations

import pytest

from bio_fa.analysis import style

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(("count", "columns", "rows"), [(1, 3, 1), (3, 3, 1), (4, 3, 2)])
def test_a_figure_has_as_many_panels_as_asked_in_as_few_rows(count, columns, rows):
    figure, axes = style.panels(count, columns, height=2.0)
    assert len(axes) == len(figure.axes) == count
    assert figure.get_size_inches().tolist() == [style.WIDTH, 2.0 * rows]


def test_equal_figures_are_equal_images():
    first, second = (style.png(style.panels(1, 1)[0]) for _ in range(2))
    assert first == second and first.startswith(PNG)


def test_no_two_of_fourteen_lines_look_alike():
    assert len({tuple(style.stroke(index).values()) for index in range(2 * len(style.COLOURS))}) == 14
