"""Liveness: whether the populations of a run carried any signal, without which a comparison says nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bio_fa.analysis.responses import first_phase, last_epoch, responses
from bio_fa.analysis.run_table import run_table
from bio_fa.io.activity import ActivityReader
from bio_fa.io.run_folder import RunFolder
from bio_fa.measures import participation_ratio, saturated_fraction, silent_fraction


def liveness(folder: RunFolder) -> dict[str, dict[str, float | None]]:
    """Return, per population, what its neurons did over all phases of the last epoch's recorded trials.

    ``silent`` and ``saturated``: fractions of neurons at zero, or at their ceiling, throughout (None: no ceiling).
    ``mean``: activity, in the unit of the record. ``dimension``: participation ratio of the first phase's responses.

    Raises:
        RecordError: when the activity cannot be read.
    """
    ceilings = run_table(folder).get("ceilings") or {}
    with ActivityReader(folder.activity) as reader:
        return {each.name: _population(reader, each.name, ceilings.get(each.name)) for each in reader.populations}


def _population(reader: ActivityReader, name: str, ceiling: float | None) -> dict[str, float | None]:
    activity = _all_phases(reader, name)
    return {
        "silent": silent_fraction(activity),
        "saturated": None if ceiling is None else saturated_fraction(activity, ceiling),
        "mean": float(activity.mean()),
        "dimension": participation_ratio(responses(reader, name, first_phase(reader))),
    }


def _all_phases(reader: ActivityReader, name: str) -> NDArray[np.floating[Any]]:
    """Return the last epoch's frames, phase after phase because phases differ in duration: (frame, neuron)."""
    epoch = last_epoch(reader)
    frames = [reader.frames(name, phase=phase, epoch=epoch) for phase in reader.phases]
    return np.concatenate([each.reshape(-1, each.shape[-1]) for each in frames])
