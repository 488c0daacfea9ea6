"""Overview: how the runs of a plan stand, cell by cell, before they are carried out."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from bio_fa.comparison import tables
from bio_fa.comparison.plan import Plan
from bio_fa.comparison.standing import FAILED, FINISHED, TO_DO, UNFINISHED

COLUMNS = (FINISHED, "diverged", "stopped", UNFINISHED, FAILED, TO_DO)


def overview(planned: Plan) -> str:
    """Return a table of how many runs of each cell stand how, their sums, and which cells are refused, with the reason."""
    counts: dict[str, Counter[str]] = {}
    for run in planned.runs:
        counts.setdefault(run.cell.name, Counter())[run.standing().status] += 1
    total = sum(counts.values(), Counter[str]())
    used = [column for column in COLUMNS if total[column]]
    rows = [[name, *(str(count[column]) for column in used)] for name, count in {**counts, "all": total}.items()]
    refused = [f"Refused: {each.cell.name}: {each.reason}" for each in planned.refused]
    return "\n".join([tables.text(pd.DataFrame(rows, columns=["", *used])), *refused])
