"""Beginning: the synapses with which a run starts, drawn from its seed or taken over from a finished run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bio_fa.circuit import Circuit
from bio_fa.errors import DescriptionError, RecordError
from bio_fa.io.run_folder import RunFolder
from bio_fa.io.weights import WeightsReader
from bio_fa.synapses import Parameters, Synapses

SAID = ("name", "model", "learning", "status")
"""What ``run.json`` says of the run from which weights are taken."""


@dataclass(frozen=True)
class Beginning:
    """The parameters with which a run starts, and where they are from."""

    parameters: Parameters
    origin: dict[str, Any] | None = None
    """The finished run: ``name``, ``model`` and ``learning`` as it says, the projections ``taken`` over and those ``drawn``;
    None: all were drawn."""


def beginning(circuit: Circuit, seed: int, run: str | None) -> Beginning:
    """Return the synapses drawn from ``seed``, in which those that fit are replaced by the last weights of the folder ``run``.

    A projection fits whose name, sign, shape and mask are the same. Constraints and ties then hold as at every start.

    Raises:
        RecordError: when the folder holds no finished run, or its files are damaged.
        DescriptionError: when no projection between populations fits, or weights are not those of its signs.
    """
    drawn = circuit.sample(seed)
    if run is None:
        return Beginning(drawn)
    folder = RunFolder.open(Path(run).expanduser())
    told = _told(folder)
    with WeightsReader(folder.weights) as reader:
        taken = _fitting(circuit, drawn, reader)
    if all(circuit.projection(name).from_tonic for name in taken):
        fits = f"no projection of {run} has the name, sign and synapses of one of its own"
        raise DescriptionError(f"{circuit.title()}: {fits}; start from a run of such a circuit, with the same seed.")
    rest = [name for name in drawn if name not in taken]
    return Beginning(circuit.sample(seed, taken), {**told, "taken": list(taken), "drawn": rest})


def _told(folder: RunFolder) -> dict[str, str]:
    """Return what a finished run says of itself."""
    table = folder.read_json(folder.run)
    told = {key: str(table[key]) for key in SAID if key in table} if isinstance(table, dict) else {}
    if len(told) < len(SAID):
        raise RecordError(f"{folder.run} does not say what ran; give the folder of a finished run.")
    if told.pop("status") != "finished":
        raise RecordError(f"{folder.path}: the run is {table['status']}; start from one that is finished.")
    return told


def _fitting(circuit: Circuit, drawn: Parameters, reader: WeightsReader) -> Parameters:
    """Return the last weights of the projections that the circuit has too, with the same synapses."""
    signs, taken = {each.name: each.sign for each in reader.synapses}, {}
    for each in circuit.projections:
        mask = drawn[each.name].mask
        known = each.name in signs and signs[each.name] == circuit.sign(each)
        if not known or not np.array_equal(reader.mask(each.name), mask):
            continue
        w = reader.weights("final", each.name).astype(float)
        for constraint in circuit.constraints(each):
            w = constraint.apply(w, mask)
        taken[each.name] = Synapses(w, mask)
    return taken
