"""Findings: what the folder of each run tells the report, looked up once and remembered beside the runs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bio_fa.analysis.inspection import inspect_run
from bio_fa.circuit import Circuit
from bio_fa.errors import BioFAError
from bio_fa.io.commit import make_folder
from bio_fa.io.plain import from_toml, plain, read_bytes, read_json, write_json
from bio_fa.io.run_folder import RunFolder

MEMORY = "findings"
"""The folder, beside that of the runs, in which they are remembered."""

FORM = 1
"""Raised when a measure comes to mean something else, so that every run is looked up again."""
INSPECTED = ("status", "message", "input", "audit", "liveness", "alignment", "spiking", "provenance", "reasons")
SCORED = ("epoch", "trial", "train_loss", "train_error", "test_loss", "test_error", "update_alignment")


@dataclass(frozen=True)
class Findings:
    """What is known of one run.

    Attributes:
        run: its row in the table of runs.
        inspection: what ``inspect_run`` told of it; empty where it cannot be read.
        lines: its scores and the angles of its updates, evaluation by evaluation.
        rule: the kind of its learning rule; None: it learns by a circuit of its own.
        reason: why nothing is known.
    """

    run: Mapping[str, Any]
    inspection: Mapping[str, Any]
    lines: Sequence[Mapping[str, Any]]
    rule: str | None
    reason: str = ""

    @property
    def cell(self) -> str:
        """The cell of the run."""
        return str(self.run["cell"])

    @property
    def scored(self) -> bool:
        """Whether the run has a score."""
        return bool(pd.notna(self.run["score"]))

    def part(self, name: str) -> Any:
        """Return a part of the inspection, empty where it is not known."""
        return self.inspection.get(name) or {}


def findings(runs: pd.DataFrame, folder: Path) -> list[Findings]:
    """Return what is known of each run of a study; what was looked up before is not looked up again.

    Raises:
        RecordError: when the disk refuses what is to be remembered.
    """
    return [_found(row, folder) for row in runs.to_dict("records")]


def circuit(folder: Path) -> Circuit:
    """Return the circuit of the run in a folder.

    Raises:
        BioFAError: when it cannot be read, or describes none.
    """
    return Circuit.from_table(read_json(RunFolder(folder).circuit))


def _found(run: Mapping[str, Any], folder: Path) -> Findings:
    place = folder / str(run["folder"])
    try:
        table = _remembered(place, folder / MEMORY / f"{place.name}.json")
    except BioFAError as error:
        return Findings(run, {}, [], None, str(error).replace(f"{folder}/", ""))
    return Findings(run, table["inspection"], table["lines"], table["rule"])


def _remembered(place: Path, memory: Path) -> dict[str, Any]:
    """Return what is known of a run that ended, from memory if its manifest is the same, and otherwise from its files."""
    key = _mark(RunFolder(place))
    if key and memory.exists():
        before = read_json(memory)
        if before.get("key") == key:
            return dict(before)
    table = {"key": key, **_look_up(place)}
    if key:
        make_folder(memory.parent)
        write_json(memory, table)
    return table


def _mark(folder: RunFolder) -> str:
    """Return what changes when a run's files or what is asked of it do; nothing for a run that has not ended."""
    manifest = folder.path / "manifest.json"
    asked = repr((FORM, INSPECTED, SCORED)).encode()
    return hashlib.sha256(read_bytes(manifest) + asked).hexdigest() if manifest.exists() else ""


def _look_up(place: Path) -> dict[str, Any]:
    folder, inspection = RunFolder(place), inspect_run(place)
    lines = _or([], folder.read_metrics) if folder.metrics.exists() else []
    return {
        "inspection": {each: inspection[each] for each in INSPECTED},
        "lines": plain([{key: line[key] for key in SCORED if line.get(key) is not None} for line in lines]),
        "rule": _or(None, lambda: _rule(folder)),
    }


def _rule(folder: RunFolder) -> str | None:
    try:
        rule = from_toml(read_bytes(folder.config)).get("rule")
    except ValueError:
        return None
    return str(rule["kind"]) if isinstance(rule, dict) and "kind" in rule else None


def _or(otherwise: Any, read: Callable[[], Any]) -> Any:
    try:
        return read()
    except BioFAError:
        return otherwise
