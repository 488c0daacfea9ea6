"""HDF5 by bio_fa's rules: a record appears whole or not at all, and every file is read as a stranger's.

Choice: the disk is reserved before HDF5 writes, and HDF5 flushes after every commit. A write that fails inside HDF5 2.0
leaves the file in between and may crash the interpreter when it closes; a reservation fails before anything happened.
Choice: file-format bounds ``earliest`` to ``v110``, uncompressed: what libsonata, bmtk, xarray, h5dump and MATLAB read.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import Any, ClassVar, Self

import h5py
import numpy as np
from numpy.typing import NDArray

from bio_fa.errors import RecordError
from bio_fa.io.commit import allocate, part_of, publish, reading, writing
from bio_fa.io.deceit import deceit, excess
from bio_fa.io.digest import Settled
from bio_fa.io.names import is_name, text
from bio_fa.io.schema import require_understood

VERSION = "1.0"
BOUNDS = ("earliest", "v110")
TABLES, MARGIN = 1 << 16, 1 << 20
"""Bytes of HDF5's own tables that lie together, so that most blocks of a file hold values alone; bytes reserved for them all."""


class RecordWriter(ABC):
    """The abstract base of the writers: a context manager whose file gets its name when it closes, come what may.

    Raises:
        RecordError: when the disk refuses; what was committed before stays readable.
    """

    format: ClassVar[str]

    def __init__(self, path: Path | str, room: int) -> None:
        self.path = Path(path)
        self._part, self.settled = part_of(self.path), Settled()
        if os.path.lexists(self._part):
            who = "another run is writing it, or a crash left it"
            raise RecordError(f"{self._part} exists: {who}; move it away or choose another folder.")
        with writing(self.path):
            self._probe(room)
            self._file = h5py.File(self._part, "x", libver=BOUNDS, meta_block_size=TABLES)
        try:
            with self._committing(room) as file:
                file.attrs["format"], file.attrs["format_version"] = text(self.format), text(VERSION)
                self._lay_out(file)
        except BaseException:
            self.abandon()
            raise

    @abstractmethod
    def _lay_out(self, file: h5py.File) -> None:
        """Write what every file of this format holds."""

    @abstractmethod
    def _complete(self) -> None:
        """Write what a file lacks to which nothing was committed."""

    def _probe(self, room: int) -> None:
        """Refuse a full disk before HDF5 opens the file, because closing it would have to write."""
        with TemporaryFile(dir=self.path.parent) as probe:
            allocate(probe.fileno(), 0, _with_margin(room))

    @contextmanager
    def _committing(self, room: int) -> Iterator[h5py.File]:
        """Reserve ``room`` bytes, let the caller write, and flush."""
        if not self._file:
            raise RecordError(f"{self.path} is closed; write to it inside its 'with' block.")
        with writing(self.path):
            allocate(self._file.id.get_vfd_handle(), self._file.id.get_filesize(), _with_margin(room))
            yield self._file
            self._file.flush()

    def close(self) -> None:
        """Finish the file and give it its name; closing twice does nothing.

        Raises:
            RecordError: when the disk refuses; the unfinished file then keeps its hidden name, unless nothing is in it.
        """
        if not self._file:
            return
        try:
            self._complete()
        except BaseException:
            self.abandon()
            raise
        with writing(self.path):
            self._file.flush()
            size = self._file.id.get_filesize()
            self._file.close()
            os.truncate(self._part, size)
            h5py.File(self._part, "r").close()
            publish(self._part, self.path)

    def synchronise(self) -> None:
        """Wait until what was committed is on the disk, so that little is left to be waited for at the end.

        Raises:
            RecordError: when the disk refuses.
        """
        with writing(self.path):
            os.fsync(self._file.id.get_vfd_handle())

    def abandon(self) -> None:
        """Remove the file, which then never gets its name."""
        self._file.close()
        self._part.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self.close()
        except RecordError as failure:
            if error is None:
                raise
            error.add_note(str(failure))


