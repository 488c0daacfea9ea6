"""Chronology: whether the time of a record goes on, from frame to frame, trial to trial, spike to spike, and file to file."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from bio_fa.io.activity import ActivityReader
from bio_fa.io.values import ValuesReader
from bio_fa.io.weights import WeightsReader

TOLERANCE = 1e-9
"""By how much two moments may differ that are the same, as a fraction, or in ms. Choice: far less than any time step."""


def stops(files: Sequence[Path]) -> Iterator[str]:
    """Yield, for each place where the time of files that follow each other does not go on, a sentence that says so."""
    ends: dict[str, float] = {}
    for path in files:
        with ValuesReader(path) as reader:
            if reader.kind == ActivityReader.format:
                yield from (f"{path.name}: {each}." for each in _of_activity(reader, ends))
            elif reader.kind == WeightsReader.format:
                yield from (f"{path.name}: {each}." for each in _of_snapshots(reader))


def turns(lines: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield a sentence for each line of the metrics that is not after the one before."""
    for number, (before, after) in enumerate(pairwise(lines), start=2):
        for key in ("epoch", "trial", "seconds"):
            went = (before.get(key) or 0, after.get(key) or 0)
            if went[1] < went[0] or (key == "epoch" and went[0] == went[1]):
                yield f"metrics.jsonl: {key} goes from {went[0]} to {went[1]} in line {number}."


def _of_activity(reader: ValuesReader, ends: dict[str, float]) -> Iterator[str]:
    """Check a file that begins where the one before, of the same population and variable, ended; its own end is noted."""
    for name in reader.within("report"):
        axis = reader.column(f"report/{name}/mapping/time").tolist()
        if len(axis) != 3:
            yield f"{name} has {len(axis)} moments for start, stop and step"
            continue
        start, stop, step = axis
        rows = sum(len(block) for block in reader.blocks(f"report/{name}/data", ndim=2))
        before = ends.get(key := f"{reader.path.stem.partition('-')[0]}/{name}", start)
        if not (step > 0 and start >= 0 and _close(stop, start + rows * step)):
            yield f"{name} has {rows} frames from {start} to {stop} ms, {step} ms apart"
        elif not _close(before, start):
            yield f"{name} begins at {start} ms, but the file before ended at {before} ms"
        ends[key] = stop
    yield from _of_trials(reader)
    yield from (each for path in reader.numbers() if path.startswith("spikes/") for each in _of_spikes(reader, path))


def _of_trials(reader: ValuesReader) -> Iterator[str]:
    start, stop = (reader.column(f"trials/{key}") for key in ("start_time", "stop_time"))
    if len(start) != len(stop) or not (stop >= start).all():
        yield "a trial ends before it begins"
    elif not np.allclose(start[1:], stop[:-1], rtol=TOLERANCE, atol=TOLERANCE):
        yield "a trial does not begin where the one before ended"
    for key in ("trial", "epoch"):
        numbers = reader.column(f"trials/{key}", "i")
        if not (numbers[1:] >= numbers[:-1]).all():
            yield f"the numbers of {key}s go down"


def _of_spikes(reader: ValuesReader, path: str) -> Iterator[str]:
    last = 0.0
    for block in reader.blocks(path, ndim=1):
        if len(block) and not (block[0] >= last and (block[1:] >= block[:-1]).all()):
            yield f"{path} go back in time"
            return
        last = float(block[-1]) if len(block) else last


def _of_snapshots(reader: ValuesReader) -> Iterator[str]:
    for key, kind in (("step", int), ("epoch", float)):
        taken = [reader.said(f"snapshots/{each}", key, kind) for each in reader.within("snapshots")]
        if any(not before <= after for before, after in pairwise(taken)):
            yield f"the {key}s of its snapshots go down"


def _close(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
