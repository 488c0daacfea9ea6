"""Plan: which runs a study consists of, where each lies, and which combinations are refused, before anything runs.

The folder of a run is named after the hash of its effective configuration: whatever key changes, it is another run, and a run
that is there already is never repeated.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bio_fa import backends
from bio_fa.comparison.cells import Cell, Study, merged
from bio_fa.comparison.job import Job
from bio_fa.comparison.standing import Standing, standing
from bio_fa.config import Config, understand
from bio_fa.errors import BioFAError
from bio_fa.experiment import Experiment

RUNS = "runs"
"""The folder of a study's runs, in the study's own."""


@dataclass(frozen=True)
class PlannedRun:
    """One seed of a cell, and its job."""

    cell: Cell
    seed: int
    job: Job

    @property
    def place(self) -> Path:
        """Its folder."""
        return Path(self.job.place)

    @property
    def name(self) -> str:
        """How people are told of it."""
        return f"{self.cell.name}, seed {self.seed}"

    def standing(self) -> Standing:
        """Return how it stands now."""
        return standing(self.place)

    def experiment(self) -> Experiment:
        """Return what it runs.

        Raises:
            BioFAError: when it would not run.
        """
        beside = Path(self.job.beside)
        return understand(self.job.table, beside).experiment(beside)


@dataclass(frozen=True)
class Refusal:
    """A cell that cannot be described or run, and why."""

    cell: Cell
    reason: str


@dataclass(frozen=True)
class Plan:
    """The runs of a study in order, seed by seed, and the cells that are refused."""

    runs: tuple[PlannedRun, ...]
    refused: tuple[Refusal, ...] = ()

    def left(self) -> tuple[PlannedRun, ...]:
        """Return the runs that are not over."""
        return tuple(each for each in self.runs if not each.standing().over)


def plan(study: Study, output: Path) -> Plan:
    """Return the plan of a study whose folder is ``output``; nothing is written.

    A cell is refused that cannot be described or run. That is asked of its first seed, unless all of its runs are over.
    """
    planned, refused = [], []
    for cell in study.cells:
        try:
            planned.append(_runs(cell, study, output))
        except BioFAError as error:
            refused.append(Refusal(cell, str(error)))
    seed_by_seed = tuple(run for runs in zip(*planned, strict=True) for run in runs)
    return Plan(seed_by_seed, tuple(refused))


def _runs(cell: Cell, study: Study, output: Path) -> tuple[PlannedRun, ...]:
    config = understand(_alone({**cell.table, "name": cell.slug}), study.beside)
    runs = tuple(_run(cell, replace(config, seed=seed), study.beside, output) for seed in study.seeds)
    if not all(each.standing().over for each in runs):
        runs[0].experiment().dataset()
    return runs


def _run(cell: Cell, config: Config, beside: Path, output: Path) -> PlannedRun:
    place = output / RUNS / f"{cell.slug}-{config.seed}-{digest(config, beside)[:8]}"
    table = _alone({**cell.table, "name": config.name, "seed": config.seed})
    return PlannedRun(cell, config.seed, Job(table, str(beside.absolute()), str(place.absolute())))


def digest(config: Config, beside: Path) -> str:
    """Return the SHA-256 of an effective configuration and of the Python files that it names, hexadecimal."""
    texts = sorted(config.texts(beside).items())
    return hashlib.sha256("\0".join(part for text in texts for part in text).encode()).hexdigest()


def _alone(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration that computes on one thread, unless it says on how many.

    Choice: several runs at once fill the cores better than several threads of each, and the sum of the same numbers in as many
    parts is the same number.
    """
    machine = table.get("backend", {})
    kind = machine.get("kind", "torch_rate") if isinstance(machine, Mapping) else ""
    threaded = isinstance(kind, str) and kind in backends.NAMES and hasattr(backends.get(kind), "threads")
    return merged({"backend": {"threads": 1}}, table) if threaded else dict(table)
