"""Scratch: memory that is used again, because to get fresh memory from the system takes longer than to fill it."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Any, final

import numpy as np
from numpy.typing import DTypeLike, NDArray


@final
class Scratch:
    """Arrays that hold something until the next of the same name is asked for."""

    def __init__(self) -> None:
        self._held: dict[Hashable, NDArray[np.uint8]] = {}

    def array(self, name: Hashable, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Return an array whose values are whatever was there before."""
        size = math.prod(shape) * np.dtype(dtype).itemsize
        if name not in self._held or len(self._held[name]) < size:
            self._held[name] = np.empty(size, np.uint8)
        return self._held[name][:size].view(dtype).reshape(shape)
