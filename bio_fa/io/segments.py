"""Segments: the record of a run in progress, in whole files that follow each other, ``segments/activity-000003.h5``.

Each is a file of the layout that the whole record has, and goes on where the one before ended. When the run ends, the segments
of a kind become one file.
"""

from __future__ import annotations

import functools
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import final

import h5py
import numpy as np

from bio_fa.errors import RecordError
from bio_fa.io.activity import ActivityReader
from bio_fa.io.commit import part_of, sha256, writing
from bio_fa.io.hdf5 import RecordWriter
from bio_fa.io.spikes import BLOCK
from bio_fa.io.spikes import COLUMNS as SPIKE_COLUMNS
from bio_fa.io.tables import extend
from bio_fa.io.trials import COLUMNS
from bio_fa.io.weights import WeightsReader, WeightsWriter
from bio_fa.synapses import Synapses

KINDS = ("activity", "report_potential", "weights")
"""Files of the record, without their ending."""
ASIDE = "aside"
"""The folder of segments that belong to no checkpoint."""
COPIES = 12
"""How many copies of the records of runs that have not ended are kept to be read: three kinds of four runs."""
_NAME = re.compile(rf"({'|'.join(KINDS)})-(\d{{6}})\.h5")


@final
@dataclass(frozen=True)
class Segments:
    """The segments in a folder."""

    path: Path

    def all(self) -> list[Path]:
        """Return every segment, in order."""
        return sorted(each for each in self.path.glob("*.h5") if _NAME.fullmatch(each.name))

    def of(self, kind: str) -> list[Path]:
        """Return the segments of a kind, in order."""
        return [each for each in self.all() if each.name.rpartition("-")[0] == kind]

    def place(self, kind: str, number: int) -> Path:
        """Return where a segment is written; its folder is made.

        Raises:
            RecordError: when the disk refuses.
        """
        with writing(self.path):
            self.path.mkdir(exist_ok=True)
        return self.path / f"{kind}-{number:06d}.h5"

    def verify(self, listed: Mapping[str, str]) -> None:
        """Refuse segments that are not those listed, by name and SHA-256.

        Raises:
            RecordError: for the first that is missing or differs.
        """
        for name, digest in listed.items():
            path = self.path / name
            if not _NAME.fullmatch(name) or not path.is_file() or sha256(path) != digest:
                raise RecordError(f"{path} is damaged or gone")

    def keep(self, listed: Mapping[str, str]) -> None:
        """Remove what a crash left half written, and set aside the segments that are not listed.

        Raises:
            RecordError: when the disk refuses.
        """
        with writing(self.path):
            self._remove_parts()
            strange = [each for each in self.all() if each.name not in listed]
            if strange:
                (self.path / ASIDE).mkdir(exist_ok=True)
            for each in strange:
                os.replace(each, self.path / ASIDE / each.name)

    def _remove_parts(self) -> None:
        for kind in KINDS:
            for part in self.path.glob(f".{kind}-*.h5.part"):
                part.unlink()

    def clear(self) -> None:
        """Remove all segments, those set aside too, and the folders if nothing else is in them."""
        self._remove_parts()
        for folder in (self.path / ASIDE, self.path):
            for each in Segments(folder).all():
                each.unlink()
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()


def assembled(segments: Sequence[Path], name: str) -> Path:
    """Return a file of this name that holds all segments of a kind: a copy among the temporary files, kept for the next call.

    Raises:
        RecordError: for segments that are damaged or do not follow each other.
    """
    return Path(_copy(tuple((each, each.lstat().st_mtime_ns) for each in segments), name).name) / name


@functools.lru_cache(maxsize=COPIES)
def _copy(segments: tuple[tuple[Path, int], ...], name: str) -> tempfile.TemporaryDirectory[str]:
    """Return a folder that lives as long as it is kept, with the file that holds all segments, each as it was at a moment."""
    folder = tempfile.TemporaryDirectory(prefix="bio_fa_")
    assemble([path for path, _ in segments], Path(folder.name) / name)
    return folder


