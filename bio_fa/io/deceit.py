"""Deceit: how a dataset of a stranger's file could reach beyond that file or beyond memory."""

from __future__ import annotations

import math
from pathlib import Path

import h5py

_SHRINKS = {h5py.h5z.FILTER_SHUFFLE: 1, h5py.h5z.FILTER_DEFLATE: 1032}
"""The filters that are read, and how many times smaller each can make the data; deflate's limit is 1032:1."""


WHOLE, UNPACKED = 1 << 26, 32
"""Bytes that are read at once, or how many times the size of the file if that is more: gzip packs no record of a run so tightly."""
CHUNK = 1 << 26
"""Bytes of the largest chunk that is unpacked, whatever part of it is asked for."""


def deceit(dataset: h5py.Dataset) -> str | None:
    """Return what is wrong with how a dataset is stored, or None if reading it is safe."""
    layout = dataset.id.get_create_plist()
    filters = {layout.get_filter(index)[0] for index in range(layout.get_nfilters())}
    if dataset.is_virtual or layout.get_external_count():
        return "takes its values from another file"
    if not filters <= set(_SHRINKS):
        return "uses a filter other than gzip and shuffle"
    stored = dataset.id.get_storage_size()
    most = stored * math.prod(_SHRINKS[each] for each in filters)
    if stored > Path(dataset.file.filename).stat().st_size or _claimed(dataset) > most:
        return "claims more values than the file holds"
    if math.prod(dataset.chunks or ()) * dataset.id.get_type().get_size() > CHUNK:
        return f"has chunks of more than {CHUNK} bytes"
    return None


def excess(dataset: h5py.Dataset) -> str | None:
    """Return what is wrong with reading a dataset as a whole, or None if memory holds it."""
    most = max(WHOLE, UNPACKED * Path(dataset.file.filename).stat().st_size)
    return f"would unpack to {dataset.nbytes} bytes, far more than the file has" if dataset.nbytes > most else None


def _claimed(dataset: h5py.Dataset) -> int:
    """Return the bytes that reading may take: the values, or one chunk if that is more."""
    size = math.prod(dataset.shape)
    chunk = math.prod(dataset.chunks or ()) if size else 0
    return int(max(size, chunk) * dataset.id.get_type().get_size())
