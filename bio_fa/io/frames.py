"""Frames: the activity that one append brings, (time, trial, neuron) by phase and population."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import ArrayLike, NDArray

from bio_fa.errors import RecordError, nearest
from bio_fa.io.nodes import PopulationInfo
from bio_fa.io.scratch import Scratch

SINGLE = np.dtype(np.float32)
Frames = Mapping[str, Mapping[str, NDArray[Any]]]
MOST_EDGES = 8000
"""Edges of bins, which are an attribute: HDF5 holds 64 KiB of them."""


def durations(
    frames: Frames, populations: Sequence[PopulationInfo], phases: Sequence[str], trials: int
) -> dict[str, int]:
    """Return how many frames each given phase has, in the order of ``phases``.

    Raises:
        RecordError: for an unknown phase, none at all, other populations than ``populations``, or another shape.
    """
    if not frames:
        raise RecordError(f"No phase was given to record; give at least one of {', '.join(phases)}.")
    for phase, recorded in frames.items():
        if phase not in phases:
            raise RecordError(f"No phase {phase!r} is recorded; {nearest(phase, phases)}")
        names = {info.name for info in populations}
        if set(recorded) != names:
            raise RecordError(f"Phase {phase!r} brings {sorted(recorded)} to record; give exactly {sorted(names)}.")
    return {phase: _duration(frames[phase], populations, phase, trials) for phase in phases if phase in frames}


def _duration(
    recorded: Mapping[str, NDArray[Any]], populations: Sequence[PopulationInfo], phase: str, trials: int
) -> int:
    time = len(np.atleast_1d(recorded[populations[0].name]))
    for info in populations:
        shape, allowed = np.shape(recorded[info.name]), (time, trials, len(info.recorded))
        if shape != allowed:
            given = f"{info.name!r} in phase {phase!r} has the shape {shape}"
            raise RecordError(f"{given}; give (time, trial, neuron) = {allowed}.")
    return time


def require_within(frames: Frames, most: float) -> None:
    """Refuse values that a record of this precision would turn into infinity.

    Raises:
        RecordError: for a value whose magnitude exceeds ``most``.
    """
    for phase, recorded in frames.items():
        for name, values in recorded.items():
            if (np.abs(values) > most).any():
                beyond = f"{name!r} in phase {phase!r} reaches beyond {most:g}, the largest float16"
                raise RecordError(f"{beyond}; record it as float32.")


def are_edges(edges: NDArray[Any]) -> bool:
    """Return whether numbers (edge,) can be the edges of bins: at least two, not too many, finite and ascending."""
    return 2 <= len(edges) <= MOST_EDGES and bool(np.isfinite(edges).all() and (np.diff(edges) > 0).all())


def by_trial(phases: Sequence[NDArray[Any]], scratch: Scratch, dtype: np.dtype[Any] = SINGLE) -> NDArray[Any]:
    """Return the frames of a population in each phase as rows: trial by trial, phase by phase, time within.

    They last until the next use of ``scratch``; frames that lie in memory as rows are not copied.
    """
    parts = [np.swapaxes(frames, 0, 1) for frames in phases]
    (trials, _, neurons), times = parts[0].shape, sum(each.shape[1] for each in parts)
    rows = _as_they_lie(parts, (trials, times, neurons), dtype)
    if rows is None:
        rows = scratch.array("rows", (trials, times, neurons), dtype)
        np.concatenate(parts, axis=1, out=rows, casting="same_kind")
    return rows.reshape(-1, neurons)


def _as_they_lie(parts: Sequence[NDArray[Any]], shape: tuple[int, int, int], dtype: np.dtype[Any]) -> NDArray[Any] | None:
    """Return parts (trial, time, neuron) as the one array (trial, times, neuron) that they are in memory; None: they are none."""
    steps = dtype.itemsize * shape[2] * shape[1], dtype.itemsize * shape[2], dtype.itemsize
    rows = as_strided(parts[0], shape, steps, writeable=False)
    stops = np.cumsum([each.shape[1] for each in parts])
    there = (rows[:, stop - each.shape[1] : stop] for each, stop in zip(parts, stops, strict=True))
    same = all(each.dtype == dtype and _place(each) == _place(other) for each, other in zip(parts, there, strict=True))
    return rows if same else None


def _place(array: NDArray[Any]) -> tuple[int, list[int]]:
    """Return where an array lies in memory: its first byte, and the steps along those axes that have any."""
    return array.ctypes.data, [step for step, size in zip(array.strides, array.shape, strict=True) if size > 1]


def whole_numbers(values: ArrayLike, trials: int, name: str) -> NDArray[np.int64]:
    """Return one whole number for each trial, (trial,).

    Raises:
        RecordError: when they are not whole or not as many.
    """
    array = np.asarray(values)
    if array.shape != (trials,) or array.dtype.kind not in "iu":
        given = f"The {name} has the shape {array.shape} and the type {array.dtype}"
        raise RecordError(f"{given}; give one whole number for each of the {trials} trials.")
    return array.astype(np.int64)
