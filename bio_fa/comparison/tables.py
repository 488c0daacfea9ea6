"""Tables: the cells of a study as people read them, in plain text and LaTeX."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from bio_fa.analysis.verdict import Verdict

UNKNOWN = "–"


def shown(table: pd.DataFrame, verdicts: Sequence[Verdict] = (), improvements: Sequence[float] = ()) -> pd.DataFrame:
    """Return the table of cells in texts; columns in which nothing is known are left out.

    ``better`` and ``p (Holm)`` are those of the cell against the reference, where each cell is compared with one other only.
    """
    columns = {str(name): table[name].astype(str) for name in table.columns[: table.columns.get_loc("cell")]}
    columns["mean ± sd"] = _texts(_both(row.mean, "±", row.sd) for row in _rows(table, "mean", "sd"))
    columns["95 % interval"] = _texts(_both(row.low, "to", row.high) for row in _rows(table, "low", "high"))
    columns |= {"n": table["n"].astype(str), "IQM": table["iqm"].map(_number), "area": table["area"].map(_number)}
    if table["reached"].any():
        reached = _rows(table, "trials_to_threshold", "reached", "n")
        columns["trials to threshold"] = _texts(f"{_number(row.trials_to_threshold)} ({row.reached}/{row.n})" for row in reached)
    if table[["diverged", "stopped", "missing"]].to_numpy().any():
        columns["no score"] = _texts(_ill(row) for row in _rows(table, "diverged", "stopped", "missing"))
    columns |= _against_reference(table, verdicts, improvements)
    columns["seconds"] = table["seconds"].map(_number)
    return pd.DataFrame({name: list(values) for name, values in columns.items()})


def _rows(table: pd.DataFrame, *columns: str) -> list:  # type: ignore[type-arg]
    return list(table[list(columns)].itertuples(index=False))


def _texts(values: object) -> pd.Series:
    return pd.Series(list(values), dtype=str)  # type: ignore[call-overload]


def _number(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else UNKNOWN


def _both(one: float, between: str, other: float) -> str:
    """Return two numbers, or the first alone where there is no second."""
    return f"{_number(one)} {between} {_number(other)}" if math.isfinite(other) else _number(one)


def _ill(row: object) -> str:
    counts = {name: getattr(row, name) for name in ("diverged", "stopped", "missing")}
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count)


def _against_reference(table: pd.DataFrame, verdicts: Sequence[Verdict], improvements: Sequence[float]) -> dict[str, list[str]]:
    judged = {each.first: (each, better) for each, better in zip(verdicts, improvements, strict=True)}
    if len(judged) < len(verdicts) or not verdicts:
        return {}
    found = [judged.get(cell) for cell in table["cell"]]
    return {
        "better": [UNKNOWN if each is None else f"{each[1]:.2f}" for each in found],
        "p (Holm)": [UNKNOWN if each is None else f"{each[0].p_holm:.2g}" for each in found],
    }


def text(table: pd.DataFrame) -> str:
    """Return a table of texts in aligned columns."""
    widths = {name: max([len(name), *map(len, table[name])]) for name in table}
    return "\n".join(_aligned(line, list(widths.values())) for line in (table.columns, *table.itertuples(index=False)))


def _aligned(words: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(word.ljust(width) for word, width in zip(words, widths, strict=True)).rstrip()


def latex(table: pd.DataFrame) -> str:
    """Return a table of texts for LaTeX with the package booktabs."""
    return str(table.to_latex(index=False, escape=True))
