"""Values: the numbers of any file of the record, some rows at a time, whatever they mean."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, ClassVar, final

import h5py
import numpy as np
from numpy.typing import NDArray

from bio_fa.errors import SchemaError
from bio_fa.io.activity import ActivityReader
from bio_fa.io.hdf5 import VERSION, RecordReader
from bio_fa.io.schema import require_understood
from bio_fa.io.weights import WeightsReader

FORMATS = (ActivityReader.format, WeightsReader.format)
"""What files of the record say that they are."""
BLOCK = 1 << 24
"""Bytes that are read at once, or a chunk, or a row, if that is more."""
WIDEST = 1 << 26
"""Bytes of the widest row that is read."""


@final
class ValuesReader(RecordReader):
    """Read every number of a file of the record in bounded memory; a context manager.

    Raises:
        SchemaError: for a file of another format or version.
        RecordError: for a file that is damaged or not ours.
    """

    format: ClassVar[str] = "record"

    kind: str
    """Which of ``FORMATS`` it is."""

    def _check_format(self) -> None:
        self.kind = self.attribute(self._file, "format", str) if "format" in self._file.attrs else ""
        if self.kind not in FORMATS:
            known = f"it is none of {', '.join(FORMATS)}; update bio_fa, or obtain a genuine copy."
            raise SchemaError(f"{self.path} has the format {self.kind!r:.60}, but {known}")
        require_understood(self.path, self.attribute(self._file, "format_version", str), VERSION)

    def _load(self) -> None:
        """Do nothing: nothing but the format is common to all files."""

    def names(self) -> list[str]:
        """Return the paths of the datasets, each dataset once, however many links lead to it."""
        with self._reading():
            found: list[str] = []
            seen: set[h5py.HLObject] = {self._file}
            pending = list(reversed(list(self._file)))
            while pending:
                name = pending.pop()
                item = self._object(name)
                if item in seen:
                    continue
                seen.add(item)
                if isinstance(item, h5py.Group):
                    pending += [f"{name}/{each}" for each in reversed(list(item))]
                elif isinstance(item, h5py.Dataset):
                    found.append(name)
            return found

    def numbers(self) -> list[str]:
        """Return the paths of the datasets of floating-point numbers."""
        with self._reading():
            return [name for name in self.names() if self._object(name).dtype.kind == "f"]

    def within(self, group: str) -> list[str]:
        """Return the names of what lies in a group, in the order in which it was written; nothing if there is no such group."""
        with self._reading():
            return self.ordered(group) if group in self._file else []

    def column(self, name: str, kinds: str = "f") -> NDArray[Any]:
        """Return all values of a dataset of one dimension, which are few.

        Raises:
            RecordError: when it is not there, is something else, or deceives.
        """
        with self._reading():
            return self.array(name, kinds)

    def said(self, group: str, key: str, kind: type) -> Any:
        """Return what an attribute of a group says.

        Raises:
            RecordError: when it is not there, or of another type.
        """
        with self._reading():
            return self.attribute(self.group(group), key, kind)

    def blocks(self, name: str, kinds: str = "f", ndim: int | None = None) -> Iterator[NDArray[Any]]:
        """Yield the rows of a dataset in order, some at a time.

        Raises:
            RecordError: when it is not there, of another type or number of dimensions, or deceives.
        """
        dataset = self._checked(name, kinds, ndim)
        for rows in _slices(dataset):
            with self._reading():
                block = np.asarray(dataset[rows])
            yield block

    def side_by_side(self, one: tuple[str, str], other: tuple[str, str]) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
        """Yield the same rows of two matrices, some at a time; each is given by its name and kinds.

        Raises:
            RecordError: when they differ in shape, or as ``blocks`` does.
        """
        first, second = (self._checked(*each, 2) for each in (one, other))
        if first.shape != second.shape:
            raise self._refuse(f"{one[0]} has the shape {first.shape}, but {other[0]} {second.shape}")
        for rows in _slices(first):
            with self._reading():
                blocks = np.asarray(first[rows]), np.asarray(second[rows])
            yield blocks

    def _checked(self, name: str, kinds: str, ndim: int | None) -> h5py.Dataset:
        """Return a dataset that can be read by its rows."""
        with self._reading():
            dataset = self.dataset(name, kinds, self._object(name).ndim if ndim is None else ndim)
            self._require_honest(name, f"has rows of {_width(dataset)} bytes" if _width(dataset) > WIDEST else None)
            return dataset


def _width(dataset: h5py.Dataset) -> int:
    """Return how many bytes a row has, at least 1."""
    return int(max(1, math.prod(dataset.shape[1:]) * dataset.dtype.itemsize))


def _slices(dataset: h5py.Dataset) -> Iterator[Any]:
    """Yield what to read at once, of the only value or of the rows: whole chunks, so that none is unpacked twice."""
    if dataset.ndim == 0:
        yield ()
        return
    chunk = dataset.chunks[0] if dataset.chunks else 1
    rows = max(1, BLOCK // _width(dataset) // chunk) * chunk
    for first in range(0, len(dataset), rows):
        yield slice(first, first + rows)
