"""Account: what ``run.json`` says of a run."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from bio_fa.beginning import Beginning
from bio_fa.errors import RecordError
from bio_fa.examination import ceiling
from bio_fa.experiment import Experiment
from bio_fa.io.provenance import provenance
from bio_fa.io.run_folder import RunFolder
from bio_fa.learning import GradientLearning
from bio_fa.pathways import feedback_pairs
from bio_fa.population import TONIC
from bio_fa.training import Training

THEN = ", then "
"""Between one way to learn and the next."""
ENDED = ("diverged", "stopped")
"""How runs end of themselves before they have finished."""


def account(experiment: Experiment, source: str, training: Training, command: Sequence[str] | None) -> dict[str, Any]:
    """Return what ``run.json`` says beside status and timing; ``source``: of the data; ``command``: the command line."""
    circuit = experiment.circuit
    return {
        "name": experiment.name,
        "seed": experiment.seed,
        "learning": _learning(experiment, training.beginning),
        "start": training.beginning.origin,
        "model": circuit.name,
        "dalean": circuit.dalean,
        "spiking": circuit.spiking,
        "input": circuit.input,
        "output": circuit.output,
        "tonic": TONIC,
        "sources": [*experiment.sources(), *experiment.loss.sources(), f"Data: {source}"],
        "alignment_pairs": feedback_pairs(circuit),
        "ceilings": {population.name: ceiling(population, experiment.protocol) for population in circuit.populations},
        "signed_activity": [population.name for population in circuit.populations if population.neuron.signed],
        "skipped": training.skipped,
        "provenance": {**provenance(experiment.seed, command), "processes": training.team.size},
    }


def _learning(experiment: Experiment, beginning: Beginning) -> str:
    """Return in which ways the weights have been learned, in order, such as ``gradient, then local``."""
    earlier = beginning.origin["learning"].split(THEN) if beginning.origin else []
    own = ("gradient" if isinstance(each, GradientLearning) else "local" for each in experiment.ways)
    return THEN.join(way for way, _ in groupby([*earlier, *own]))


def has_finished(folder: Path | str) -> bool:
    """Return whether a folder holds a run that has finished.

    Raises:
        RecordError: when it holds one that ended of itself, so that it cannot go on.
    """
    place = RunFolder(Path(folder))
    found = place.read_json(place.run) if place.run.is_file() else None
    table = found if isinstance(found, dict) else {}
    if table.get("status") in ENDED:
        how = f"{table['status']} ({table.get('message')})"
        raise RecordError(f"{place.path} holds a run that ended as {how} and cannot go on; change it and run with --overwrite.")
    return bool(table.get("status") == "finished")


def said_before(folder: RunFolder) -> dict[str, Any]:
    """Return what ``run.json`` says of a run that goes on.

    Raises:
        RecordError: when it does not say with what the run was made.
    """
    table = folder.read_json(folder.run)
    made = table.get("provenance") if isinstance(table, dict) and isinstance(table.get("resumed", []), list) else None
    if not isinstance(made, dict) or "bio_fa" not in made or not isinstance(made.get("packages"), dict):
        remedy = "restore a copy, or run anew with --overwrite"
        raise RecordError(f"{folder.run} does not say with what the run was made; {remedy}.")
    return dict(table)
