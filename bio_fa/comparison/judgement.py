"""Judgement: what the scores of a study say, cell by cell and pair by pair, and what they cannot say."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bio_fa.analysis.effect_size import interquartile_mean, probability_of_improvement
from bio_fa.analysis.significance import too_few_seeds
from bio_fa.analysis.statistics import summary
from bio_fa.analysis.verdict import Verdict, verdicts
from bio_fa.comparison.cells import Cell


def cell_table(runs: pd.DataFrame, dimensions: Sequence[str]) -> pd.DataFrame:
    """Return one row a cell: its labels, how its runs ended, and what their scores come to.

    ``n`` scores have ``mean``, ``sd``, the 95 % interval ``low`` to ``high`` of the mean, and ``iqm``, the interquartile mean;
    ``area``, ``trials_to_threshold`` and ``seconds`` are means, the trials of those runs that reached it, as many as ``reached``.
    """
    return pd.DataFrame([_cell(cell, own, dimensions) for cell, own in runs.groupby("cell", sort=False)])


def _cell(cell: object, runs: pd.DataFrame, dimensions: Sequence[str]) -> dict[str, Any]:
    scored = runs[runs["score"].notna()]
    labels = {each: runs[each].iloc[0] for each in dimensions}
    ended = {status: int((runs["status"] == status).sum()) for status in ("diverged", "stopped")}
    lacking = len(runs) - len(scored) - sum(ended.values())
    means = {each: scored[each].mean() for each in ("area", "trials_to_threshold", "seconds")}
    reached = int(scored["trials_to_threshold"].notna().sum())
    return {**labels, "cell": cell, **_scores(scored["score"].to_numpy()), **means, "reached": reached, **ended, "missing": lacking}


def _scores(scores: np.ndarray) -> dict[str, float]:
    if not len(scores):
        return {"n": 0, **dict.fromkeys(("mean", "sd", "low", "high", "iqm"), float("nan"))}
    found = summary(scores)
    iqm = float(interquartile_mean(scores[:, np.newaxis]))
    return {"n": found.n, "mean": found.mean, "sd": found.sd, "low": found.low, "high": found.high, "iqm": iqm}


def pairs(cells: Sequence[Cell], reference: str | None) -> list[tuple[str, str]]:
    """Return the pairs of cells to compare, which differ in nothing but their rule: each with the reference, or all."""
    found = []
    for one, other in itertools.combinations(cells, 2):
        if one.labels["rule"] == other.labels["rule"] or _conditions(one) != _conditions(other):
            continue
        if reference is None or other.labels["rule"] == reference != one.labels["rule"]:
            found.append((one.name, other.name))
        elif one.labels["rule"] == reference:
            found.append((other.name, one.name))
    return found


def _conditions(cell: Cell) -> list[tuple[str, str]]:
    return [(dimension, label) for dimension, label in cell.labels.items() if dimension != "rule"]


def judge(runs: pd.DataFrame, compared: Iterable[tuple[str, str]], measure: str, alpha: float) -> tuple[list[Verdict], list[str]]:
    """Return a verdict on each pair of cells, corrected over all of them, and in sentences what was left out.

    Choice: a seed without a score in some cell is left out of every cell, and a cell without any score altogether, because the
    test pairs seeds and the correction is for comparisons that were made.
    """
    scores = runs.pivot(index="seed", columns="cell", values="score")
    empty = [cell for cell in scores if scores[cell].isna().all()]
    kept = [(first, second) for first, second in compared if first not in empty and second not in empty]
    used = scores[list(dict.fromkeys(itertools.chain.from_iterable(kept)))]
    paired = used.dropna()
    notes = [f"{cell} has no score, and so no verdict." for cell in empty]
    if len(paired) < len(used):
        notes.append(_left_out(used))
    if not kept or paired.empty:
        return [], notes
    found = verdicts({cell: paired[cell].to_numpy() for cell in paired}, measure.replace("_", " "), kept, alpha=alpha)
    too_few = too_few_seeds(len(paired), alpha, len(kept))
    return found, [*notes, *([f"{too_few[0].upper()}{too_few[1:]}"] if too_few else [])]


def _left_out(scores: pd.DataFrame) -> str:
    """Return the sentence that says which seeds no verdict counts, and because of whom."""
    lacking = scores[scores.isna().any(axis=1)]
    guilty = [cell for cell in lacking if lacking[cell].isna().any()]
    seeds = ", ".join(str(seed) for seed in lacking.index)
    return f"Verdicts leave out seed{'s' if len(lacking) > 1 else ''} {seeds}, in which {', '.join(guilty)} has no score."


def improvements(runs: pd.DataFrame, found: Sequence[Verdict]) -> list[float]:
    """Return for each verdict P(a run of the first is better than one of the second): has a lower score."""
    scores = {cell: own["score"].dropna().to_numpy() for cell, own in runs.groupby("cell")}
    better = (probability_of_improvement(-scores[each.first][:, None], -scores[each.second][:, None]) for each in found)
    return [float(each) for each in better]
