"""Differences: what paired seeds say of each pair of cells, in a table, as a matrix and as points."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from bio_fa.analysis.verdict import Verdict
from bio_fa.comparison.report import svg
from bio_fa.comparison.report.chart import Dots, Row
from bio_fa.comparison.report.conditions import Condition, rule_of, rules
from bio_fa.comparison.report.grid import Column, Field, Grid, figure, named, without, words
from bio_fa.comparison.report.reading import Reading, number, p_value

WAYS = {True: "higher", False: "lower"}


@dataclass(frozen=True)
class Meeting:
    """A verdict where its two rules meet in a matrix, as texts."""

    difference: str
    interval: str
    p: str
    effect: str
    sentence: str
    look: str


@dataclass(frozen=True)
class Matrix:
    """Verdicts of one condition: a row for each first rule, a column for each second one, and what stands where they meet."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Meeting | None, ...]], ...]


def dots(table: pd.DataFrame, runs: pd.DataFrame, verdicts: Sequence[Verdict], measure: str, reading: Reading) -> Dots:
    """Return the differences of each pair, a point a seed, with their interval; hollow where seeds show no difference."""
    place = {rule: index for index, rule in enumerate(rules(table))}
    scores, rule = runs.pivot(index="seed", columns="cell", values="score"), rule_of(table)
    used = scores[list(dict.fromkeys(cell for each in verdicts for cell in (each.first, each.second)))].dropna()
    rows = tuple(
        Row(
            f"{each.first} − {each.second}",
            place[rule[each.first]],
            tuple(map(float, used[each.first] - used[each.second])),
            each.difference,
            each.low,
            each.high,
            not each.significant,
        )
        for each in verdicts
    )
    unit = f" ({_points(reading)})" if reading.unit else ""
    called = measure.replace("_", " ")
    return Dots("significance", f"Differences in {called}", f"difference{unit}", rows, reading, guide=0.0)


def table_of(described: Dots, verdicts: Sequence[Verdict], improvements: Sequence[float], reference: str | None) -> Grid:
    """Return a row a pair: difference, interval, test and effect; where all are compared with one rule, that is not repeated."""
    level = f"{100 * (1 - verdicts[0].alpha):g} %"
    columns = (
        Column("first"),
        Column("second"),
        Column(described.x_label, "first − second, a point a seed", svg.strip_axis(described), False),
        Column("difference", "mean of first − second"),
        Column(f"{level} interval", "of the mean difference, for this pair alone"),
        Column("p", "exact paired sign-flip test"),
        Column("p (Holm)", f"corrected over all {len(verdicts)} pairs"),
        Column("g_z", "Hedges' effect size of paired differences"),
        Column("P(better)", "probability that a run of the first is better than one of the second"),
        Column("seeds show", f"at {verdicts[0].alpha:g} after the correction"),
    )
    rows = tuple(
        _row(verdict, better, row, described) for verdict, better, row in zip(verdicts, improvements, described.rows, strict=True)
    )
    caption = f"{described.title}: each rule less {reference or 'another'}{', under the same conditions' if reference else ''}"
    grid = Grid("pairs", caption, columns, rows)
    return grid if reference is None else without(grid, "second")


def matrix(condition: Condition, verdicts: Sequence[Verdict], reading: Reading) -> Matrix | None:
    """Return the verdicts of one condition as a matrix; None where each rule is compared with one other only."""
    rule = {cell: name for name, cell in condition.cells.items()}
    met = {(rule[each.first], rule[each.second]): each for each in verdicts if each.first in rule and each.second in rule}
    columns = tuple(dict.fromkeys(second for _, second in met))
    if len(columns) < 2:
        return None
    firsts = dict.fromkeys(first for first, _ in met)
    return Matrix(condition.name, columns, tuple((first, _met(first, columns, met, reading)) for first in firsts))


def _met(
    first: str, columns: Sequence[str], met: Mapping[tuple[str, str], Verdict], reading: Reading
) -> tuple[Meeting | None, ...]:
    found = [met.get((first, second)) for second in columns]
    return tuple(None if each is None else _meeting(each, reading) for each in found)


def _meeting(verdict: Verdict, reading: Reading) -> Meeting:
    difference, interval = _signed(verdict.difference, reading), reading.span(verdict.low, verdict.high)
    return Meeting(difference, interval, p_value(verdict.p_holm), number(verdict.effect, 2), verdict.sentence, _look(verdict))


def _row(verdict: Verdict, better: float, row: Row, described: Dots) -> tuple[Field, ...]:
    reading = described.reading
    return (
        named(verdict.first),
        named(verdict.second),
        Field(svg.strip(row, described.axis, 0.0, verdict.sentence), verdict.difference, "strip-cell"),
        figure(_signed(verdict.difference, reading), verdict.difference),
        figure(reading.span(verdict.low, verdict.high), verdict.low),
        figure(p_value(verdict.p), verdict.p),
        figure(p_value(verdict.p_holm), verdict.p_holm, "differs" if verdict.significant else ""),
        figure(number(verdict.effect, 2), verdict.effect),
        figure(f"{better:.2f}", better),
        words(WAYS[verdict.difference > 0] if verdict.significant else "undecided", _look(verdict)),
    )


def _signed(value: float, reading: Reading) -> str:
    return f"+{reading.number(value)}" if math.isfinite(value) and value > 0 else reading.number(value)


def _look(verdict: Verdict) -> str:
    return WAYS[verdict.difference > 0] if verdict.significant else "alike"


def _points(reading: Reading) -> str:
    """Return the unit of differences: those of percentages are percentage points."""
    return "% points" if reading.unit.strip() == "%" else reading.unit.strip()
