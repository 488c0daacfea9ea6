"""Whole: one file of all that the segments of a kind hold, of activity, potentials or weights."""

from __future__ import annotations

import errno
import functools
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import final

import h5py
import numpy as np

from bio_fa.errors import RecordError
from bio_fa.io.activity import ActivityReader
from bio_fa.io.commit import part_of, publish, reading, writing
from bio_fa.io.hdf5 import RecordWriter
from bio_fa.io.segments import WEIGHTS
from bio_fa.io.spikes import COLUMNS as SPIKE_COLUMNS
from bio_fa.io.tables import copy_rows
from bio_fa.io.trials import COLUMNS
from bio_fa.io.weights import WeightsReader, WeightsWriter
from bio_fa.synapses import Synapses

COPIES = 12
"""How many copies of the records of runs that have not ended are kept to be read: three kinds of four runs."""
NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
"""What a disk answers that knows no second names of a file."""


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
    discard_part(path)
    (_assemble_weights if path.stem == WEIGHTS else _assemble_activity)(segments, path)


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
    with Whole(path, segments[0]) as whole, _whole_or_not_at_all(whole):
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


def discard_part(path: Path) -> None:
    """Remove what a crash left of a file that was being written.

    Raises:
        RecordError: when the disk refuses.
    """
    with writing(path):
        part_of(path).unlink(missing_ok=True)


def rename(segment: Path, path: Path) -> bool:
    """Give the only segment of a kind, which is the whole record, that file's name too; where a disk has no such links, copy it.

    Returns whether it is the same file.

    Raises:
        RecordError: when the disk refuses; the segment stays.
    """
    discard_part(path)
    with writing(path):
        try:
            os.link(segment, part_of(path))
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            assemble([segment], path)
            return False
        publish(part_of(path), path)
        return True


@final
class Whole(RecordWriter):
    """The first segment of activity or of another variable, copied, to which the next are added.

    Args:
        path: where the file appears when it is closed.
        first: the segment.
        end: how many rows and trials there are after it; None: it is read, to be sure that it is sound.

    Raises:
        RecordError: for a segment that is damaged or does not follow the one before, or when the disk refuses.
    """

    format = ActivityReader.format

    def __init__(self, path: Path, first: Path, end: tuple[int, int] | None = None) -> None:
        self._first = first
        self._form, self._end = (None, end) if end else sound(first)
        super().__init__(path, room=first.stat().st_size)

    def _lay_out(self, file: h5py.File) -> None:
        with _copied(self._first) as first:
            file.attrs.update(first.attrs)
            for name in first:
                first.copy(name, file)

    def add(self, segment: Path) -> None:
        """Append a segment, once it is sure that it is sound and goes on where the last one ended."""
        with ActivityReader(segment) as reader:
            form, end = _form(reader), reader.end
            follows = form == (self._form or form) and reader.follows(*self._end)
        if not follows:
            raise RecordError(f"{segment} does not go on where the segment before it ended; restore a copy or run again.")
        self.append(segment, end)

    def append(self, segment: Path, end: tuple[int, int]) -> None:
        """Append a segment of which that is sure; ``end``: how many rows and trials there are then."""
        with self._committing(segment.stat().st_size) as file, _copied(segment) as added:
            _copy_tables(added, file)
        self._end = end

    def _complete(self) -> None:
        """Refuse a file that does not hold every row of every segment."""
        lengths = {len(report["data"]) for report in self._file["report"].values()}
        entries = {len(self._file[f"trials/{key}"]) for key in COLUMNS}
        if lengths != {self._end[0]} or len(entries) != 1 or np.any(np.diff(self._file["trials/trial"][()]) < 0):
            raise RecordError(f"{self.path}: the segments do not make one record; restore a copy or run again.")


@contextmanager
def _copied(segment: Path) -> Iterator[h5py.File]:
    """Open a segment to copy from it."""
    with reading(segment, also_writing=True), h5py.File(segment, "r") as file:
        yield file


def sound(segment: Path) -> tuple[object, tuple[int, int]]:
    """Return the form of a segment that can be joined with others, and how many rows and trials there are after it.

    Raises:
        RecordError: for a segment that is damaged, leads out of itself or cannot grow.
    """
    with ActivityReader(segment) as reader:
        return _form(reader), reader.end


def _form(reader: ActivityReader) -> object:
    """Return what the segments of one record have in common, once it is sure that this one can be joined with others."""
    tables = {f"trials/{key}": (dtype[0], 1) for key, dtype in COLUMNS.items()}
    tables |= {f"report/{each.name}/data": ("f", 2) for each in reader.populations}
    tables |= {f"spikes/{name}/{key}": (dtype[0], 1) for name in reader.spiking for key, dtype in SPIKE_COLUMNS.items()}
    reader.require_growing(tables)
    edges = None if reader.edges is None else reader.edges.tolist()
    return reader.populations, reader.phases, reader.windows, reader.frame, reader.variable, reader.units, edges, reader.spiking


def _copy_tables(segment: h5py.File, whole: h5py.File) -> None:
    """Append every table of a segment to that of the whole file."""
    for name in segment["report"]:
        copy_rows(segment[f"report/{name}/data"], whole[f"report/{name}/data"])
        whole[f"report/{name}/mapping/time"][1] = segment[f"report/{name}/mapping/time"][1]
    for name in (each for each in segment["report"] if f"spikes/{each}" in segment):
        for key in SPIKE_COLUMNS:
            copy_rows(segment[f"spikes/{name}/{key}"], whole[f"spikes/{name}/{key}"])
    for key in COLUMNS:
        copy_rows(segment[f"trials/{key}"], whole[f"trials/{key}"])
