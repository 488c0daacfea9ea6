"""Lasting: what of a simulation's state outlives a trial, in NumPy's arrays; all by which it goes on after an interruption."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bio_fa.backends.base import State
from bio_fa.draws import Draws
from bio_fa.ops import Quantity

ARRAYS = ("weights", "masks", "updates", "means")
"""What holds arrays."""


def saved(state: State, numpy: Callable[[Quantity], np.ndarray]) -> dict[str, Any]:
    """Return what a state holds between two trials; what the last one remembers is spent."""
    arrays = {name: _each(getattr(state, name), numpy) for name in ARRAYS}
    return {**arrays, "draws": (state.draws.seed, state.draws.number), "trials": state.trials}


def restored(saved: Mapping[str, Any], quantity: Callable[[np.ndarray], Quantity]) -> State:
    """Return the state that was saved, in a backend's own kind of arrays.

    An array whose columns, not rows, lay together is so again, because sums of it depend on that in the last bit.
    """

    def own(array: np.ndarray) -> Quantity:
        return quantity(array) if array.flags.c_contiguous else quantity(array.T).T

    arrays = {name: _each(saved[name], own) for name in ARRAYS}
    return State(**arrays, draws=Draws(*saved["draws"]), trials=saved["trials"])


def _each(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return nested dictionaries and tuples with every array in them changed."""
    if isinstance(value, dict):
        return {key: _each(each, change) for key, each in value.items()}
    if isinstance(value, tuple):
        return tuple(_each(each, change) for each in value)
    return value if isinstance(value, int | float | np.random.Generator) else change(value)
