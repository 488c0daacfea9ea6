"""Tables: HDF5 datasets that grow by rows and are read a few rows at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

LEAST_CHUNK, MOST_CHUNK = 1 << 13, 1 << 20
"""Choice: bytes of a chunk; between them as many as the first append brings, so that toy files stay small."""

BLOCK = 4096
"""Rows that a reader holds at a time."""


def create_table(file: h5py.File, name: str, dtype: str, rows: int, *width: int) -> h5py.Dataset:
    """Return an empty dataset (0, ``*width``) that can grow; ``rows`` is how many the first append brings."""
    if name in file:
        return file[name]
    row = np.dtype(dtype).itemsize * math.prod(width)
    chunk = max(1, min(max(rows, LEAST_CHUNK // row), MOST_CHUNK // row))
    columns = tuple(min(each, MOST_CHUNK // 4) for each in width)
    return file.create_dataset(name, (0, *width), dtype, maxshape=(None, *width), chunks=(chunk, *columns))


def extend(table: h5py.Dataset, rows: NDArray[Any]) -> None:
    """Append rows to a table."""
    start = len(table)
    table.resize(start + len(rows), axis=0)
    table[start:] = rows


def chunk_bytes(table: h5py.Dataset) -> int:
    """Return how many bytes a table takes from the disk at a time."""
    return int(math.prod(table.chunks) * table.dtype.itemsize)


def gather(table: h5py.Dataset, first: NDArray[np.int64], count: int, columns: slice = slice(None)) -> NDArray[np.float32]:
    """Return ``count`` rows, or some of their columns, from each row of ``first`` (trial,) on: (trial, count, column)."""
    found = np.empty((len(first), count, len(range(table.shape[1])[columns])), dtype=np.float32)
    for some in _blocks(first, count):
        start = first[some].min()
        rows = table[start : first[some].max() + count, columns]
        found[some] = rows[(first[some] - start)[:, None] + np.arange(count)]
    return found


def _blocks(first: NDArray[np.int64], count: int) -> Iterator[slice]:
    """Yield slices of ``first`` whose rows lie so near to each other that reading what is between them costs little."""
    start = 0
    while start < len(first):
        stop = max(start + 1, int(np.searchsorted(first, first[start] + BLOCK - count, side="right")))
        yield slice(start, stop)
        start = stop
