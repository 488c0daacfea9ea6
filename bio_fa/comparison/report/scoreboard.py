"""Scoreboard: the cells of a study with their scores, in numbers and as points over one axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from bio_fa.analysis.verdict import Verdict
from bio_fa.comparison.report import svg
from bio_fa.comparison.report.chart import Dots, Row
from bio_fa.comparison.report.conditions import dimensions, rule_of, rules
from bio_fa.comparison.report.grid import Column, Field, Grid, figure, known, named, words
from bio_fa.comparison.report.reading import UNKNOWN, Reading, number, p_value, reading_of

COLUMNS = (
    Column("mean ± s.d.", "over seeds"),
    Column("95 % interval", "of the mean, smoothed bootstrap-t"),
    Column("n", "runs with a score"),
    Column("IQM", "interquartile mean: the middle half of the runs"),
    Column("P(better)", "probability that a run is better than one of the reference"),
    Column("p (Holm)", "exact paired sign-flip test against the reference, corrected over all planned pairs"),
    Column("area", "mean height of the learning curve"),
    Column("trials to threshold", "mean over the runs that reached it, and how many did"),
    Column("no score", "runs that diverged, stopped or are missing"),
    Column("seconds", "a run, mean"),
)


def reading_of_table(table: pd.DataFrame, measure: str) -> Reading:
    """Return how the scores of a study are shown."""
    return reading_of(measure, table["sd"])


def dots(table: pd.DataFrame, runs: pd.DataFrame, measure: str) -> Dots:
    """Return the scores of every cell as points, with the intervals of their means."""
    index, scores = {rule: place for place, rule in enumerate(rules(table))}, runs.groupby("cell")["score"]
    rule, called, reading = rule_of(table), measure.replace("_", " "), reading_of_table(table, measure)
    rows = tuple(
        Row(each.cell, index[rule[each.cell]], tuple(map(float, scores.get_group(each.cell))), each.mean, each.low, each.high)
        for each in table.itertuples()
    )
    unit = f" ({reading.unit.strip()})" if reading.unit else ""
    return Dots("scores", f"Scores: {called}", f"{called}{unit}", rows, reading)


def scoreboard(
    table: pd.DataFrame, runs: pd.DataFrame, measure: str, verdicts: Sequence[Verdict], improvements: Sequence[float]
) -> Grid:
    """Return the table of cells; columns in which nothing is known are left out."""
    drawn, judged = dots(table, runs, measure), _against_reference(verdicts, improvements)
    labels = dimensions(table)
    heads = [*(Column(_head(each)) for each in labels), Column(drawn.x_label, "a point a seed", svg.strip_axis(drawn), False)]
    rows = tuple(
        (*_labels(row, labels, point), _strip(point, drawn), *_fields(row, drawn.reading, judged.get(row["cell"])))
        for row, point in zip(table.to_dict("records"), drawn.rows, strict=True)
    )
    caption = f"{drawn.x_label} of every {'rule' if labels == ['rule'] else 'cell'} over seeds"
    return known(Grid("scores", caption, (*heads, *COLUMNS), rows))


def _head(dimension: str) -> str:
    return dimension.rpartition(".")[2]


def _labels(row: dict[str, Any], labels: Sequence[str], point: Row) -> list[Field]:
    return [named(str(row[labels[0]]), svg.sample(point.index)), *(words(row[each]) for each in labels[1:])]


def _strip(row: Row, drawn: Dots) -> Field:
    reading = drawn.reading
    seeds = ", ".join(reading.number(x) for x in row.points)
    interval = f", 95 % interval {reading.span(row.low, row.high)}" if math.isfinite(row.low) else ""
    told = f"{row.name}: mean {reading.text(row.middle)}{interval}; seeds {seeds}"
    return Field(svg.strip(row, drawn.axis, None, told), row.middle, "strip-cell")


def _fields(row: dict[str, Any], reading: Reading, judged: tuple[Verdict, float] | None) -> list[Field]:
    spread = f" ± {reading.number(row['sd'])}" if math.isfinite(row["sd"]) else ""
    verdict, better = judged or (None, math.nan)
    p = verdict.p_holm if verdict else math.nan
    reached = f" ({row['reached']}/{row['n']})"
    trials = number(row["trials_to_threshold"]) + reached if row["reached"] else UNKNOWN
    ill = ", ".join(f"{row[each]} {each}" for each in ("diverged", "stopped", "missing") if row[each])
    return [
        figure(reading.number(row["mean"]) + spread, row["mean"]),
        figure(reading.span(row["low"], row["high"]), row["low"]),
        figure(str(row["n"]), row["n"]),
        figure(reading.number(row["iqm"]), row["iqm"]),
        figure(f"{better:.2f}" if verdict else UNKNOWN, better),
        figure(p_value(p), p, "differs" if verdict and verdict.significant else ""),
        figure(reading.number(row["area"]), row["area"]),
        figure(trials, row["trials_to_threshold"]),
        words(ill, "broken" if ill else ""),
        figure(number(row["seconds"]), row["seconds"]),
    ]


def _against_reference(verdicts: Sequence[Verdict], improvements: Sequence[float]) -> dict[str, tuple[Verdict, float]]:
    """Return the verdict of each cell where it is compared with one other only."""
    judged = {each.first: (each, better) for each, better in zip(verdicts, improvements, strict=True)}
    return judged if len(judged) == len(verdicts) else {}
