"""Liveness: whether the populations of a run carried any signal, without which a comparison says nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bio_fa.analysis.responses import first_phase, last_epoch, require_activity, responses
from bio_fa.analysis.run_table import run_table
from bio_fa.io.activity import ActivityReader
from bio_fa.io.run_folder import RunFolder
from bio_fa.measures import participation_ratio, saturated_fraction, silent_fraction


def liveness(folder: RunFolder) -> dict[str, dict[str, float | None]]:
    """Return, per population, what its neurons did over all phases of the last epoch's recorded trials.

    ``silent`` and ``saturated``: fractions of neurons at zero, or at their ceiling, throughout (None: no ceiling).
    ``mean``: activity, in the unit of the record. ``dimension``: participation ratio of the first phase's responses.

    In a circuit with spikes the frames of a phase are averaged over its window first, because a time step holds a spike or none,
    and the ceiling is that of firing as often as time step and refractory time allow.

    Raises:
        RecordError: when the activity cannot be read, or sums or counts of it were recorded.
    """
    table = run_table(folder)
    ceilings, spiking = table.get("ceilings") or {}, bool(table.get("spiking"))
    with ActivityReader(folder.activity) as reader:
        require_activity(reader)
        return {each.name: _population(reader, each.name, ceilings.get(each.name), spiking) for each in reader.populations}


def _population(reader: ActivityReader, name: str, ceiling: float | None, spiking: bool) -> dict[str, float | None]:
    activity = _all_phases(reader, name, spiking)
    return {
        "silent": silent_fraction(activity),
        "saturated": None if ceiling is None else saturated_fraction(activity, ceiling),
        "mean": float(activity.mean()),
        "dimension": participation_ratio(responses(reader, name, first_phase(reader))),
    }


def _all_phases(reader: ActivityReader, name: str, averaged: bool) -> NDArray[np.floating[Any]]:
    """Return the last epoch's frames, phase after phase because phases differ in duration, all or ``averaged``: (frame, neuron)."""
    if averaged:
        return np.concatenate([responses(reader, name, phase) for phase in _recorded(reader)])
    epoch = last_epoch(reader)
    frames = [reader.frames(name, phase=phase, epoch=epoch) for phase in reader.phases]
    return np.concatenate([each.reshape(-1, each.shape[-1]) for each in frames])


def _recorded(reader: ActivityReader) -> list[str]:
    """Return the phases that the last epoch recorded."""
    trials = reader.trials()
    return [reader.phases[each] for each in np.unique(trials["phase"][trials["epoch"] == last_epoch(reader)])]
