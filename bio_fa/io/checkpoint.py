"""Checkpoints: ``checkpoints/step-00000012/``, from each of which a run goes on as if it had never stopped.

``state.safetensors`` holds every array, ``state.json`` everything else: numbers, random streams, where the run is, which
segments of the record belong to it, the effective configuration, versions, and the SHA-256 of all of these. A folder appears
whole or not at all; the last two are kept, and ``checkpoints/latest`` names the newest.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict, final

import safetensors.numpy
from safetensors import SafetensorError

from bio_fa.description import misfits
from bio_fa.errors import RecordError, SchemaError
from bio_fa.io.commit import make_folder, remove_folder, write_folder, write_text, writing
from bio_fa.io.digest import sha256
from bio_fa.io.plain import read_json
from bio_fa.io.segments import Segments
from bio_fa.io.tree import put_together, take_apart

SCHEMA = 1
"""The layout of a checkpoint that is written and understood."""
KEPT = 2
"""Choice: two, so that there is one to go back to where the newest is damaged."""
ARRAYS, STATE, LATEST = "state.safetensors", "state.json", "latest"
_STEP = re.compile(r"step-\d{8,}")


@final
@dataclass(frozen=True)
class Checkpoint:
    """What a run needs to go on."""

    state: Any
    """Plain values, arrays and random streams, nested."""
    config: Mapping[str, Any]
    """The effective configuration, or the experiment where there was none."""
    segments: Mapping[str, str]
    """The SHA-256 of every segment of the record that belongs to it, by file name."""
    metrics: int
    """How many bytes of the metrics belong to it."""
    versions: Mapping[str, str]
    """With what it was made."""


@final
@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints in a folder."""

    path: Path

    def steps(self) -> list[Path]:
        """Return the folders, oldest first."""
        found = [each for each in self.path.glob("step-*") if _STEP.fullmatch(each.name)]
        return sorted(found, key=lambda each: int(each.name.removeprefix("step-")))

    def write(self, step: int, checkpoint: Checkpoint) -> None:
        """Commit a checkpoint, and remove those before the last one.

        Raises:
            RecordError: when the disk refuses; those before stay.
        """
        values, arrays = take_apart(checkpoint.state)
        held = safetensors.numpy.save(arrays)
        table = {
            "schema": SCHEMA,
            "step": step,
            "versions": dict(checkpoint.versions),
            "config": dict(checkpoint.config),
            "config_sha256": _digest(checkpoint.config),
            "segments": dict(checkpoint.segments),
            "metrics": checkpoint.metrics,
            "state": values,
            "arrays_sha256": hashlib.sha256(held).hexdigest(),
        }
        table["sha256"] = _digest(table)
        with writing(self.path):
            make_folder(self.path)
        path = self.path / f"step-{step:08d}"
        write_folder(path, {ARRAYS: held, STATE: json.dumps(table).encode()})
        write_text(self.path / LATEST, path.name + "\n")
        with writing(self.path):
            for old in self.steps()[:-KEPT]:
                remove_folder(old)

    def newest(self, segments: Segments) -> Checkpoint | None:
        """Return the newest checkpoint that is whole, with its ``segments``, and remove any after it; None: there is none.

        Raises:
            RecordError: when none is whole, or it was written by another version of bio_fa that laid it out otherwise.
        """
        reasons: list[str] = []
        for path in reversed(self.steps()):
            try:
                table = intact(path, segments)
            except RecordError as error:
                reasons.append(str(error))
                continue
            checkpoint = loaded(path, table)
            self._give_up(reasons, path)
            return checkpoint
        if reasons:
            remedy = "restore a copy, or run anew with --overwrite"
            raise RecordError(f"{self.path} holds no checkpoint to go on from ({reasons[0]}); {remedy}.")
        return None

    def _give_up(self, reasons: list[str], whole: Path) -> None:
        """Remove the damaged checkpoints after the one that is whole, with a warning each."""
        for damaged, reason in zip(reversed(self.steps()), reasons, strict=False):
            warnings.warn(f"{reason}; the run goes on from {whole.name}.", stacklevel=3)
            remove_folder(damaged)

    def clear(self) -> None:
        """Remove all checkpoints, and the folder if nothing else is in it."""
        for each in self.steps():
            remove_folder(each)
        for each in self.path.glob(".step-*.part"):
            shutil.rmtree(each)
        for name in (LATEST, f".{LATEST}.part"):
            (self.path / name).unlink(missing_ok=True)
        if self.path.is_dir() and not any(self.path.iterdir()):
            self.path.rmdir()


class _Table(TypedDict):
    """What ``state.json`` says, beside hashes and the state itself."""

    step: int
    versions: dict[str, str]
    config: dict[str, object]
    segments: dict[str, str]
    metrics: int
    state: dict[str, object]


def intact(path: Path, segments: Segments) -> dict[str, Any]:
    """Return what a checkpoint says, once every hash was found to be right, those of its segments too.

    Raises:
        RecordError: where one is not.
    """
    table = read_json(path / STATE)
    if not isinstance(table, dict) or table.get("sha256") != _digest({key: each for key, each in table.items() if key != "sha256"}):
        raise RecordError(f"{path / STATE} is damaged")
    if table.get("schema") == SCHEMA:
        arrays = path / ARRAYS
        if arrays.is_symlink() or not arrays.is_file() or sha256(arrays) != table["arrays_sha256"]:
            raise RecordError(f"{arrays} is damaged")
        segments.verify(table["segments"])
    return table


def loaded(path: Path, table: Mapping[str, Any]) -> Checkpoint:
    """Return the checkpoint that says this.

    Raises:
        SchemaError: when another version of bio_fa laid it out otherwise.
        RecordError: when its arrays cannot be read.
    """
    if table.get("schema") != SCHEMA:
        advice = "resume with the bio_fa that wrote it, or run anew with --overwrite"
        raise SchemaError(f"{path} has the schema {table.get('schema')!r}, but {SCHEMA} is understood; {advice}.")
    wrong = [*misfits(dict(table), _Table)]
    if wrong or table["metrics"] < 0:
        what = ", ".join(wrong) or "metrics"
        raise RecordError(f"{path / STATE} says what no run says of its {what}; restore a copy, or run anew with --overwrite.")
    try:
        arrays = safetensors.numpy.load_file(path / ARRAYS)
    except (SafetensorError, OSError, ValueError) as error:
        raise RecordError(f"{path / ARRAYS} cannot be read ({error}); restore a copy, or run anew with --overwrite.") from error
    state = put_together(table["state"], arrays)
    return Checkpoint(state, table["config"], table["segments"], table["metrics"], table["versions"])


def _digest(table: Mapping[str, Any]) -> str:
    """Return the SHA-256 of plain values."""
    return hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()
