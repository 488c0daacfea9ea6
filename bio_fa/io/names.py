"""Names: what the groups of a file may be called, and how a file holds words.

Choice: words have a fixed length. A reader need not believe a file about their size, and HDF5 hangs on damaged words of
variable length (HDFGroup/hdf5, issue 1707).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from bio_fa.errors import RecordError

_NAME = re.compile(r"[A-Za-z0-9_-]{1,160}")


def is_name(text: str) -> bool:
    """Return whether a group may be called so; no such name leads out of its group, a folder or a page."""
    return _NAME.fullmatch(text) is not None


def require_names(names: Sequence[str], what: str) -> None:
    """Refuse names that groups cannot have.

    Raises:
        RecordError: for no name at all, an illegal one, or one that is given twice.
    """
    for name in names:
        if not is_name(name):
            raise RecordError(f"The {what} name {name!r} is not allowed; give 1 to 160 letters, digits, '_' and '-'.")
    if not names or len(set(names)) < len(names):
        listed = ", ".join(names) or "(none)"
        raise RecordError(f"The {what} names {listed} are not allowed; give at least one, and each once.")


def texts(values: Sequence[str]) -> NDArray[Any]:
    """Return words as UTF-8 of a fixed length."""
    encoded = [value.encode() for value in values]
    return np.array(encoded, dtype=h5py.string_dtype("utf-8", max([1, *map(len, encoded)])))


def text(value: str) -> NDArray[Any]:
    """Return one word as UTF-8 of a fixed length."""
    return texts([value])[0]  # type: ignore[no-any-return]
