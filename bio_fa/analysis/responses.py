"""Responses: what a population answered to each trial of the last recorded epoch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bio_fa.analysis.run_table import run_table
from bio_fa.errors import RecordError
from bio_fa.io.activity import ActivityReader
from bio_fa.io.run_folder import RunFolder

TELLING = ("activity", "mean", "last")
"""What a record can hold from which responses can be told: every frame, or what stands for all of a phase."""


def require_activity(reader: ActivityReader) -> None:
    """Refuse a record of something else.

    Raises:
        RecordError: for sums and counts of activity.
    """
    if reader.variable not in TELLING:
        told = f"{reader.path} holds a {reader.variable} of activity"
        raise RecordError(f"{told}; record activity, its mean or last to see responses.")


def last_epoch(reader: ActivityReader) -> float:
    """Return the last epoch of which trials were recorded.

    Raises:
        RecordError: when no trial was recorded.
    """
    epochs = reader.trials()["epoch"]
    if not len(epochs):
        raise RecordError("The activity file holds no trial; record some activity to see responses.")
    return float(np.max(epochs))


def first_phase(reader: ActivityReader) -> str:
    """Return the first phase that was recorded in the last epoch: the one whose answers count."""
    trials = reader.trials()
    return reader.phases[int(np.min(trials["phase"][trials["epoch"] == last_epoch(reader)]))]


def responses(reader: ActivityReader, population: str, phase: str) -> NDArray[np.floating[Any]]:
    """Return a population's activity in one phase of the last epoch, averaged over its window: (trial, neuron)."""
    return np.asarray(window(reader, population, phase).mean(axis=1))


def window(reader: ActivityReader, population: str, phase: str) -> NDArray[np.floating[Any]]:
    """Return the last epoch's frames of one phase that lie in its window, which answer and rules read: (trial, time, neuron).

    Raises:
        RecordError: when sums or counts of activity were recorded.
    """
    require_activity(reader)
    frames: NDArray[np.floating[Any]] = reader.frames(population, phase=phase, epoch=last_epoch(reader))
    share = reader.windows[reader.phases.index(phase)] / reader.frame
    return frames if share >= frames.shape[1] else frames[:, -max(1, round(share)) :]


def labels(reader: ActivityReader, phase: str) -> NDArray[np.int64]:
    """Return the labels of the trials that ``responses`` returns: (trial,); −1 where a trial has none."""
    trials = reader.trials()
    chosen = (trials["epoch"] == last_epoch(reader)) & (trials["phase"] == reader.phases.index(phase))
    return np.asarray(trials["label"][chosen], dtype=np.int64)


def predictions(folder: RunFolder) -> tuple[NDArray[np.floating[Any]], NDArray[np.int64]]:
    """Return the output population's activity in the first phase (trial, class) and the labels (trial,).

    Raises:
        RecordError: when the output, or some of its neurons, were not recorded, or its trials carry no label.
    """
    output = str(run_table(folder).get("output"))
    with ActivityReader(folder.activity) as reader:
        _require_all(reader, output)
        phase = first_phase(reader)
        activity, label = responses(reader, output, phase), labels(reader, phase)
    if not len(label) or label.min() < 0:
        raise RecordError(f"The recorded trials of {output!r} carry no labels; predictions need a classification task.")
    return activity, label


def _require_all(reader: ActivityReader, population: str) -> None:
    some = next((each for each in reader.populations if each.name == population and len(each.recorded) < each.size), None)
    if some is not None:
        held = f"{len(some.recorded)} of {some.size} neurons of {population!r} were recorded"
        raise RecordError(f"Only {held}; predictions need them all, so leave record.neurons out.")
