"""Comparing: a comparison from its description to its results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from bio_fa.comparison.beginnings import differing
from bio_fa.comparison.board import Board
from bio_fa.comparison.carrying_out import carry_out
from bio_fa.comparison.cells import Study, study_of
from bio_fa.comparison.comparison import Comparison, read_comparison
from bio_fa.comparison.engines import Engine
from bio_fa.comparison.judgement import cell_table, improvements, judge, pairs
from bio_fa.comparison.plan import Plan, plan
from bio_fa.comparison.report.origin import command
from bio_fa.comparison.report.writing import write_report
from bio_fa.comparison.results import Results
from bio_fa.comparison.scores import scores
from bio_fa.errors import ConfigError
from bio_fa.io.plain import read_json


def compare(
    comparison: Comparison | Path | str,
    output: Path | str | None = None,
    *,
    engine: Engine | None = None,
    overrides: Mapping[str, Any] | None = None,
    console: Console | None = None,
) -> Results:
    """Run what a comparison lacks, write its results and their report into its folder, and return them.

    Args:
        comparison: its description, or the TOML file of one.
        output: its folder; ``runs/<name>`` without it. Runs that it holds already are not repeated, those that were interrupted
            go on from their last checkpoint.
        engine: where runs are computed; None: as the comparison says.
        overrides: keys in which every run differs from the base, as nested tables.
        console: where progress is shown; None: nowhere.

    Raises:
        ConfigError: for a description that is not understood, and when every combination is refused.
        RecordError: when another process works on the same folder, or it cannot be written.
    """
    described, beside = opened(comparison)
    study = study_of(described, beside, overrides)
    place = Path(output) if output is not None else Path("runs") / described.name
    planned = planned_runs(study, place)
    failed = carry_out(planned, engine or described.engine, place, Board(console or Console(quiet=True), planned))
    results = judged(described, planned, place, failed)
    results.write(place)
    file = None if isinstance(comparison, Comparison) else Path(comparison)
    write_report(results, place, command(file, place, overrides))
    return results


def opened(comparison: Comparison | Path | str) -> tuple[Comparison, Path]:
    """Return a description and the folder of its relative files; of one that comes from no file the working folder."""
    if isinstance(comparison, Comparison):
        return comparison, Path()
    return read_comparison(Path(comparison)), Path(comparison).parent


def planned_runs(study: Study, output: Path) -> Plan:
    """Return the plan of a study of which something can run.

    Raises:
        ConfigError: when every cell is refused.
    """
    planned = plan(study, output)
    if not planned.runs:
        reasons = "; ".join(f"{each.cell.name}: {each.reason.rstrip('.')}" for each in planned.refused)
        raise ConfigError(f"{study.name}: every combination is refused ({reasons}); change its settings.")
    return planned


def judged(comparison: Comparison, planned: Plan, output: Path, failed: Mapping[str, str]) -> Results:
    """Return the results of a comparison whose runs are over."""
    runs = scores(planned, comparison.measure, comparison.threshold, output)
    cells = list({each.cell.name: each.cell for each in planned.runs}.values())
    found, notes = judge(runs, pairs(cells, comparison.reference), comparison.measure, comparison.alpha)
    return Results(
        study=comparison.to_table(),
        table=cell_table(runs, list(cells[0].labels)),
        runs=runs,
        verdicts=tuple(found),
        improvements=tuple(improvements(runs, found)),
        refused=planned.refused,
        failed=failed,
        notes=(*notes, *differing(planned.runs), *_versions(runs, output), *_budget(comparison)),
    )


def _versions(runs: pd.DataFrame, output: Path) -> Iterator[str]:
    """Yield a sentence if runs were made by different versions of the library or of its sources."""
    told = [read_json(output / folder / "run.json")["provenance"] for folder in runs["folder"][runs["score"].notna()]]
    versions = sorted({f"{each['bio_fa']} ({each.get('commit') or 'no commit'})" for each in told})
    if len(versions) > 1:
        yield f"Runs were made by different versions: {', '.join(versions)}; remove the older ones to repeat them."


def _budget(comparison: Comparison) -> Iterator[str]:
    yield f"Settings: {comparison.budget}" if comparison.budget else "Nothing is said of how each rule's settings were chosen."
