"""Comparison: which learning rules are compared, under which constraints, on which tasks, with which seeds. Data only."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from bio_fa.comparison.engines import Engine, Local
from bio_fa.config import read_toml
from bio_fa.description import Description
from bio_fa.errors import BioFAError, ConfigError, nearest

NAME = re.compile(r"\w[\w .+-]{0,59}")
"""What a rule, a constraint set or a task of a comparison may be called: it becomes part of a folder's name."""

Measure = Literal["test_error", "test_loss", "train_error", "train_loss"]
"""By what runs are judged, after their last epoch; of each, less is better."""


@dataclass(frozen=True)
class Comparison(Description):
    """Every rule under every set of constraints on every task, with the same seeds.

    Runs of one seed see the same trials in the same order and start with the same forward synapses, so that seeds pair them.
    """

    name: str
    base: str | dict  # type: ignore[type-arg]
    """What all runs share: the keys of a configuration, or the path of such a file, beside this one."""
    rules: tuple[str, ...] | dict  # type: ignore[type-arg]
    """Learning rules by name, with the keys in which each differs from the base; a name without a ``rule`` is the kind of one."""
    constraints: dict = field(default_factory=dict)  # type: ignore[type-arg]
    """Sets of constraints by name, likewise, such as ``cortical = { circuit.kind = "cortical_network" }``; none: the base's."""
    tasks: dict = field(default_factory=dict)  # type: ignore[type-arg]
    """Tasks by name, likewise; none: the base's."""
    seeds: int | tuple[int, ...] = 6
    """The seeds themselves, or how many: 1, 2 and so on."""
    reference: str | None = None
    """The rule with which every other is compared, decided before the runs; None: all pairs are."""
    measure: Measure = "test_error"
    threshold: float | None = None
    """The value of the measure to which the trials are counted; None: they are not."""
    alpha: float = 0.05
    """The share of comparisons without a difference in which one may be claimed."""
    question: str = ""
    """What it asks, in a sentence or two, which the report repeats."""
    budget: str = ""
    """How the settings of each rule were chosen, in a sentence, which the results repeat."""
    engine: Engine = field(default_factory=Local)

    def validate(self) -> None:
        """Refuse names that are no part of a folder's name, seeds that come twice, and a reference that is not compared."""
        self.require(NAME.fullmatch(self.name) is not None, "name", "1 to 60 letters, digits, spaces or '_.+-', a letter first")
        for what in ("rules", "constraints", "tasks"):
            self._require_entries(what)
        self.require(len(self.rules) >= 1, "rules", "at least one")
        seeds = self.seed_list
        self.require(bool(seeds) and min(seeds, default=0) >= 0, "seeds", "at least one, none below 0")
        self.require(len(set(seeds)) == len(seeds), "seeds", "each seed once")
        self.require(0 < self.alpha < 1, "alpha", "a share between 0 and 1")
        if self.reference is not None and self.reference not in self.rules:
            known = nearest(self.reference, self.rules)
            raise ConfigError(f"{self.title()}: the reference {self.reference!r} is not compared; {known}")

    def _require_entries(self, what: str) -> None:
        entries = getattr(self, what)
        named = all(isinstance(name, str) and NAME.fullmatch(name) for name in entries) and len(set(entries)) == len(entries)
        tables = not isinstance(entries, dict) or all(isinstance(each, dict) for each in entries.values())
        self.require(named and tables, what, "names, each once, of 1 to 60 letters, digits, spaces or '_.+-', with tables of keys")

    @property
    def seed_list(self) -> tuple[int, ...]:
        """The seeds."""
        return tuple(range(1, self.seeds + 1)) if isinstance(self.seeds, int) else self.seeds

    @property
    def rule_tables(self) -> dict[str, dict[str, Any]]:
        """In which keys each rule differs from the base, by name."""
        return dict(self.rules) if isinstance(self.rules, dict) else {name: {} for name in self.rules}

    def base_table(self, beside: Path) -> tuple[dict[str, Any], Path]:
        """Return the base's keys and the folder of relative files; ``beside``: that of the comparison.

        Raises:
            ConfigError: when the base's file cannot be read.
        """
        if isinstance(self.base, dict):
            return self.base, beside
        path = beside / self.base
        return read_toml(path), path.parent


def read_comparison(path: Path) -> Comparison:
    """Return the comparison that a TOML file describes.

    Raises:
        ConfigError: for a file that is missing or no TOML, and for what no comparison has.
    """
    try:
        return Comparison.from_table(read_toml(path))
    except ConfigError:
        raise
    except BioFAError as error:
        raise ConfigError(f"{path}: {error}") from error
