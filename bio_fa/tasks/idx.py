"""The IDX file format: one array of numbers, plain or compressed with gzip.

    byte 0, 1    zero
    byte 2       the type of the numbers (``TYPES``)
    byte 3       the number of dimensions
    4 bytes each the size of a dimension, big-endian
    the rest     the numbers, big-endian, the last dimension varying fastest

Source: LeCun, Cortes & Burges, "The MNIST database of handwritten digits", section "File formats".
"""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import IO, cast

import numpy as np

from bio_fa.errors import DataError

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
"""The type of the numbers by the third byte of the file."""

LARGEST = 2**30
"""The most bytes of numbers that a file may claim to hold."""

_DIMENSIONS = 32
_CHUNK = 2**20
_GZIP = b"\x1f\x8b"


def read(path: Path) -> np.ndarray:
    """Return the array of an IDX file, in the machine's byte order.

    No more memory is used than for the numbers that the file really holds, whatever its header claims.

    Raises:
        DataError: when the file is missing, unreadable, empty, damaged, or longer or shorter than its header says.
    """
    try:
        with _opened(path) as stream:
            return _parsed(stream, path)
    except (OSError, EOFError, zlib.error) as problem:
        raise DataError(f"{path}: it cannot be read ({problem}); give a whole IDX file, plain or gzip.") from problem


def _opened(path: Path) -> IO[bytes]:
    if not path.is_file():
        raise DataError(f"{path}: there is no such file; give an IDX file, plain or gzip.")
    with path.open("rb") as stream:
        compressed = stream.read(len(_GZIP)) == _GZIP
    return cast(IO[bytes], gzip.open(path)) if compressed else path.open("rb")


def _parsed(stream: IO[bytes], path: Path) -> np.ndarray:
    dtype, shape = _header(stream, path)
    size = math.prod(shape) * dtype.itemsize
    if not 0 < size <= LARGEST:
        raise DataError(f"{path}: its header claims {shape} numbers, {size} bytes; allowed are 1 to {LARGEST} bytes.")
    data = _bytes(stream, size + 1)
    if len(data) != size:
        found = "holds more" if len(data) > size else f"holds only {len(data)}"
        raise DataError(f"{path}: its header claims {size} bytes of numbers, it {found}; fetch the file again.")
    return np.frombuffer(data, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def _header(stream: IO[bytes], path: Path) -> tuple[np.dtype, tuple[int, ...]]:
    magic = _bytes(stream, 4)
    if not magic:
        raise DataError(f"{path}: the file is empty; give a whole IDX file.")
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in TYPES or not 1 <= magic[3] <= _DIMENSIONS:
        raise DataError(f"{path}: it begins with {magic.hex(' ')}, which no IDX file does; give an IDX file.")
    sizes = _bytes(stream, 4 * magic[3])
    if len(sizes) < 4 * magic[3]:
        raise DataError(f"{path}: it ends inside its header; fetch the file again.")
    return np.dtype(TYPES[magic[2]]), tuple(np.frombuffer(sizes, ">u4").tolist())


def _bytes(stream: IO[bytes], most: int) -> bytearray:
    """Return the next bytes, ``most`` at most, without setting aside room for any that are not there."""
    data = bytearray()
    while chunk := stream.read(min(_CHUNK, most - len(data))):
        data += chunk
    return data
