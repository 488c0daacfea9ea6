"""RunFolder: the one folder in which a run leaves everything, laid out so that any tool finds its way.

``config.toml`` (effective), ``run.json`` (seed, status, provenance), ``circuit.json``, ``metrics.jsonl`` (a line at a
time), ``activity.h5``, ``report_potential.h5``, ``weights.h5``, ``manifest.json`` (the hashes of all these) and ``report/``. Until
the run has ended, the record is in ``segments/``, ``checkpoints/`` hold what it needs to go on, and ``run.lock`` names the process
that writes it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, final

from bio_fa.errors import RecordError
from bio_fa.io import lines, lock, manifest
from bio_fa.io.checkpoint import Checkpoints
from bio_fa.io.commit import make_folder, part_of, synchronise, write_text, writing
from bio_fa.io.plain import read_json, write_json
from bio_fa.io.segments import ACTIVITY, KINDS, WEIGHTS, Segments, kind_of
from bio_fa.io.vacancy import require_folder, require_free, require_room
from bio_fa.io.whole import assembled

FILES = ("run.json", manifest.NAME, "config.toml", "circuit.json", "metrics.jsonl", *(f"{kind}.h5" for kind in KINDS))
PROGRESS = (lock.NAME, "segments", "checkpoints")
"""What is there while a run has not ended."""
DRAWN = ("report/*.html", "report/figures/*.png", "report/figures/*.svg", "report/figures/*.pdf")


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
    def segments(self) -> Segments:
        """The record of a run that has not ended."""
        return Segments(self.path / "segments")

    @property
    def begun(self) -> bool:
        """Whether there is a checkpoint to go on from."""
        return bool(self.checkpoints.steps())

    @property
    def recorded(self) -> bool:
        """Whether there is a file of a whole record."""
        return any((self.path / f"{kind}.h5").exists() for kind in KINDS)

    @property
    def unfinished(self) -> bool:
        """Whether the record is still in segments."""
        return any(self.segments.of(kind) and not (self.path / f"{kind}.h5").exists() for kind in KINDS)

    @property
    def checkpoints(self) -> Checkpoints:
        """From where a run that has not ended goes on."""
        return Checkpoints(self.path / "checkpoints")

    def record(self, variable: str, trials: str = "test") -> Path:
        """Return the file of a recorded variable of ``test`` or ``learning`` trials, HDF5."""
        return self._recorded(kind_of(variable, trials))

    @property
    def activity(self) -> Path:
        """The recorded activity of test trials, HDF5."""
        return self.record(ACTIVITY)

    @property
    def potential(self) -> Path:
        """The recorded potentials, HDF5."""
        return self.record("potential")

    @property
    def weights(self) -> Path:
        """The recorded weights, HDF5."""
        return self._recorded(WEIGHTS)

    def _recorded(self, kind: str) -> Path:
        """Return a file of the record: of a run that has not ended, a copy made of its segments."""
        path, segments = self.path / f"{kind}.h5", self.segments.of(kind)
        return assembled(segments, path.name) if segments and not path.exists() else path

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
        """Return an empty run folder at ``path``, as ``vacant`` and ``clear`` make it."""
        folder = cls.vacant(path, overwrite, needed_bytes)
        folder.clear(overwrite)
        return folder

    @classmethod
    def vacant(cls, path: Path | str, overwrite: bool = False, needed_bytes: int = 0) -> Self:
        """Return the folder at ``path``, in which a run may begin; nothing is touched yet.

        Args:
            path: a new or empty folder; with ``overwrite`` also one that holds a run.
            overwrite: whether the files of an earlier run may be removed.
            needed_bytes: how much room the run will take.

        Raises:
            RecordError: when it is being written, is taken, is not a folder, cannot be written, or its disk has too little room.
        """
        folder = cls(Path(path))
        lock.require_free(folder.path)
        folder._require_free(overwrite)
        require_room(folder.path, needed_bytes)
        return folder

    def clear(self, overwrite: bool) -> None:
        """Make the folder, or remove the files of an earlier run; nothing else ever is.

        Raises:
            RecordError: when the folder has been taken meanwhile, or the disk refuses.
        """
        self._require_free(overwrite)
        with writing(self.path):
            make_folder(self.path)
            self._remove_run()

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Return the folder of a run that has begun.

        Raises:
            RecordError: when there is no run.
        """
        folder = cls(Path(path))
        if not folder.run.is_file():
            raise RecordError(f"{folder.path} holds no run (it has no run.json); give the folder of a run.")
        folder._require_own_folders()
        return folder

    def _require_free(self, overwrite: bool) -> None:
        ours = {name for file in FILES for name in (file, part_of(Path(file)).name)} | {"report", *PROGRESS}
        if os.path.lexists(self.path):
            require_folder(self.path)
            self._require_own_folders()
            require_free(self.path, ours, overwrite)

    def _require_own_folders(self) -> None:
        """Refuse folders that are links: what is read, replaced and removed in a run has to lie in it."""
        for folder in (self.report, self.figures, *(self.path / name for name in PROGRESS)):
            if folder.is_symlink():
                raise RecordError(f"{folder} is a link, but the folders of a run lie in it; put a folder in its place.")

    def _remove_run(self) -> None:
        """Remove a run so that a power failure leaves no mixture: first what it goes on from, then what says that it is a run."""
        self.clear_progress()
        for file in FILES:
            (self.path / file).unlink(missing_ok=True)
            part_of(self.path / file).unlink(missing_ok=True)
            if file == self.run.name:
                synchronise(self.path)
        synchronise(self.path)
        for drawn in (each for pattern in DRAWN for each in self.path.glob(pattern)):
            drawn.unlink()
        for folder in (self.figures, self.report):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()

    def cut(self, metrics: int, segments: Mapping[str, str]) -> None:
        """Take away what came after a checkpoint: what is half written, lines of the metrics, and segments, which are set aside.

        Args:
            metrics: how many bytes of the metrics stay.
            segments: the segments that stay, by name.

        Raises:
            RecordError: when there are fewer metrics, or the disk refuses.
        """
        with writing(self.path):
            for file in FILES:
                part_of(self.path / file).unlink(missing_ok=True)
            for kind in KINDS:
                (self.path / f"{kind}.h5").unlink(missing_ok=True)
            synchronise(self.path)
        lines.cut(self.metrics, metrics)
        self.segments.keep(segments)

    def seal(self, texts: Iterable[str] = (), known: Mapping[str, str] | None = None) -> None:
        """Write the manifest of what a run that has ended left, with the texts of these names; ``known``: SHA-256 by name.

        Raises:
            RecordError: when the disk refuses.
        """
        with writing(self.path):
            manifest.seal(self.path, [*FILES, *texts], known)

    @property
    def sealed(self) -> bool:
        """Whether there is a manifest of what the run left."""
        return (self.path / manifest.NAME).is_file()

    def clear_progress(self) -> None:
        """Remove what only a run that has not ended needs."""
        with writing(self.path):
            self.checkpoints.clear()
            if self.path.is_dir():
                synchronise(self.path)
            self.segments.clear()
            for aside in self.path.glob(f"{lock.ASIDE}*"):
                aside.unlink()

    def append_metrics(self, line: Mapping[str, Any]) -> None:
        """Append one line to the metrics and flush it; a number that is not finite becomes null.

        Raises:
            RecordError: for what JSON does not know, or when the disk refuses.
        """
        lines.append(self.metrics, line)

    def read_metrics(self) -> list[dict[str, Any]]:
        """Return the lines of the metrics, without the last if a crash tore it.

        Raises:
            RecordError: when there are no metrics, or an earlier line is torn.
        """
        return lines.read(self.metrics)
