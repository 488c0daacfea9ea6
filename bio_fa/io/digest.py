"""Digest: what tells whether a file still holds the bytes that it held."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType
from typing import final

BLOCK = 1 << 22
"""Bytes that are hashed as one. Choice: 4 MiB, so that of a long file many are hashed side by side, or while it grows."""
_READ, _THREADS = 1 << 18, 4
_NONE: Mapping[int, bytes] = MappingProxyType({})

Wrote = Callable[[int, int, int], object]
"""What hears that bytes were written: the open file, their place and their number."""


def sha256(path: Path, known: Mapping[int, bytes] = _NONE) -> str:
    """Return the SHA-256 of a file, hexadecimal; of one longer than 4 MiB, that of the digests of its blocks in order.

    ``known``: the digests of some of its blocks, by number, which are not read again.
    """
    with path.open("rb") as file:
        handle, blocks = file.fileno(), range(-(-os.fstat(file.fileno()).st_size // BLOCK) or 1)
        if len(blocks) == 1:
            return _of_block(handle, 0).hex()
        with ThreadPoolExecutor(_THREADS) as threads:
            digests = threads.map(lambda block: known.get(block) or _of_block(handle, block), blocks)
            return hashlib.sha256(b"".join(digests)).hexdigest()


def _of_block(handle: int, block: int) -> bytes:
    digest, start, stop = hashlib.sha256(), block * BLOCK, (block + 1) * BLOCK
    while start < stop and (held := os.pread(handle, min(_READ, stop - start), start)):
        digest.update(held)
        start += len(held)
    return digest.digest()


@final
class Settled:
    """The digests of those blocks of a file in the making that are full of what was written once and for all."""

    def __init__(self) -> None:
        self.digests: dict[int, bytes] = {}
        self._filled = Counter[int]()
        self._sure = True

    def wrote(self, handle: int, place: int, size: int) -> None:
        """Take note of bytes that nothing will change."""
        stop = place + size
        for block in range(place // BLOCK, -(-stop // BLOCK)) if self._sure else ():
            self._filled[block] += min(stop, (block + 1) * BLOCK) - max(place, block * BLOCK)
            if self._filled[block] == BLOCK:
                self.digests[block] = _of_block(handle, block)

    def doubt(self) -> None:
        """Forget everything, because bytes may be written again after all."""
        self.digests, self._sure = {}, False
