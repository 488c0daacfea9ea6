"""Tables: HDF5 datasets that grow by rows and are read a few rows at a time."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from typing import Any, Literal

import h5py
import numpy as np
from numpy.typing import NDArray

from bio_fa.io.digest import Wrote

LEAST_CHUNK, MOST_CHUNK = 1 << 13, 1 << 20
"""Choice: bytes of a chunk; between them as many as the first append brings, so that toy files stay small."""

BLOCK = 4096
"""Rows that a reader holds at a time."""

Compression = Literal["none", "gzip"]
LEVEL = 1
"""Of gzip. Choice: the least, because higher ones take more time and hardly less room of spikes and of activity."""


def create_table(
    file: h5py.File, name: str, dtype: str, rows: int, *width: int, compression: Compression = "none", shuffle: bool = False
) -> h5py.Dataset:
    """Return an empty dataset (0, ``*width``) that can grow; ``rows`` is how many the first append brings.

    Args:
        file: where.
        name: its path.
        dtype: the type of its values.
        rows: how many the first append brings.
        width: its other dimensions.
        compression: how its chunks are packed.
        shuffle: whether the bytes of values are sorted by their place before they are packed, as suits whole numbers and times.
    """
    if name in file:
        return file[name]
    row = np.dtype(dtype).itemsize * math.prod(width)
    chunk = max(1, min(max(rows, LEAST_CHUNK // row), MOST_CHUNK // row))
    columns = tuple(min(each, MOST_CHUNK // 4) for each in width)
    packed: dict[str, Any] = {"compression": "gzip", "compression_opts": LEVEL, "shuffle": shuffle}
    how = packed if compression == "gzip" else {"dcpl": _placed()}
    return file.create_dataset(name, (0, *width), dtype, maxshape=(None, *width), chunks=(chunk, *columns), **how)


def _placed() -> h5py.h5p.PropDCID:
    """Return the properties of a dataset whose chunks get their place in the file, and nothing else, when it grows."""
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    properties.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    return properties


def extend(table: h5py.Dataset, rows: NDArray[Any], wrote: Wrote | None = None) -> None:
    """Append rows to a table; ``wrote`` hears where the system put them.

    Choice: HDF5 gives chunks their place, and the system writes into them, because other threads go on meanwhile: h5py holds
    Python's lock while it writes.
    """
    start = len(table)
    table.resize(start + len(rows), axis=0)
    if not _plain(table):
        table[start:] = rows
        return
    values, done = np.ascontiguousarray(rows, table.dtype).reshape(-1).view(np.uint8), 0
    handle = table.file.id.get_vfd_handle()
    for place, size in _places(table, start, len(table)):
        write_at(handle, values[done : done + size], place)
        done += size
        if wrote is not None:
            wrote(handle, place, size)


def copy_rows(source: h5py.Dataset, target: h5py.Dataset) -> None:
    """Append all rows of a table of one file to the like of another."""
    start, count = len(target), len(source)
    if not (_plain(source) and _plain(target) and source.dtype == target.dtype):
        for first in range(0, count, BLOCK):
            extend(target, source[first : first + BLOCK])
        return
    target.resize(start + count, axis=0)
    source_file, target_file = (each.file.id.get_vfd_handle() for each in (source, target))
    for origin, place, size in _both(_places(source, 0, count), _places(target, start, start + count)):
        write_at(target_file, os.pread(source_file, size, origin), place)


def write_at(handle: int, values: Any, place: int) -> None:
    """Write bytes at a place of an open file."""
    rest = memoryview(values)
    while rest:
        written = os.pwrite(handle, rest, place)
        rest, place = rest[written:], place + written


def _plain(table: h5py.Dataset) -> bool:
    """Return whether the rows of a table lie in its file as they are, one after the other within a chunk that is full-width."""
    properties = table.id.get_create_plist()
    whole = table.chunks is not None and table.chunks[1:] == table.shape[1:]
    early = properties.get_alloc_time() == h5py.h5d.ALLOC_TIME_EARLY
    return whole and early and properties.get_nfilters() == 0 and properties.get_external_count() == 0


def _places(table: h5py.Dataset, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Yield where in the file rows ``start`` to ``stop`` lie, chunk by chunk: the first byte, and how many."""
    (chunk, *width), inner = table.chunks, (0,) * (table.ndim - 1)
    row = table.dtype.itemsize * math.prod(width)
    while start < stop:
        first = start - start % chunk
        place = table.id.get_chunk_info_by_coord((first, *inner)).byte_offset
        count = min(stop, first + chunk) - start
        yield place + (start - first) * row, count * row
        start += count


def _both(ones: Iterator[tuple[int, int]], others: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
    """Yield (place, other place, size) of the stretches that lie together in both of two files."""
    size, other_size = 0, 0
    place = other = 0
    for place, size in ones:
        while size:
            if not other_size:
                other, other_size = next(others)
            count = min(size, other_size)
            yield place, other, count
            place, other, size, other_size = place + count, other + count, size - count, other_size - count


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
