"""RecordFiles: the files into which what a run observes streams, and how large they become."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import Self, final

from bio_fa.circuit import Circuit
from bio_fa.experiment import Experiment
from bio_fa.io.activity import ActivityWriter, PopulationInfo
from bio_fa.io.nodes import CELL_TYPE
from bio_fa.io.run_folder import RunFolder
from bio_fa.observation import Observed
from bio_fa.population import Area, Population
from bio_fa.recorder import SETTLED_FRAME


@final
class RecordFiles:
    """``activity.h5``, and ``report_potential.h5`` where potentials are recorded; a context manager.

    Raises:
        RecordError: when the disk refuses; what was committed before stays readable.
    """

    def __init__(self, experiment: Experiment, folder: RunFolder, provenance: Mapping[str, str]) -> None:
        self._experiment, self._folder, self._provenance = experiment, folder, provenance
        self._files = ExitStack()

    def __enter__(self) -> Self:
        record, circuit, protocol = self._experiment.record, self._experiment.circuit, self._experiment.protocol
        settled = protocol.phase(record.phase_names(protocol)[0]).duration is None
        self._activity = self._files.enter_context(
            ActivityWriter(
                self._folder.activity,
                [population_info(circuit, each) for each in record.population_list(circuit)],
                record.phase_names(protocol),
                record.frame(circuit, protocol),
                provenance=self._provenance,
                spiking=[each.name for each in record.spiking_list(circuit)],
                dt=None if settled else protocol.dt,
                windows=None if settled else [phase.window or protocol.dt for phase in record.phase_list(protocol)],
            )
        )
        probed = [population_info(circuit, each) for each in record.potential_list(circuit, protocol)]
        if probed:
            self._potential = self._files.enter_context(
                ActivityWriter(
                    self._folder.potential,
                    [replace(each, size=min(each.size, record.potentials)) for each in probed],
                    record.phase_names(protocol),
                    SETTLED_FRAME if settled else protocol.dt,
                    "potential",
                    "unit of the neuron",
                    self._provenance,
                )
            )
        return self

    def append(self, observed: Observed, epoch: int) -> None:
        """Commit what trials of an epoch did."""
        batch = observed.batch
        self._activity.append(observed.frames, batch.label, batch.trial, epoch, observed.spikes)
        potentials = {phase: kept for phase, kept in observed.potentials.items() if kept}
        if potentials:
            trials = next(iter(next(iter(potentials.values())).values())).shape[1]
            label = None if batch.label is None else batch.label[:trials]
            self._potential.append(potentials, label, batch.trial[:trials], epoch)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._files.__exit__(kind, error, trace)


def population_info(circuit: Circuit, population: Population) -> PopulationInfo:
    """Return what a record says about a population."""
    area: Area = next(each for each in circuit.areas if population in each.populations)
    role = "feedback" if population in area.feedback else "forward"
    return PopulationInfo(population.name, population.size, population.sign, area.name, role, CELL_TYPE[population.sign])
