"""Conditions: under which constraints and on which tasks the rules of a study were compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bio_fa.comparison.report.findings import Findings


@dataclass(frozen=True)
class Condition:
    """Cells that differ in nothing but their rule.

    Attributes:
        key: its name on the page.
        name: its labels; empty where there is one condition only.
        cells: the cell of each rule; a rule that was refused here has none.
    """

    key: str
    name: str
    cells: Mapping[str, str]

    def of(self, found: Sequence[Findings], rules: Sequence[str]) -> dict[str, list[Findings]]:
        """Return what is known of the runs of every rule, in the order of ``rules``; none where it was refused."""
        return {rule: [each for each in found if each.cell == self.cells.get(rule)] for rule in rules}


def dimensions(table: pd.DataFrame) -> list[str]:
    """Return what the cells of a study differ in: the columns before ``cell``."""
    return [str(each) for each in table.columns[: table.columns.get_loc("cell")]]


def rules(table: pd.DataFrame) -> list[str]:
    """Return the rules in their order; of a study without rules its cells."""
    return list(dict.fromkeys(_rule(row) for row in table.to_dict("records")))


def rule_of(table: pd.DataFrame) -> dict[str, str]:
    """Return the rule of each cell."""
    return {str(row["cell"]): _rule(row) for row in table.to_dict("records")}


def conditions(table: pd.DataFrame) -> list[Condition]:
    """Return the conditions of a study in the order of its table."""
    others = [each for each in dimensions(table) if each != "rule"] if "rule" in table else []
    found: dict[str, dict[str, str]] = {}
    for row in table.to_dict("records"):
        found.setdefault(", ".join(str(row[each]) for each in others), {})[_rule(row)] = str(row["cell"])
    return [Condition(f"condition-{place}", name, cells) for place, (name, cells) in enumerate(found.items())]


def _rule(row: Mapping[str, Any]) -> str:
    return str(row.get("rule", row["cell"]))
