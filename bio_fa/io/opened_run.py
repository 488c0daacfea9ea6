"""OpenedRun: what a run left, as labelled arrays whose values are read when they are asked for, and no sooner.

A label says what an axis is (``trial``, ``time``, ``neuron``, ``snapshot``, ``post``, ``pre``) and what each place on it is:
``run.activity("V1_E").sel(phase="free", epoch=2)`` needs no file format, and reads those frames only.
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeVar, final

import pandas as pd
import xarray as xr

from bio_fa.errors import RecordError, nearest
from bio_fa.io import labelled
from bio_fa.io.activity import ActivityReader
from bio_fa.io.hdf5 import RecordReader
from bio_fa.io.names import require_names
from bio_fa.io.plain import LONGEST, from_toml, read_bytes
from bio_fa.io.run_folder import RunFolder
from bio_fa.io.segments import ACTIVITY, VARIABLES, kind_of
from bio_fa.io.weights import WeightsReader

Reader = TypeVar("Reader", bound=RecordReader)

Trials = Literal["test", "learning"]
"""Of which trials there are records."""
TRIALS: tuple[Trials, ...] = ("test", "learning")
KEYS = {"activity": "record.trials", "potential": "record.potentials", "apical_potential": "record.potentials"}
"""The keys of a configuration that ask for a variable of test trials; ``record.variables`` does for the others."""
COMPARTMENTS = {"soma": "potential", "apical": "apical_potential"}
"""The variables that are the potentials of compartments."""


def open_run(path: Path | str) -> OpenedRun:
    """Open the folder of a run; nothing is read yet but what ``run.json`` says.

    Raises:
        RecordError: when the folder holds no readable run.
    """
    return OpenedRun(RunFolder.open(path))


@final
class OpenedRun:
    """A run's folder, to be read; a context manager. ``open_run`` makes one.

    Arrays stay lazy while they are selected from; their values are read, as a stranger's, by what computes with them. After
    ``close`` what was not read yet is refused.

    Raises:
        RecordError: by every method and property: for what the run did not record, an unknown name or a damaged file.
    """

    def __init__(self, folder: RunFolder) -> None:
        self.folder, self._files = folder, ExitStack()
        self._readers: dict[tuple[str, str], ActivityReader] = {}
        self.description: dict[str, Any] = self._table(folder.run)
        """What ``run.json`` says: what ran, how it ended, with what it was made."""

    def __repr__(self) -> str:
        said = [f"{key} {self.description.get(key)}" for key in ("model", "seed", "status")]
        return f"<OpenedRun {self.folder.path}: {', '.join(said + ['unfinished'] * self.unfinished)}>"

    @property
    def unfinished(self) -> bool:
        """Whether the run has not ended, so that there is only what it has committed so far."""
        return self.folder.unfinished

    def _table(self, path: Path) -> dict[str, Any]:
        found = self.folder.read_json(path)
        if not isinstance(found, dict):
            raise RecordError(f"{path} holds {type(found).__name__}, not a table; restore a copy or run again.")
        return found

    @cached_property
    def circuit(self) -> dict[str, Any]:
        """The circuit, as plain values."""
        return self._table(self.folder.circuit)

    @cached_property
    def config(self) -> dict[str, Any]:
        """The effective configuration; empty where the run was not made from a file."""
        path = self.folder.config
        try:
            return from_toml(read_bytes(path, LONGEST)) if path.exists() else {}
        except (ValueError, RecursionError) as error:
            raise RecordError(f"{path} cannot be read ({error}); restore a copy or run again.") from error

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """The measures, a row for each evaluation; a nested one has its path for a name: ``liveness.V1_E.silent``."""
        lines = self.folder.read_metrics() if self.folder.metrics.exists() else []
        try:
            return pd.json_normalize(lines).set_index("epoch") if lines else pd.DataFrame()
        except (LookupError, TypeError, ValueError, RecursionError) as error:
            raise RecordError(f"{self.folder.metrics} holds no measures ({error!r}); restore a copy or run again.") from error

    @property
    def populations(self) -> tuple[str, ...]:
        """Whose activity was recorded, in the circuit's order."""
        return tuple(info.name for info in self.reader().populations)

    @property
    def spiking(self) -> tuple[str, ...]:
        """Whose spikes were recorded, in the circuit's order."""
        return self.reader().spiking

    @property
    def probed(self) -> tuple[str, ...]:
        """Whose potentials were recorded, in the circuit's order."""
        return tuple(info.name for info in self.reader("potential").populations)

    @property
    def projections(self) -> tuple[str, ...]:
        """Whose weights were recorded, in the circuit's order."""
        return tuple(info.name for info in self._weights.synapses)

    def variables(self, trials: Trials = "test") -> tuple[str, ...]:
        """Return what was recorded of test trials, or of trials of learning, ``activity`` first."""
        _require_trials(trials)
        return tuple(each for each in (ACTIVITY, *VARIABLES) if self._holds(kind_of(each, trials)))

    def _holds(self, kind: str) -> bool:
        return (self.folder.path / f"{kind}.h5").exists() or bool(self.folder.segments.of(kind))

    def frames(self, population: str, variable: str = "activity", trials: Trials = "test") -> xr.DataArray:
        """Return what was recorded of a population, (trial, time, neuron), in the unit that its attribute ``units`` names.

        Coordinates: ``epoch``, ``label`` (−1: none) and ``stimulus`` of each trial; ``phase`` and ``time`` of each frame, in
        seconds since its trial began; ``neuron``, the number of each in its population, of whom some may have been recorded. Of
        histograms a frame is a bin, and ``bin`` its centre. ``phase``, ``epoch`` and ``neuron`` can be selected.
        """
        return labelled.frames(self.reader(variable, trials), population)

    def activity(self, population: str) -> xr.DataArray:
        """Return recorded activity of test trials, as ``frames`` does."""
        return self.frames(population)

    def potential(self, population: str, compartment: Literal["soma", "apical"] = "soma") -> xr.DataArray:
        """Return recorded membrane potentials of test trials, as ``frames`` does; some neurons have an apical one of their own."""
        if compartment not in COMPARTMENTS:
            raise RecordError(f"Neurons have no compartment {compartment!r}; {nearest(compartment, tuple(COMPARTMENTS))}")
        return self.frames(population, COMPARTMENTS[compartment])

    def spikes(self, population: str, trials: Trials = "test") -> xr.Dataset:
        """Return recorded spikes in their order, a value (spike,) of each: ``trial``, ``time`` and ``neuron``.

        ``trial`` is the place of the spike's trial among those of ``activity``; ``time`` is in seconds since that trial began,
        the beginning of the time step. ``phase``, ``epoch`` and ``label`` are those of its trial.
        """
        return labelled.spikes(self.reader(trials=trials), population)

    def weights(self, projection: str) -> xr.DataArray:
        """Return the magnitudes of a projection's synapses at every snapshot, (snapshot, post, pre).

        Coordinates: ``epoch`` and ``step`` (training trials) of each snapshot; ``exists``, whether there is a synapse, (post,
        pre). The attribute ``sign`` is +1, −1, or 0 where weights carry their own.
        """
        return labelled.weights(self._weights, projection)

    def reader(self, variable: str = "activity", trials: Trials = "test") -> ActivityReader:
        """Return the reader of the file that holds a variable; it closes with the run."""
        _require_trials(trials)
        require_names([variable], "variable")
        if (variable, trials) not in self._readers:
            key = KEYS.get(variable, "record.variables") if trials == "test" else "record.learning"
            self._readers[variable, trials] = self._open(self.folder.record(variable, trials), ActivityReader, key)
        return self._readers[variable, trials]

    @cached_property
    def _weights(self) -> WeightsReader:
        return self._open(self.folder.weights, WeightsReader, "training.snapshots")

    def _open(self, path: Path, reader: type[Reader], key: str) -> Reader:
        if not path.exists():
            raise RecordError(f"{self.folder.path} has no {path.name}: the run did not record it; set {key} and run again.")
        opened = reader(path)
        self._files.callback(opened.close)
        return opened

    def close(self) -> None:
        """Close the files; closing twice does nothing."""
        self._files.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _require_trials(trials: str) -> None:
    if trials not in TRIALS:
        raise RecordError(f"No {trials!r} trials are recorded; {nearest(trials, TRIALS)}")