class RecordReader(ABC):
    """The abstract base of the readers: it looks up known paths only and checks each before it reads.

    Raises:
        RecordError: for a file that is not HDF5, damaged, of another format, or that reaches beyond itself.
    """

    format: ClassVar[str]
    _closed = False

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        if self.path.is_symlink() or not self.path.is_file():
            raise RecordError(f"{self.path} is a link or no file; give the path of a {self.format} file.")
        with self._reading():
            self._file = h5py.File(self.path, "r")
        try:
            with self._reading():
                self._check_format()
                self._load()
        except BaseException:
            self.close()
            raise

    @abstractmethod
    def _load(self) -> None:
        """Read and check what every file of this format holds."""

    def _check_format(self) -> None:
        found = self.attribute(self._file, "format", str) if "format" in self._file.attrs else None
        if found != self.format:
            raise RecordError(f"{self.path} has the format {found!r}, not {self.format!r}; give a file that bio_fa wrote.")
        require_understood(self.path, self.attribute(self._file, "format_version", str), VERSION)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        if self._closed:
            raise RecordError(f"{self.path} is closed; read it before, or open it again.")
        with reading(self.path):
            yield

    def _require_honest(self, name: str, lie: str | None) -> None:
        if lie is not None:
            raise self._refuse(f"{name} {lie}")

    def _refuse(self, what: str) -> RecordError:
        return RecordError(f"{self.path}: {what}; bio_fa writes no such file, so obtain a genuine copy.")

    def _object(self, name: str) -> Any:
        """Return what lies at ``name``, following no link that leaves the file or loops."""
        found: Any = self._file
        for step in name.split("/"):
            if not isinstance(found, h5py.Group):
                raise self._refuse(f"{name} leads through something that is no group")
            if found.id.links.get_info(step.encode()).type != h5py.h5l.TYPE_HARD:
                raise self._refuse(f"{name} is a link to elsewhere")
            found = found[step]
        return found

    def group(self, name: str) -> h5py.Group:
        """Return a group of this file."""
        found = self._object(name)
        if not isinstance(found, h5py.Group):
            raise self._refuse(f"{name} is no group")
        return found

    def dataset(self, name: str, kinds: str, ndim: int) -> h5py.Dataset:
        """Return a dataset whose type (NumPy kinds), dimensions, storage and filters have been checked."""
        found = self._object(name)
        if not isinstance(found, h5py.Dataset) or found.dtype.kind not in kinds or found.ndim != ndim:
            raise self._refuse(f"{name} is not a dataset of {ndim} dimensions and the right type")
        self._require_honest(name, deceit(found))
        return found

    def whole(self, name: str, kinds: str, ndim: int = 1) -> h5py.Dataset:
        """Return a checked dataset all of whose values may be read at once."""
        self._require_honest(name, excess(found := self.dataset(name, kinds, ndim)))
        return found

    def array(self, name: str, kinds: str, ndim: int = 1) -> NDArray[Any]:
        """Return all values of a checked dataset."""
        return np.asarray(self.whole(name, kinds, ndim)[()])

    def attribute(self, owner: h5py.HLObject, key: str, kind: type) -> Any:
        """Return an attribute of the given plain type: text, a whole number or a number."""
        stored = owner.attrs.get_id(key)
        if stored.dtype.kind not in {str: "S", int: "iu", float: "f"}[kind] or stored.shape != ():
            raise self._refuse(f"the attribute {key!r} of {owner.name} is not of type {kind.__name__}")
        value = owner.attrs[key].item()
        return value.decode() if kind is str else value

    def words(self, owner: h5py.HLObject, key: str) -> tuple[str, ...]:
        """Return an attribute that is a list of words."""
        stored = owner.attrs.get_id(key)
        if stored.dtype.kind != "S" or len(stored.shape) != 1:
            raise self._refuse(f"the attribute {key!r} of {owner.name} is not a list of words")
        return tuple(word.decode() for word in owner.attrs[key])

    def ordered(self, name: str) -> list[str]:
        """Return the names of the groups inside a group, in the order in which they were written."""
        children = list(self.group(name))
        for child in children:
            if not is_name(child):
                raise self._refuse(f"{name} holds {child!r}, which is no name")
        return sorted(children, key=lambda child: self.attribute(self.group(f"{name}/{child}"), "order", int))

    def close(self) -> None:
        """Close the file; closing twice does nothing."""
        self._closed = True
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _with_margin(room: int) -> int:
    """Return what to reserve for ``room`` bytes of values, HDF5's tables of chunks included."""
    return room + room // 4 + MARGIN
