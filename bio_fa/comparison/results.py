"""Results: what a study found, as tables, sentences and files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from bio_fa.analysis.verdict import Verdict
from bio_fa.comparison import tables
from bio_fa.comparison.plan import Refusal
from bio_fa.comparison.report.notebook import notebook
from bio_fa.comparison.report.scoreboard import scoreboard
from bio_fa.io.commit import write_text
from bio_fa.io.plain import write_json


@dataclass(frozen=True, eq=False)
class Results:
    """What a study found; a notebook shows it as a table with the points of its seeds.

    Attributes:
        study: what was asked: the description of the comparison or sweep, as plain values.
        table: one row a cell: mean, sd, n and interval of its scores, and what else they come to.
        runs: one row a run, with its score and its folder.
        verdicts: what paired seeds say of each planned pair of cells.
        improvements: of each verdict, the probability that a run of the first is better than one of the second.
        refused: the combinations that cannot run, with the reason.
        failed: why runs were given up, by their folder.
        notes: what must be known to read the table, a sentence each.
    """

    study: Mapping[str, Any]
    table: pd.DataFrame
    runs: pd.DataFrame
    verdicts: tuple[Verdict, ...] = ()
    improvements: tuple[float, ...] = ()
    refused: tuple[Refusal, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def shown(self) -> pd.DataFrame:
        """The table as people read it, all texts."""
        return tables.shown(self.table, self.verdicts, self.improvements)

    @property
    def sentences(self) -> list[str]:
        """The verdicts, what was refused or failed, and the notes."""
        refused = [f"Refused: {each.cell.name}: {each.reason}" for each in self.refused]
        failed = [f"Failed: {Path(place).name}: {reason}" for place, reason in self.failed.items()]
        return [*(each.sentence for each in self.verdicts), *refused, *failed, *self.notes]

    def text(self) -> str:
        """Return table and sentences as plain text."""
        return "\n".join([tables.text(self.shown), "", *self.sentences]) + "\n"

    def _repr_html_(self) -> str:
        measure = str(self.study.get("measure", "score"))
        return notebook(scoreboard(self.table, self.runs, measure, self.verdicts, self.improvements), self.sentences)

    def to_table(self) -> dict[str, Any]:
        """Return everything as plain values: what ``summary.json`` holds."""
        paired = zip(self.verdicts, self.improvements, strict=True)
        judged = [{**asdict(each), "improvement": better, "sentence": each.sentence} for each, better in paired]
        return {
            "study": dict(self.study),
            "cells": self.table.to_dict("records"),
            "verdicts": judged,
            "runs": self.runs.to_dict("records"),
            "refused": [{**each.cell.labels, "reason": each.reason} for each in self.refused],
            "failed": {Path(place).name: reason for place, reason in self.failed.items()},
            "notes": list(self.notes),
        }

    def write(self, folder: Path) -> None:
        """Leave ``summary.json``, ``table.csv``, ``table.tex`` and ``table.txt`` in a folder.

        Raises:
            RecordError: when the disk refuses.
        """
        write_json(folder / "summary.json", self.to_table())
        write_text(folder / "table.csv", self.table.to_csv(index=False))
        write_text(folder / "table.tex", tables.latex(self.shown))
        write_text(folder / "table.txt", self.text())
