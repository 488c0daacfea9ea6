"""Grid: a table of the page, whose fields have a text to read and a value to sort by."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from bio_fa.comparison.report.elements import soft
from bio_fa.comparison.report.reading import UNKNOWN


@dataclass(frozen=True)
class Field:
    """A field of a table.

    Attributes:
        text: what is read; markup is shown as it is.
        value: what is sorted by: a number, or a text.
        look: CSS classes.
    """

    text: str
    value: float | str
    look: str = ""

    @property
    def numeric(self) -> bool:
        """Whether it stands on the right, as numbers do."""
        return not isinstance(self.value, str)

    @property
    def key(self) -> str:
        """The value to sort by, as an attribute; empty where nothing is known, which comes last."""
        if isinstance(self.value, str):
            return self.value
        return repr(float(self.value)) if math.isfinite(self.value) else ""


@dataclass(frozen=True)
class Column:
    """The head of a column: its name, what it means, and markup below it."""

    name: str
    meaning: str = ""
    below: str = ""
    sortable: bool = True


@dataclass(frozen=True)
class Grid:
    """Columns and rows; ``caption`` says to those who cannot see it what the table is."""

    key: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Field, ...], ...]


def named(name: str, before: str = "") -> Field:
    """Return the field of a rule or a cell, with markup ``before`` its name."""
    shown = Markup('<span class="named">{}<span>{}</span></span>').format(Markup(before), soft(name))
    return Field(shown, name, "name")


def words(text: object, look: str = "") -> Field:
    """Return a field of words."""
    return Field(str(text), str(text), look)


def figure(text: str, value: float | None, look: str = "") -> Field:
    """Return a field with a number; None is unknown."""
    return Field(text, math.nan if value is None else float(value), look)


def known(grid: Grid) -> Grid:
    """Return a table without the columns in which nothing is known."""
    kept = [place for place in range(len(grid.columns)) if any(row[place].text not in (UNKNOWN, "") for row in grid.rows)]
    return replace(grid, columns=_chosen(grid.columns, kept), rows=tuple(_chosen(row, kept) for row in grid.rows))


def without(grid: Grid, name: str) -> Grid:
    """Return a table without the column of this name."""
    kept = [place for place, column in enumerate(grid.columns) if column.name != name]
    return replace(grid, columns=_chosen(grid.columns, kept), rows=tuple(_chosen(row, kept) for row in grid.rows))


def _chosen(items: Sequence, kept: Iterable[int]) -> tuple:  # type: ignore[type-arg]
    return tuple(items[place] for place in kept)