def assemble(segments: Sequence[Path], path: Path) -> None:
    """Write one file of all that the segments of a kind hold; a file that is there is replaced.

    Raises:
        RecordError: for segments that are damaged or do not follow each other, or when the disk refuses; the segments stay.
    """
    with writing(path):
        part_of(path).unlink(missing_ok=True)
    (_assemble_weights if path.stem == "weights" else _assemble_activity)(segments, path)


def _assemble_weights(segments: Sequence[Path], path: Path) -> None:
    with ExitStack() as files:
        readers = [files.enter_context(WeightsReader(each)) for each in segments]
        first = next((each for each in readers if each.snapshots), None)  # one that an error ended may hold none, and no masks
        masks = {each.name: first.mask(each.name) for each in first.synapses} if first else {}
        writer = files.enter_context(WeightsWriter(path, readers[0].synapses))
        files.enter_context(_whole_or_not_at_all(writer))
        if masks:
            writer.masks({name: Synapses(mask, mask) for name, mask in masks.items()})
        for reader in readers:
            for taken in reader.snapshots:
                held = {name: Synapses(reader.weights(taken.name, name), mask) for name, mask in masks.items()}
                writer.snapshot(taken.name, taken.step, taken.epoch, held)


def _assemble_activity(segments: Sequence[Path], path: Path) -> None:
    with _Whole(path, segments[0]) as whole, _whole_or_not_at_all(whole):
        for each in segments[1:]:
            whole.add(each)


@contextmanager
def _whole_or_not_at_all(writer: RecordWriter) -> Iterator[None]:
    """Let the file of a writer appear only if nothing fails."""
    try:
        yield
    except BaseException:
        writer.abandon()
        raise


@final
class _Whole(RecordWriter):
    """The first segment of activity or of potentials, copied, to which the next are added."""

    format = ActivityReader.format

    def __init__(self, path: Path, first: Path) -> None:
        with ActivityReader(first) as self._reader:
            super().__init__(path, room=first.stat().st_size)
            self._end = self._reader.end

    def _lay_out(self, file: h5py.File) -> None:
        with h5py.File(self._reader.path, "r") as first:
            file.attrs.update(first.attrs)
            for name in first:
                first.copy(name, file)

    def add(self, segment: Path) -> None:
        """Append a segment that goes on where the last one ended."""
        with ActivityReader(segment) as reader, self._committing(segment.stat().st_size) as file:
            first, trials = reader.end[0] - reader.rows, reader.trials()["trial"]
            if first != self._end[0] or (len(trials) and trials[0] != self._end[1]):
                raise RecordError(f"{segment} does not go on where the segment before it ended; restore a copy or run again.")
            self._append(reader, file)
            self._end = reader.end

    def _append(self, reader: ActivityReader, file: h5py.File) -> None:
        for name in (each.name for each in reader.populations):
            for rows in reader.chunks(name):
                extend(file[f"report/{name}/data"], rows)
            file[f"report/{name}/mapping/time"][1] = reader.end[0] * file[f"report/{name}/mapping/time"][2]
        for name in reader.spiking:
            table = reader.spike_table(name)
            for start in range(0, len(table), BLOCK):
                for key, column in zip(SPIKE_COLUMNS, table.rows(slice(start, start + BLOCK)), strict=True):
                    extend(file[f"spikes/{name}/{key}"], column)
        for key, column in reader.trials().items():
            extend(file[f"trials/{key}"], column)

    def _complete(self) -> None:
        """Refuse a file that does not hold every row of every segment."""
        lengths = {len(report["data"]) for report in self._file["report"].values()}
        entries = {len(self._file[f"trials/{key}"]) for key in COLUMNS}
        if lengths != {self._end[0]} or len(entries) != 1 or np.any(np.diff(self._file["trials/trial"][()]) < 0):
            raise RecordError(f"{self.path}: the segments do not make one record; restore a copy or run again.")
