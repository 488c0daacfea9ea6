"""RunFolder: the one folder in which a run leaves everything, laid out so that any tool finds its way.

``config.toml`` (effective), ``run.json`` (seed, status, provenance), ``circuit.json``, ``metrics.jsonl`` (a line at a
time), ``activity.h5``, ``report_potential.h5``, ``weights.h5`` and ``report/``.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self, final

from bio_fa.errors import RecordError
from bio_fa.io.commit import part_of, write_text, writing
from bio_fa.io.plain import to_json

FILES = ("run.json", "config.toml", "circuit.json", "metrics.jsonl", "activity.h5", "report_potential.h5", "weights.h5")
DRAWN = ("report/*.html", "report/figures/*.png", "report/figures/*.svg", "report/figures/*.pdf")


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Write a JSON file atomically; a number that is not finite becomes null.

    Raises:
        RecordError: for what JSON does not know, or when the disk refuses; a file that was there is unchanged.
    """
    write_text(path, to_json(data, indent=2) + "\n")


def read_json(path: Path) -> Any:
    """Return what a JSON file holds.

    Raises:
        RecordError: when there is none, or it is not whole.
    """
    try:
        return json.loads(_read(path).decode())
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{path} is not valid JSON ({error}); restore a copy or run again.") from error


@final
@dataclass(frozen=True)
class RunFolder:
    """The folder of a run; make one with ``create`` or ``open``."""

    path: Path

    write_text = staticmethod(write_text)
    write_json = staticmethod(write_json)
    read_json = staticmethod(read_json)

    @property
    def config(self) -> Path:
        """The effective configuration, TOML."""
        return self.path / "config.toml"

    @property
    def run(self) -> Path:
        """What ran, when, where and how it ended, JSON."""
        return self.path / "run.json"

    @property
    def circuit(self) -> Path:
        """The circuit, JSON."""
        return self.path / "circuit.json"

    @property
    def metrics(self) -> Path:
        """The measures over time, one JSON table a line."""
        return self.path / "metrics.jsonl"

    @property
    def activity(self) -> Path:
        """The recorded activity, HDF5."""
        return self.path / "activity.h5"

    @property
    def potential(self) -> Path:
        """The recorded potentials, HDF5."""
        return self.path / "report_potential.h5"

    @property
    def weights(self) -> Path:
        """The recorded weights, HDF5."""
        return self.path / "weights.h5"

    @property
    def report(self) -> Path:
        """The folder of the report."""
        return self.path / "report"

    @property
    def figures(self) -> Path:
        """The folder of the report's figures."""
        return self.report / "figures"

    @classmethod
    def create(cls, path: Path | str, overwrite: bool = False, needed_bytes: int = 0) -> Self:
        """Return an empty run folder at ``path``.

        Args:
            path: a new or empty folder; with ``overwrite`` also one that holds a run.
            overwrite: whether the files of an earlier run are removed; nothing else ever is.
            needed_bytes: how much room the run will take.

        Raises:
            RecordError: when the folder is taken, is not a folder, cannot be written, or its disk has too little room;
                then nothing was touched.
        """
        folder = cls(Path(path))
        folder._require_free(overwrite)
        folder._require_writable(needed_bytes)
        with writing(folder.path):
            folder.path.mkdir(parents=True, exist_ok=True)
            folder._remove_run()
        return folder

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Return the folder of a run that has begun.

        Raises:
            RecordError: when there is no run.
        """
        folder = cls(Path(path))
        if not folder.run.is_file():
            raise RecordError(f"{folder.path} holds no run (it has no run.json); give the folder of a run.")
        return folder

    def _require_free(self, overwrite: bool) -> None:
        if not os.path.lexists(self.path):
            return
        if not self.path.is_dir():
            raise RecordError(f"{self.path} is not a folder; choose another place for the run.")
        ours = {name for file in FILES for name in (file, part_of(Path(file)).name)} | {"report"}
        found = {entry.name for entry in self.path.iterdir()}
        if found and "run.json" not in found and not found <= ours:
            strange = ", ".join(sorted(found - ours)[:3])
            raise RecordError(f"{self.path} holds no run but other files ({strange}); choose a new or empty folder.")
        if found & ours and not overwrite:
            raise RecordError(f"{self.path} already holds a run; choose another folder, or ask to overwrite it.")

    def _require_writable(self, needed: int) -> None:
        """Refuse a place where the run could not be written, judging by the nearest folder that exists."""
        nearest = next(each for each in (self.path, *self.path.absolute().parents) if each.exists())
        if not nearest.is_dir():
            raise RecordError(f"{nearest} is not a folder; choose another place for the run.")
        if not os.access(nearest, os.W_OK | os.X_OK):
            raise RecordError(f"{nearest} may not be written; choose another folder, or change its permissions.")
        free = shutil.disk_usage(nearest).free
        if free < needed:
            room = f"{needed / 1e9:.3g} GB are needed, but {free / 1e9:.3g} GB are free"
            raise RecordError(f"{self.path}: {room}; make room, record less or choose another disk.")

    def _remove_run(self) -> None:
        for file in FILES:
            (self.path / file).unlink(missing_ok=True)
            part_of(self.path / file).unlink(missing_ok=True)
        for drawn in (each for pattern in DRAWN for each in self.path.glob(pattern)):
            drawn.unlink()
        for folder in (self.figures, self.report):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()

    def append_metrics(self, line: Mapping[str, Any]) -> None:
        """Append one line to the metrics and flush it; a number that is not finite becomes null.

        Raises:
            RecordError: for what JSON does not know, or when the disk refuses.
        """
        text = to_json(line) + "\n"
        with writing(self.metrics), self.metrics.open("ab+") as file:
            _mend(file)
            file.write(text.encode())

    def read_metrics(self) -> list[dict[str, Any]]:
        """Return the lines of the metrics, without the last if a crash tore it.

        Raises:
            RecordError: when there are no metrics, or an earlier line is torn.
        """
        lines = _read(self.metrics).removesuffix(b"\n").split(b"\n")
        tables = [_table(line) for line in lines]
        for number, table in enumerate(tables[:-1], start=1):
            if table is None:
                raise RecordError(f"{self.metrics}: line {number} is torn; remove it or restore a copy.")
        return [table for table in tables if table is not None]


def _table(line: bytes) -> dict[str, Any] | None:
    """Return the table that a line of JSON holds, or None if it is torn."""
    try:
        table = json.loads(line.decode())
    except (ValueError, RecursionError):
        return None
    return table if isinstance(table, dict) else None


def _mend(file: IO[bytes]) -> None:
    """End the last line, or remove it if a crash tore it, so that the next line stands alone."""
    end = start = file.seek(0, os.SEEK_END)
    while start and file.seek(start - 1) >= 0 and file.read(1) != b"\n":
        start -= 1
    if start < end:
        file.seek(start)
        if _table(file.read()) is None:
            file.truncate(start)
        else:
            file.write(b"\n")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RecordError(f"{path} cannot be read ({error.strerror}); give the folder of a run that has it.") from error
