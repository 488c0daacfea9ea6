"""Export: an experiment's first trials as a program that another simulator runs without bio_fa."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from bio_fa import backends
from bio_fa.errors import BackendError, RecordError
from bio_fa.experiment import Experiment
from bio_fa.io.commit import part_of, publish, write_text, writing
from bio_fa.synapses import Parameters

PROGRAM, DATA = "program.py", "data.npz"
"""The files that an export leaves."""


@runtime_checkable
class Exporter(Protocol):
    """A backend that can write a circuit as a program."""

    def export(self, *trial: Any) -> tuple[str, dict[str, np.ndarray]]:
        """Return the program and the arrays that it reads, for circuit, protocol, parameters, inputs and the seed of draws."""


def export(
    experiment: Experiment,
    folder: Path | str,
    to: str = "brian2",
    trials: int = 1,
    overwrite: bool = False,
    parameters: Parameters | None = None,
) -> Path:
    """Write the program of the first test trials, and the arrays that it reads, into a folder; return the program's path.

    The synapses are those with which the experiment starts, or ``parameters``. The trials have the random starts and the
    source spikes of the first batch that a simulation of the same seed runs.

    Raises:
        BackendError: for a backend that writes no programs, or that cannot run the circuit.
        RecordError: when the folder holds an export (without ``overwrite``) or cannot be written.
        DataError: when the task's data are missing, or fewer than one trial is asked for.
    """
    machine = backends.get(to)
    if not isinstance(machine, Exporter):
        raise BackendError(f"{to} writes no programs; export to brian2.")
    circuit, split = experiment.circuit, experiment.dataset().test.first(trials)
    inputs = {circuit.input: split.stimulus, circuit.output: split.target}
    synapses = experiment.beginning().parameters if parameters is None else parameters
    text, data = machine.export(circuit, experiment.protocol, synapses, inputs, experiment.seed)
    place = Path(folder)
    _refuse_occupied(place, overwrite)
    with writing(place):
        place.mkdir(parents=True, exist_ok=True)
    _write_arrays(place / DATA, data)
    write_text(place / PROGRAM, text)
    return place / PROGRAM


def _refuse_occupied(place: Path, overwrite: bool) -> None:
    """Refuse a folder that holds an export already."""
    found = [name for name in (PROGRAM, DATA) if (place / name).exists()]
    if found and not overwrite:
        raise RecordError(f"{place} holds {found[0]!r} already; choose another folder, or overwrite it.")


def _write_arrays(path: Path, data: dict[str, np.ndarray]) -> None:
    """Write arrays atomically."""
    part = part_of(path)
    with writing(path):
        try:
            with part.open("wb") as file:
                np.savez_compressed(file, **data)  # type: ignore[arg-type]
            publish(part, path)
        finally:
            part.unlink(missing_ok=True)
