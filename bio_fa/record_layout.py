"""RecordLayout: which files a run's record has, and what each says of populations and projections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from bio_fa.circuit import Circuit
from bio_fa.experiment import Experiment
from bio_fa.io.activity import ActivityWriter, PopulationInfo
from bio_fa.io.nodes import CELL_TYPE
from bio_fa.io.segments import ACTIVITY, LEARNING, WEIGHTS
from bio_fa.io.weights import SynapseInfo, WeightsWriter
from bio_fa.population import Area, Population
from bio_fa.projection import Projection
from bio_fa.recorder import UNITS
from bio_fa.reduction import Histogram


@dataclass(frozen=True)
class RecordLayout:
    """How the record of an experiment is laid out.

    Args:
        experiment: what is recorded.
        provenance: texts about where the record comes from.
    """

    experiment: Experiment
    provenance: Mapping[str, str]

    def writer(self, kind: str, path: Path, after: tuple[int, int]) -> ActivityWriter | WeightsWriter:
        """Return the writer of a file that goes on after so many rows and trials.

        Raises:
            RecordError: when the disk refuses.
        """
        if kind == WEIGHTS:
            return WeightsWriter(path, synapse_infos(self.experiment.circuit))
        if kind in (ACTIVITY, LEARNING):
            return self._activity(path, after)
        variable = kind.removeprefix("report_")
        return (self._variable if variable in UNITS else self._potential)(variable, path, after)

    def _activity(self, path: Path, after: tuple[int, int]) -> ActivityWriter:
        record, circuit, protocol = self.experiment.record, self.experiment.circuit, self.experiment.protocol
        reduction = record.reduction
        return ActivityWriter(
            path,
            [self.recorded(each) for each in record.population_list(circuit)],
            record.phase_names(protocol),
            record.frame(circuit, protocol),
            variable="activity" if reduction is None else reduction.kind(),
            units="normalised" if reduction is None else reduction.unit,
            spiking=[each.name for each in record.spiking_list(circuit)],
            dt=None if self._settles or not record.spiking_list(circuit) else protocol.dt,
            windows=None if self._settles else [phase.window or protocol.dt for phase in record.phase_list(protocol)],
            edges=reduction.edges if isinstance(reduction, Histogram) else None,
            after=after,
            **self._options,
        )

    def _variable(self, variable: str, path: Path, after: tuple[int, int]) -> ActivityWriter:
        record, circuit, protocol = self.experiment.record, self.experiment.circuit, self.experiment.protocol
        return ActivityWriter(
            path,
            [self.recorded(each) for each in record.variable_list(variable, circuit)],
            record.phase_names(protocol, variable),
            record.phase_seconds(protocol),
            variable,
            UNITS[variable],
            after=after,
            **self._options,
        )

    def _potential(self, potential: str, path: Path, after: tuple[int, int]) -> ActivityWriter:
        record, circuit, protocol = self.experiment.record, self.experiment.circuit, self.experiment.protocol
        probed = [population_info(circuit, each) for each in record.potential_list(circuit, protocol, potential)]
        return ActivityWriter(
            path,
            [replace(each, neurons=tuple(range(min(each.size, record.potentials)))) for each in probed],
            record.phase_names(protocol),
            record.phase_seconds(protocol) if self._settles else protocol.dt,
            potential,
            "unit of the neuron",
            self.provenance,
            after=after,
        )

    def recorded(self, population: Population) -> PopulationInfo:
        """Return what the record says about a population of which it has the chosen neurons."""
        return replace(population_info(self.experiment.circuit, population), neurons=self.chosen[population.name])

    @cached_property
    def chosen(self) -> dict[str, tuple[int, ...] | None]:
        """The recorded neurons of each recorded population; None: all."""
        record, seed = self.experiment.record, self.experiment.seed
        return {each.name: record.chosen(each, seed) for each in record.population_list(self.experiment.circuit)}

    @property
    def _options(self) -> dict[str, Any]:
        record = self.experiment.record
        return {"provenance": self.provenance, "precision": record.precision, "compression": record.compression}

    @property
    def _settles(self) -> bool:
        """Whether the recorded phases settle."""
        return self.experiment.record.phase_list(self.experiment.protocol)[0].duration is None


def population_info(circuit: Circuit, population: Population) -> PopulationInfo:
    """Return what a record says about a population."""
    area: Area = next(each for each in circuit.areas if population in each.populations)
    role = "feedback" if population in area.feedback else "forward"
    return PopulationInfo(population.name, population.size, population.sign, area.name, role, CELL_TYPE[population.sign])


def synapse_infos(circuit: Circuit) -> Sequence[SynapseInfo]:
    """Return what a record says about the synapses of each projection."""
    return [_synapse_info(circuit, each) for each in circuit.projections]


def _synapse_info(circuit: Circuit, projection: Projection) -> SynapseInfo:
    pre = circuit.shape(projection)[1]
    return SynapseInfo(
        projection.name,
        projection.pre,
        projection.post,
        circuit.sign(projection),
        projection.compartment,
        plastic=not projection.fixed,
        density=projection.connectivity.in_degree(pre) / pre,
    )
