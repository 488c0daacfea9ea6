"""RecordFiles: the files into which what a run observes and learns streams, one segment of each kind after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import Any, Self, final

from bio_fa.circuit import Circuit
from bio_fa.experiment import Experiment
from bio_fa.io.activity import ActivityReader, ActivityWriter, PopulationInfo
from bio_fa.io.commit import sha256
from bio_fa.io.nodes import CELL_TYPE
from bio_fa.io.run_folder import RunFolder
from bio_fa.io.weights import SynapseInfo, WeightsWriter
from bio_fa.observation import Observed
from bio_fa.population import Area, Population
from bio_fa.projection import Projection
from bio_fa.recorder import SETTLED_FRAME
from bio_fa.synapses import Parameters

CHECKPOINT_BYTES = 32
"""What a possible synapse takes in a checkpoint, at most: its weight, whether it exists, and two numbers of the update."""


@final
class RecordFiles:
    """Segments of activity, of potentials where they are recorded, and of weights, begun when there is something to write.

    A context manager, which completes the open segments when it is left, come what may.

    Args:
        experiment: what is recorded.
        folder: where.
        provenance: texts about where the record comes from.
        segments: the SHA-256 of those that there are, by name, where a run goes on.

    Raises:
        RecordError: when the disk refuses; what was committed before stays readable.
    """

    def __init__(
        self, experiment: Experiment, folder: RunFolder, provenance: Mapping[str, str], segments: Mapping[str, str] | None = None
    ) -> None:
        self._experiment, self._folder, self._provenance = experiment, folder, provenance
        self._segments, self._files = dict(segments or {}), ExitStack()
        self._open: dict[str, Any] = {}

    def append(self, observed: Observed, epoch: int) -> None:
        """Write what trials of an epoch did."""
        batch = observed.batch
        activity = self._open.get("activity") or self._begin("activity", self._activity_writer)
        activity.append(observed.frames, batch.label, batch.trial, epoch, observed.spikes)
        potentials = {phase: kept for phase, kept in observed.potentials.items() if kept}
        if potentials:
            trials = next(iter(next(iter(potentials.values())).values())).shape[1]
            label = None if batch.label is None else batch.label[:trials]
            writer = self._open.get("report_potential") or self._begin("report_potential", self._potential_writer)
            writer.append(potentials, label, batch.trial[:trials], epoch)

    def snapshot(self, name: str, step: int, epoch: float, parameters: Parameters) -> None:
        """Write all weights, as they are after so many training trials and epochs."""
        weights = self._open.get("weights")
        if weights is None:
            weights = self._begin("weights", lambda path, _: WeightsWriter(path, synapse_infos(self._experiment.circuit)))
            weights.masks(parameters)
        weights.snapshot(name, step, epoch, parameters)

    def commit(self) -> Mapping[str, str]:
        """Complete the open segments; return the SHA-256 of all that there are, by name."""
        begun = [writer.path for writer in self._open.values()]
        self._open = {}
        self._files.close()
        self._segments |= {path.name: sha256(path) for path in begun}
        return self._segments

    def _begin(self, kind: str, writer: Any) -> Any:
        """Return the writer of a new segment that goes on where the last of its kind ended."""
        segments, after = self._folder.segments, (0, 0)
        if kind != "weights" and (before := segments.of(kind)):
            with ActivityReader(before[-1]) as reader:
                after = reader.end
        number = 1 + max((int(each.rpartition("-")[2].removesuffix(".h5")) for each in self._segments), default=0)
        self._open[kind] = self._files.enter_context(writer(segments.place(kind, number), after))
        return self._open[kind]

    def _activity_writer(self, path: Any, after: tuple[int, int]) -> ActivityWriter:
        record, circuit, protocol = self._experiment.record, self._experiment.circuit, self._experiment.protocol
        return ActivityWriter(
            path,
            [population_info(circuit, each) for each in record.population_list(circuit)],
            record.phase_names(protocol),
            record.frame(circuit, protocol),
            provenance=self._provenance,
            spiking=[each.name for each in record.spiking_list(circuit)],
            dt=None if self._settles else protocol.dt,
            windows=None if self._settles else [phase.window or protocol.dt for phase in record.phase_list(protocol)],
            after=after,
        )

    def _potential_writer(self, path: Any, after: tuple[int, int]) -> ActivityWriter:
        record, circuit, protocol = self._experiment.record, self._experiment.circuit, self._experiment.protocol
        probed = [population_info(circuit, each) for each in record.potential_list(circuit, protocol)]
        return ActivityWriter(
            path,
            [replace(each, size=min(each.size, record.potentials)) for each in probed],
            record.phase_names(protocol),
            SETTLED_FRAME if self._settles else protocol.dt,
            "potential",
            "unit of the neuron",
            self._provenance,
            after=after,
        )

    @property
    def _settles(self) -> bool:
        """Whether the recorded phases settle."""
        record, protocol = self._experiment.record, self._experiment.protocol
        return protocol.phase(record.phase_names(protocol)[0]).duration is None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._files.__exit__(kind, error, trace)


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


def room(experiment: Experiment, test_trials: int) -> int:
    """Return the bytes of what a run will write.

    Activity, with an estimate of its spikes, and weights, both twice because segments become one file; three checkpoints, and a
    margin for the rest.
    """
    circuit = experiment.circuit
    activity = experiment.record.bytes(circuit, experiment.protocol, experiment.epochs, test_trials)
    shapes = {each.name: circuit.shape(each) for each in circuit.projections}
    plastic = sum(shapes[each.name][0] * shapes[each.name][1] for each in circuit.plastic)
    everything = sum(post * pre for post, pre in shapes.values())
    snapshots = 8 * plastic * len(snapshot_epochs(experiment)) + 9 * everything
    return 2 * (activity + snapshots) + 3 * CHECKPOINT_BYTES * everything + 10_000_000


def snapshot_epochs(experiment: Experiment) -> set[int]:
    """Return after which epochs weights are kept: before, after, and ``snapshots`` times evenly between, or after each."""
    parts = min(experiment.snapshots, experiment.epochs) + 1
    return {round(experiment.epochs * part / parts) for part in range(parts + 1)}
