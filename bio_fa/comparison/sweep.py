"""Sweep: many settings of one experiment, several seeds of each. It reports them all, and on which trials they were judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from bio_fa.comparison.board import Board
from bio_fa.comparison.carrying_out import carry_out
from bio_fa.comparison.cells import Cell, Study, merged
from bio_fa.comparison.comparing import planned_runs
from bio_fa.comparison.comparison import Measure
from bio_fa.comparison.engines import Engine, Local
from bio_fa.comparison.judgement import cell_table
from bio_fa.comparison.plan import Plan
from bio_fa.comparison.results import Results
from bio_fa.comparison.scores import scores
from bio_fa.comparison.search import Search, Setting
from bio_fa.comparison.space import Dimension, as_table, drawn, grid
from bio_fa.config import read_toml
from bio_fa.errors import ConfigError

HELD_OUT = 0.2
"""The share of training trials on which settings are judged, where the configuration does not say.

Choice: the test set is for what was chosen without it."""


@dataclass(frozen=True)
class Sweep:
    """Which settings of a configuration are tried.

    Attributes:
        config: the TOML file of the experiment.
        grid: keys of which every combination of values is tried.
        random: keys that are drawn ``count`` times, for each combination.
        count: how many settings are drawn, or searched for.
        search: whether they are not drawn but chosen by Optuna after what was found before.
        seeds: how many seeds each setting has.
        overrides: keys in which every run differs from the configuration, as nested tables.
    """

    config: Path
    grid: Sequence[Dimension] = ()
    random: Sequence[Dimension] = ()
    count: int = 10
    search: bool = False
    seeds: int = 3
    measure: Measure = "test_error"
    overrides: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.grid and not self.random:
            raise ConfigError("sweep: no key is varied; give --grid key=a,b,c or --random key=low:high.")
        decided = {each.key for each in (*self.grid, *self.random)} & {"name", "seed"}
        if decided:
            raise ConfigError(f"sweep: {decided.pop()} is no setting to vary; leave it out, and give --seeds for more seeds.")
        if self.seeds < 1 or self.count < 1:
            raise ConfigError(f"sweep: {self.count} settings with {self.seeds} seeds came; give at least 1 of each.")
        if self.search and (self.grid or not self.random):
            raise ConfigError("sweep: a search takes keys of --random alone; give them there, and leave --grid out.")

    @property
    def base(self) -> dict[str, Any]:
        """The configuration that all runs share.

        Raises:
            ConfigError: when it cannot be read.
        """
        held_out = {"task": {"validation": HELD_OUT}}
        return merged(held_out, merged(read_toml(self.config), self.overrides))

    def study(self, settings: Sequence[Mapping[str, str]]) -> Study:
        """Return the study of these settings."""
        base = self.base
        distinct = {tuple(each.items()): each for each in settings}.values()
        cells = tuple(Cell(each, merged(base, as_table(each))) for each in distinct)
        return Study(str(base.get("name", "sweep")), cells, tuple(range(1, self.seeds + 1)), self.config.parent)

    def settings(self) -> list[dict[str, str]]:
        """Return what is tried, unless it is searched for."""
        points = grid(self.grid) if self.grid else [{}]
        others = drawn(self.random, self.count, 0) if self.random else [{}]
        return [point | other for point in points for other in others]

    def results(self, planned: Plan, output: Path, failed: Mapping[str, str]) -> Results:
        """Return what the runs found, in the order in which the settings were tried."""
        runs = scores(planned, self.measure, None, output)
        table = cell_table(runs, list(planned.runs[0].cell.labels))
        asked = {"config": self.config.name, "seeds": self.seeds, "measure": self.measure, "settings": len(table)}
        notes = tuple(self._notes(table["mean"].notna().sum()))
        return Results(asked, table, runs, refused=planned.refused, failed=failed, notes=notes)

    def _notes(self, tried: int) -> Iterator[str]:
        held_out = self.base["task"].get("validation", 0)
        judged = f"{self.measure.replace('_', ' ')} of {tried} settings, {self.seeds} seeds each"
        if self.measure.startswith("train"):
            yield f"The {judged}, is that of the trials that were learned; it says nothing of others."
        elif held_out:
            share = f"{100 * held_out:g} % of the training trials, which were held out"
            yield f"The {judged}, is that of {share}; the test set was not looked at."
        else:
            yield f"Warning: the {judged}, is that of the test set; what is chosen by it must be tested on other trials."
        yield "The lowest of several means is lower than that setting's own by chance; run the chosen one with new seeds."


def sweep(asked: Sweep, output: Path, engine: Engine | None = None, console: Console | None = None) -> Results:
    """Run what a sweep lacks in the folder ``output``, write its results there, and return them.

    Raises:
        ConfigError: for a configuration or keys that are not understood, and when every setting is refused.
        RecordError: when another process works on the same folder, or it cannot be written.
        BackendError: when a search needs Optuna and it is not installed.
    """
    carrying = _Carrying(asked, output, engine or Local(), console or Console(quiet=True))
    settings = carrying.searched() if asked.search else asked.settings()
    planned = carrying.out(settings)
    results = asked.results(planned, output, carrying.failed)
    results.write(output)
    return results


@dataclass
class _Carrying:
    """A sweep that is being carried out, some settings at a time."""

    asked: Sweep
    output: Path
    engine: Engine
    console: Console
    failed: dict[str, str] = field(default_factory=dict)

    def out(self, settings: Sequence[Mapping[str, str]]) -> Plan:
        """Run what these settings lack."""
        planned = planned_runs(self.asked.study(settings), self.output)
        self.failed |= carry_out(planned, self.engine, self.output, Board(self.console, planned))
        return planned

    def searched(self) -> list[Setting]:
        """Return the settings that a search tried."""
        asked = self.asked
        question = f"{asked.base} {asked.seeds} {asked.measure}"
        return Search(asked.random, asked.count, self.engine.at_once, question).settings(self.output, self._judge)

    def _judge(self, settings: Sequence[Setting]) -> dict[int, float]:
        """Return the mean score of each setting that has one, by its place."""
        table = self.asked.results(self.out(settings), self.output, {}).table.set_index("cell")["mean"].dropna()
        names = {place: Cell(each, {}).name for place, each in enumerate(settings)}
        return {place: float(table[name]) for place, name in names.items() if name in table}
