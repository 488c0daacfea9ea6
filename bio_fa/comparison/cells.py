"""Cells: the combinations of which a study consists, each with the configuration that its seeds share."""

from __future__ import annotations

import copy
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bio_fa.comparison.comparison import Comparison
from bio_fa.errors import ConfigError, nearest
from bio_fa.modules import load_module
from bio_fa.rules import LearningRule

LONGEST = 80
"""Letters of a cell in a folder's name."""


@dataclass(frozen=True)
class Cell:
    """One combination: what it is called along each dimension of the study, and its configuration, less name and seed."""

    labels: Mapping[str, str]
    table: Mapping[str, Any]

    @property
    def name(self) -> str:
        """How tables call it."""
        return ", ".join(self._said("="))

    @property
    def slug(self) -> str:
        """How folders call it."""
        return re.sub(r"[^\w.+-]+", "_", "-".join(self._said("_"))).strip("_.+-")[:LONGEST] or "cell"

    def _said(self, between: str) -> Iterator[str]:
        """Yield the labels; before that of a key within a section stands the key."""
        for dimension, label in self.labels.items():
            section, _, key = dimension.rpartition(".")
            yield f"{key}{between}{label}" if section else label


@dataclass(frozen=True)
class Study:
    """Cells and the seeds that each of them has; relative files of their configurations are looked up in ``beside``."""

    name: str
    cells: tuple[Cell, ...]
    seeds: tuple[int, ...]
    beside: Path


def study_of(comparison: Comparison, beside: Path, overrides: Mapping[str, Any] | None = None) -> Study:
    """Return the cells of a comparison that lies in ``beside``; ``overrides`` are keys in which all of them differ.

    Raises:
        ConfigError: for a base that cannot be read, and for a rule that is neither a kind nor a set of keys.
    """
    base, folder = comparison.base_table(beside)
    base = merged(base, overrides or {})
    _load_own(base, folder)
    cells = tuple(_cells(comparison, base))
    return Study(comparison.name, cells, comparison.seed_list, folder)


def _load_own(base: Mapping[str, Any], folder: Path) -> None:
    """Run the Python files of the base, whose rules then have kinds."""
    files = base.get("rules")
    for file in files if isinstance(files, list) else []:
        load_module(folder / str(file))


def _cells(comparison: Comparison, base: Mapping[str, Any]) -> Iterator[Cell]:
    tasks, constraints = comparison.tasks or {"": {}}, comparison.constraints or {"": {}}
    for (task, on), (held, under), (rule, by) in itertools.product(
        tasks.items(), constraints.items(), comparison.rule_tables.items()
    ):
        labels = {"rule": rule, "constraints": held, "task": task}
        table = merged(merged(merged(base, on), under), _with_kind(rule, by))
        yield Cell({dimension: label for dimension, label in labels.items() if label}, table)


def _with_kind(name: str, table: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the keys of a rule with the learning rule that its name means, where they name none."""
    kinds = LearningRule.kinds()
    if "rule" in table or (table and name not in kinds):
        return table
    if name not in kinds:
        raise ConfigError(f"rules: {name!r} is no learning rule and differs in no key; {nearest(name, kinds)}")
    return {**table, "rule": {"kind": name}}


def merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table with the keys of another on top, section by section; nothing is shared with either.

    Choice: a learning rule replaces another of a different kind whole, because a wiring of the one says nothing of the other.
    """
    table = copy.deepcopy(dict(one))
    for key, value in other.items():
        within = isinstance(value, Mapping) and not _another_rule(key, table.get(key), value)
        table[key] = merged(table[key], value) if within and isinstance(table.get(key), Mapping) else copy.deepcopy(value)
    return table


def _another_rule(key: str, before: object, value: Mapping[str, Any]) -> bool:
    return key == "rule" and isinstance(before, Mapping) and before.get("kind") != value.get("kind", before.get("kind"))
