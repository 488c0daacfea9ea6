"""run: train an experiment and leave a run folder that is enough to repeat and to analyse it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from bio_fa.beginning import Beginning
from bio_fa.circuit import Circuit
from bio_fa.errors import BioFAError, DivergenceError, LivenessError
from bio_fa.examination import Examination, ceiling
from bio_fa.experiment import Experiment
from bio_fa.io.provenance import provenance
from bio_fa.io.run_folder import RunFolder, write_json
from bio_fa.io.weights import SynapseInfo, WeightsWriter
from bio_fa.learning import GradientLearning
from bio_fa.observation import examine, record
from bio_fa.pathways import feedback_pairs
from bio_fa.population import TONIC
from bio_fa.projection import Projection
from bio_fa.record_files import RecordFiles
from bio_fa.training import Score, Training

THEN = ", then "
"""Between one way to learn and the next."""


class Watcher:
    """Is told how a run goes; this one says nothing."""

    def begin(self, experiment: Experiment, trials: int) -> None:
        """Learn that a run of so many training trials begins."""

    def trained(self, trials: int, score: Score, samples_per_second: float) -> None:
        """Learn that so many training trials have passed, with the score of this epoch so far."""

    def evaluated(self, line: dict[str, Any]) -> None:
        """Learn the metrics after an epoch."""

    def end(self) -> None:
        """Learn that the run is over."""


def run(
    experiment: Experiment,
    folder: Path | str,
    overwrite: bool = False,
    watcher: Watcher | None = None,
    texts: Mapping[str, str] | None = None,
    command: Sequence[str] | None = None,
) -> Path:
    """Train ``experiment`` and write its run folder; return the folder.

    ``texts`` go into the folder as they are: ``config.toml`` and the Python files that it names; ``command`` is the command
    line. When the run ends early (Ctrl-C, divergence, a dead population, a full disk) what was recorded so far stays readable,
    and ``run.json`` says why it ended.

    Raises:
        RecordError: when the folder holds a run (without ``overwrite``), cannot be written, or the disk is too small.
        DataError: when the task's data are missing or cannot be used.
        DivergenceError: when activity or weights stop being finite.
        LivenessError: when a population stays nearly all silent or saturated.
        BackendError: when potentials are to be recorded and the backend keeps none.
    """
    dataset = experiment.dataset()
    training = Training(experiment, dataset)
    place = RunFolder.create(folder, overwrite, _bytes(experiment, training))
    description = _description(experiment, dataset.source, training, command)
    study = _Run(experiment, training, place, watcher or Watcher(), description)
    with study.conclusion():
        study.start(texts or {})
        study.train()
    return place.path


def _bytes(experiment: Experiment, training: Training) -> int:
    """Return the size of what the run will write: activity, with an estimate of its spikes, weights and a margin for the rest."""
    circuit = experiment.circuit
    activity = experiment.record.bytes(circuit, experiment.protocol, experiment.epochs, len(training.dataset.test))
    shapes = {each.name: circuit.shape(each) for each in circuit.projections}
    plastic = sum(shapes[each.name][0] * shapes[each.name][1] for each in circuit.plastic)
    everything = sum(post * pre for post, pre in shapes.values())
    return activity + 8 * plastic * len(_snapshot_epochs(experiment)) + 9 * everything + 10_000_000


def _description(
    experiment: Experiment, source: str, training: Training, command: Sequence[str] | None
) -> dict[str, Any]:
    """Return what ``run.json`` says beside status and timing."""
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
        "provenance": provenance(experiment.seed, command),
    }


def _learning(experiment: Experiment, beginning: Beginning) -> str:
    """Return in which ways the weights have been learned, in order, such as ``gradient, then local``."""
    earlier = beginning.origin["learning"].split(THEN) if beginning.origin else []
    own = ("gradient" if isinstance(each, GradientLearning) else "local" for each in experiment.ways)
    return THEN.join(way for way, _ in groupby([*earlier, *own]))


@dataclass
class _Run:
    """One run in progress: what is trained, and the files that it leaves."""

    experiment: Experiment
    training: Training
    folder: RunFolder
    watcher: Watcher
    description: dict[str, Any]
    started: float = field(default_factory=time.perf_counter)
    examined: list[Examination] = field(default_factory=list)

    def start(self, texts: Mapping[str, str]) -> None:
        """Write what is known before the first trial."""
        for name, text in texts.items():
            self.folder.write_text(self.folder.path / name, text)
        write_json(self.folder.circuit, self.experiment.circuit.to_table())
        self._status("running", "")

    @contextmanager
    def conclusion(self) -> Iterator[None]:
        """Write how the run ended, whatever ended it."""
        try:
            yield
            self._status("finished", "")
        except KeyboardInterrupt:
            self._status("interrupted", f"stopped by the user after {self.training.trials} training trials")
            raise
        except (DivergenceError, LivenessError) as error:
            self._status("diverged" if isinstance(error, DivergenceError) else "stopped", str(error))
            raise
        except Exception as error:
            self._status("failed", str(error) if isinstance(error, BioFAError) else f"{type(error).__name__}: {error}")
            raise
        finally:
            self.watcher.end()

    def _status(self, status: str, message: str) -> None:
        total = time.perf_counter() - self.started
        timing = {"training_seconds": self.training.seconds, "samples_per_second": self._rate(), "total_seconds": total}
        table = {**self.description, "status": status, "message": message, "timing": timing}
        write_json(self.folder.run, table)

    def _rate(self) -> float | None:
        return self.training.trials / self.training.seconds if self.training.seconds else None

    def train(self) -> None:
        """Train every epoch, with weights, activity and metrics written as they come."""
        experiment, training = self.experiment, self.training
        self.watcher.begin(experiment, experiment.epochs * len(training.dataset.train))
        with ExitStack() as files:
            weights = files.enter_context(WeightsWriter(self.folder.weights, _synapses(experiment.circuit)))
            recorded = RecordFiles(experiment, self.folder, self._origin())
            activity = files.enter_context(recorded) if experiment.record.trials else None
            weights.masks(training.parameters())
            self._keep(0, None, weights, activity)
            for epoch in range(1, experiment.epochs + 1):
                for score in training.epoch(epoch):
                    self.watcher.trained(training.trials, score, self._rate() or 0.0)
                self._keep(epoch, score, weights, activity)

    def _origin(self) -> dict[str, str]:
        known = self.description["provenance"]
        texts = {key: str(known[key]) for key in ("bio_fa", "python", "created", "seed", "commit") if known.get(key) is not None}
        return {**texts, "config_json": self.folder.config.read_text(encoding="utf-8") if self.folder.config.exists() else ""}

    def _keep(self, epoch: int, score: Score | None, weights: WeightsWriter, activity: RecordFiles | None) -> None:
        """Write the state of things after ``epoch``; give the run up if a population is dead and epochs are left."""
        experiment, training = self.experiment, self.training
        if epoch in _snapshot_epochs(experiment):
            name = {0: "initial", experiment.epochs: "final"}.get(epoch, f"epoch_{epoch:04d}")
            weights.snapshot(name, training.trials, float(epoch), training.parameters())
        self._measure(epoch, score)
        if activity is not None and experiment.record.due(epoch, experiment.epochs):
            for observed in record(training):
                activity.append(observed, epoch)
        if experiment.liveness is not None and epoch < experiment.epochs:
            experiment.liveness.require_alive(self.examined)

    def _measure(self, epoch: int, score: Score | None) -> None:
        training, test = self.training, self.training.evaluate()
        self.examined.append(examine(training))
        line: dict[str, Any] = {
            "epoch": epoch,
            "trial": training.trials,
            "train_loss": score.mean_loss if score else None,
            "train_error": score.error if score else None,
            "test_loss": test.mean_loss,
            "test_error": test.error,
            "seconds": training.seconds,
            "samples_per_second": self._rate(),
            "liveness": self.examined[-1].liveness,
        }
        if self.examined[-1].spiking is not None:
            line["spiking"] = self.examined[-1].spiking
        if epoch in _snapshot_epochs(self.experiment):
            line["update_alignment"] = training.alignment()
        self.folder.append_metrics(line)
        self.watcher.evaluated(line)


def _snapshot_epochs(experiment: Experiment) -> set[int]:
    """Return after which epochs weights are kept: before, after, and ``snapshots`` times evenly between, or after each."""
    parts = min(experiment.snapshots, experiment.epochs) + 1
    return {round(experiment.epochs * part / parts) for part in range(parts + 1)}


def _synapses(circuit: Circuit) -> list[SynapseInfo]:
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
