"""Notebook: the table of a study with its points, and its sentences, as a notebook shows them."""

from __future__ import annotations

from collections.abc import Sequence

from bio_fa.comparison.report.grid import Grid
from bio_fa.comparison.report.rendering import template


def notebook(scores: Grid, sentences: Sequence[str]) -> str:
    """Return HTML that follows the notebook's light or dark theme; it holds no script."""
    return template("notebook.html.jinja").render(scores=scores, sentences=sentences)
