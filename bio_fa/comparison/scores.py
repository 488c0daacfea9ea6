"""Scores: what each run of a plan found, one row a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from bio_fa.analysis.learning_curves import area_under, trials_to
from bio_fa.comparison.plan import Plan, PlannedRun
from bio_fa.comparison.standing import FINISHED
from bio_fa.io.run_folder import RunFolder

SCORES = ("score", "area", "trials_to_threshold", "seconds")
"""The columns of numbers; nan where there is none."""


def scores(plan: Plan, measure: str, threshold: float | None, output: Path) -> pd.DataFrame:
    """Return one row a run: the labels of its cell, ``cell``, ``seed``, ``status``, the columns of ``SCORES`` and its ``folder``.

    ``score`` is the measure after the last epoch, ``area`` its mean over the learning curve, and ``trials_to_threshold`` the
    trials after which it was first as low as ``threshold``. A run that diverged, died or did not end has no score.
    """
    return pd.DataFrame([_row(run, measure, threshold, output) for run in plan.runs])


def _row(run: PlannedRun, measure: str, threshold: float | None, output: Path) -> dict[str, Any]:
    standing = run.standing()
    found = dict.fromkeys(SCORES, float("nan"))
    if standing.status == FINISHED:
        found |= _found(RunFolder(run.place).read_metrics(), measure, threshold)
        found["seconds"] = standing.seconds or float("nan")
    place = run.place.relative_to(output.absolute())
    return {**run.cell.labels, "cell": run.cell.name, "seed": run.seed, "status": standing.status, **found, "folder": str(place)}


def _found(lines: Sequence[Mapping[str, Any]], measure: str, threshold: float | None) -> dict[str, float]:
    """Return the scores of a run's metrics."""
    points = [(line["trial"], line[measure]) for line in lines if line.get(measure) is not None]
    if not points:
        return {}
    trials, curve = zip(*points, strict=True)
    found = {"score": float(curve[-1])}
    if len(points) > 1:
        found["area"] = area_under(trials, curve)
        reached = None if threshold is None else trials_to(trials, curve, threshold, falling=True)
        found |= {} if reached is None else {"trials_to_threshold": float(reached)}
    return found
