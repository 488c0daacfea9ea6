"""Curves: the panels of learning and of alignment, one line a rule, from what its seeds left."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from bio_fa.analysis.learning_curves import on_common_grid
from bio_fa.analysis.statistics import mean_interval
from bio_fa.comparison.report.chart import Panel, Series, Values
from bio_fa.comparison.report.findings import Findings
from bio_fa.comparison.report.reading import DEGREES, Reading
from bio_fa.errors import DataError

Line = Sequence[Mapping[str, Any]]
"""Rows of a run with ``x``, ``y`` and, for angles, ``null_mean`` and ``null_sd``."""

RESAMPLES = 4_000
"""Of the interval at each evaluation. Choice: fewer than for scores, because a band is read by eye: its ends waver by 2 % of it."""

LEAST = 3
"""Seeds of which a band is drawn. Choice: that of two is many times as wide as they are apart, and hides the lines."""

NULL = 1.96
"""Standard deviations of the shuffled angle on either side: 95 % of them."""


def learning(found: Mapping[str, Sequence[Findings]], measure: str, reading: Reading, key: str) -> Panel | None:
    """Return the learning curves of cells, by rule; None without any."""
    lines = {rule: [_scores(run, measure) for run in runs if run.scored] for rule, runs in found.items()}
    called = measure.replace("_", " ")
    unit = f" ({reading.unit.strip()})" if reading.unit else ""
    return _panel(lines, f"{key}-learning", f"Learning: {called}", "trials", f"{called}{unit}", reading)


def feedback(found: Mapping[str, Sequence[Findings]], key: str) -> Iterator[Panel]:
    """Yield a panel for each area that receives feedback: its angle with the forward weights."""
    rows = {rule: [list(run.inspection.get("alignment") or []) for run in runs] for rule, runs in found.items()}
    pairs = dict.fromkeys((row["area"], row["forward"]) for runs in rows.values() for run in runs for row in run)
    for area, forward in pairs:
        for kind in _kinds(rows, forward):
            lines = {rule: [_angles(run, forward, kind) for run in runs] for rule, runs in rows.items()}
            said = "" if kind == "excitatory" else " less inhibition"
            yield from _angle_panel(lines, key, f"Feedback to {area.removesuffix('_area')} against {_arrow(forward)}{said}")


def _kinds(rows: Mapping[str, Sequence[Line]], forward: str) -> list[str]:
    """Return by which forward weights feedback is judged: both where inhibition makes a difference."""
    own = [row for runs in rows.values() for run in runs for row in run if row["forward"] == forward]
    differ = any(row["excitatory"]["angle"] != row["effective"]["angle"] for row in own)
    return ["excitatory", "effective"] if differ else ["excitatory"]


def _angles(run: Line, forward: str, kind: str) -> Line:
    return [{"x": row["epoch"], **row[kind], "y": row[kind]["angle"]} for row in run if row["forward"] == forward]


def updates(found: Mapping[str, Sequence[Findings]], key: str) -> Iterator[Panel]:
    """Yield a panel for each projection whose updates were compared with the gradient: their angle."""
    names = dict.fromkeys(
        name for runs in found.values() for run in runs for line in run.lines for name in line.get("update_alignment") or {}
    )
    for name in names:
        lines = {rule: [_update_angles(run, name) for run in runs] for rule, runs in found.items()}
        yield from _angle_panel(lines, key, f"Updates of {_arrow(name)}")


def _update_angles(run: Findings, name: str) -> Line:
    known = [(line["epoch"], line["update_alignment"][name]) for line in run.lines if name in line.get("update_alignment", {})]
    return [{"x": epoch, **angle, "y": angle["angle"]} for epoch, angle in known]


def _angle_panel(lines: Mapping[str, Sequence[Line]], key: str, title: str) -> Iterator[Panel]:
    place = f"{key}-{re.sub(r'[^a-z0-9]+', '-', title.lower())}"
    found = _panel(lines, place, title, "epoch", "angle (°)", DEGREES, guide=90.0)
    if found is not None:
        yield found


def _panel(
    lines: Mapping[str, Sequence[Line]],
    key: str,
    title: str,
    x_label: str,
    y_label: str,
    reading: Reading,
    guide: float | None = None,
) -> Panel | None:
    named = [(index, rule, _known(runs)) for index, (rule, runs) in enumerate(lines.items())]
    series = [line for index, rule, runs in named for line in _series(rule, index, runs)]
    if not series:
        return None
    reached = [row["y"] for _, _, runs in named for run in runs for row in run]
    null = None if guide is None else _null([run for _, _, runs in named for run in runs])
    return Panel(key, title, x_label, y_label, tuple(series), reading, (min(reached), max(reached)), null, guide)


def _known(runs: Sequence[Line]) -> list[Line]:
    """Return the runs with two evaluations or more, less evaluations without a finite value."""
    known = [[row for row in run if row["y"] is not None and math.isfinite(row["y"])] for run in runs]
    return [run for run in known if len(run) > 1]


def _series(rule: str, index: int, runs: Sequence[Line]) -> Iterator[Series]:
    try:
        grid, curves = on_common_grid(*(_columns(runs, key) for key in ("x", "y"))) if runs else (None, None)
    except DataError:
        return
    if grid is None or curves is None:
        return
    low, high = mean_interval(curves.T, resamples=RESAMPLES) if len(curves) >= LEAST else np.full((2, len(grid)), np.nan)
    yield Series(rule, index, _values(grid), _values(curves.mean(axis=0)), _values(low), _values(high))


def _columns(runs: Sequence[Line], key: str) -> list[list[float]]:
    return [[row[key] for row in run] for run in runs]


def _null(runs: Sequence[Line]) -> tuple[Values, Values, Values] | None:
    """Return where 95 % of one run's shuffled angles lie, over all runs.

    Choice: one band that holds those of all rules, because nine bands that nearly agree hide the lines.
    """
    rows = [row for run in runs for row in run if row.get("null_sd") is not None]
    if not rows:
        return None
    xs = sorted({row["x"] for row in rows})
    ends = [[_end(row, sign) for sign in (-1, 1)] for row in rows]
    low, high = min(one for one, _ in ends), max(other for _, other in ends)
    return (xs[0], xs[-1]), (low, low), (high, high)


def _end(row: Mapping[str, Any], sign: int) -> float:
    return float(row["null_mean"] + sign * NULL * row["null_sd"])


def _scores(run: Findings, measure: str) -> Line:
    return [{"x": line["trial"], "y": line[measure]} for line in run.lines if measure in line]


def _arrow(projection: str) -> str:
    return projection.replace("_to_", " → ")


def _values(array: Any) -> Values:
    return tuple(float(each) for each in np.asarray(array))
