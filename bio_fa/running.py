"""run: train an experiment and leave a run folder that is enough to repeat and to analyse it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from bio_fa.account import account, has_finished, said_before
from bio_fa.errors import BioFAError, DivergenceError, LivenessError, PreemptionError, RecordError
from bio_fa.evaluation import evaluation
from bio_fa.experiment import Experiment
from bio_fa.interruption import Interruption, heeded
from bio_fa.io import lines
from bio_fa.io.checkpoint import Checkpoint
from bio_fa.io.growing import Growing
from bio_fa.io.lock import held
from bio_fa.io.plain import read_text, write_json
from bio_fa.io.run_folder import RunFolder
from bio_fa.io.vacancy import free
from bio_fa.observation import Observer, examine, record
from bio_fa.phase import Phase
from bio_fa.record_files import RecordFiles, room, snapshot_epochs
from bio_fa.resuming import Position, require_same, restore, settings, state
from bio_fa.tasks import Batch
from bio_fa.team import ALONE, Team
from bio_fa.training import Score, Training
from bio_fa.watching import Watcher

__all__ = ["Watcher", "has_finished", "run"]


def run(
    experiment: Experiment,
    folder: Path | str,
    overwrite: bool = False,
    watcher: Watcher | None = None,
    texts: Mapping[str, str] | None = None,
    command: Sequence[str] | None = None,
    resume: bool = False,
    team: Team = ALONE,
) -> Path:
    """Train ``experiment`` and write its run folder; return the folder.

    ``texts`` go into the folder as they are: ``config.toml`` and the Python files that it names; ``command`` is the command
    line. When the run ends early (Ctrl-C, divergence, a dead population, a full disk) what was recorded so far stays readable,
    and ``run.json`` says why it ended. With ``resume`` it goes on from the folder's newest checkpoint, on a CPU to the last bit as
    if it had never stopped; without one it begins, and a run that has finished is left as it is. This process leads its ``team``.

    Raises:
        RecordError: when the folder holds a run (without ``overwrite``) or is being written, cannot be written, or the disk is too
            small; when the run to resume had another configuration, diverged, or its checkpoints are damaged.
        DataError, BackendError: when the task's data cannot be used, or the backend keeps no potentials that are to be recorded.
        DivergenceError, LivenessError: when activity or weights stop being finite, or a population stays silent or saturated.
        PreemptionError, TeamError: when a signal asked the run to stop, or a process of the team is gone.
    """
    place = RunFolder(Path(folder))
    if resume and has_finished(folder):
        with held(place.path):
            if place.begun and not place.sealed:
                place.seal(texts or ())
            place.clear_progress()
        return place.path
    watcher = watcher or Watcher()
    dataset = experiment.dataset()
    training = Training(experiment, dataset, team)
    description = account(experiment, dataset.source, training, command)
    goes_on, anew = resume and place.begun, overwrite or (resume and not place.recorded)
    if not goes_on:
        needed = room(experiment, len(dataset.test), len(dataset.train))
        place = RunFolder.vacant(folder, anew, needed)
        watcher.estimated(needed, free(place.path))
    with held(place.path), heeded() as interruption:
        study = _Run(experiment, training, place, watcher, description, texts or {}, interruption)
        if goes_on:
            study.resume()
        else:
            study.begin(anew)
        with study.conclusion():
            team.told(goes_on)
            study.train()
        place.clear_progress()
    return place.path


@dataclass
class _Run:
    """One run in progress: what is trained, and the files that it leaves."""

    experiment: Experiment
    training: Training
    folder: RunFolder
    watcher: Watcher
    description: dict[str, Any]
    texts: Mapping[str, str]
    interruption: Interruption
    position: Position = field(default_factory=Position)
    segments: Mapping[str, str] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)
    committed: float = field(default_factory=time.perf_counter)
    """When the last checkpoint was left."""
    digests: Mapping[str, str] = field(default_factory=dict)
    """The SHA-256 of files of the record, by name, of which it is known."""
    observer: Observer | None = None
    """Who watches the batch that is being learned, if it is recorded."""

    def begin(self, overwrite: bool) -> None:
        """Write what is known before the first trial."""
        self.folder.clear(overwrite)
        self._status("running", "")
        for name, text in self.texts.items():
            self.folder.write_text(self.folder.path / name, text)
        write_json(self.folder.circuit, self.experiment.circuit.to_table())

    def resume(self) -> None:
        """Put everything where it was at the newest checkpoint."""
        checkpoint = self.folder.checkpoints.newest(self.folder.segments)
        assert checkpoint is not None
        require_same(checkpoint, settings(self.experiment, self.texts), self._versions, self.folder.path)
        before = said_before(self.folder)
        self.folder.cut(checkpoint.metrics, checkpoint.segments)
        self.position, self.segments = restore(self.training, checkpoint), checkpoint.segments
        self.started -= self.position.elapsed
        now = self.description["provenance"]
        self.description |= {"provenance": before["provenance"], "resumed": [*before.get("resumed", []), now["created"]]}
        self._status("running", "")

    @contextmanager
    def conclusion(self) -> Iterator[None]:
        """Write how the run ended, whatever ended it."""
        try:
            yield
            self._status("finished", "")
            self.folder.seal(self.texts, self.digests)
        except (KeyboardInterrupt, PreemptionError) as error:
            who = "the user" if isinstance(error, KeyboardInterrupt) else "the system"
            self._status("interrupted", f"stopped by {who} after {self.training.trials} training trials")
            raise
        except (DivergenceError, LivenessError) as error:
            self._status("diverged" if isinstance(error, DivergenceError) else "stopped", str(error))
            self._end(error)
            raise
        except Exception as error:
            self._status("failed", str(error) if isinstance(error, BioFAError) else f"{type(error).__name__}: {error}")
            raise
        finally:
            self.watcher.end()

    def _end(self, error: BioFAError) -> None:
        """Make one record of the segments of a run that cannot go on; where the disk refuses, they stay."""
        try:
            Growing(self.folder.path, self.folder.segments.all()).finish()
            self.folder.seal(self.texts)
            self.folder.clear_progress()
        except RecordError as failure:
            error.add_note(str(failure))

    def _status(self, status: str, message: str) -> None:
        total = time.perf_counter() - self.started
        timing = {"training_seconds": self.training.seconds, "samples_per_second": self.training.rate, "total_seconds": total}
        table = {**self.description, "status": status, "message": message, "timing": timing}
        write_json(self.folder.run, table)

    def train(self) -> None:
        """Train every epoch that is left, with weights, activity and metrics written as they come, and checkpoints."""
        experiment, position = self.experiment, self.position
        self.watcher.begin(experiment, experiment.epochs * len(self.training.dataset.train))
        with RecordFiles(experiment, self.folder, self._origin(), self.segments) as files:
            while position.epoch <= experiment.epochs:
                if position.epoch:
                    self._learn(files)
                self._keep(files)
                position.follow()
                self._leave_checkpoint(files, due=experiment.checkpoint.due_after(position.epoch - 1))
            self.digests = files.finish()

    def _learn(self, files: RecordFiles) -> None:
        """Learn what is left of an epoch."""
        position, patience = self.position, self.experiment.checkpoint.seconds
        for score in self.training.epoch(position.epoch, position.batches, position.score, self._watch):
            position.batches, position.score = position.batches + 1, score
            if self.observer is not None:
                files.append(self.observer.observed(), position.epoch, "learning")
                self.observer = None
            self.watcher.trained(self.training.trials, score, self.training.rate or 0.0)
            self._leave_checkpoint(files, due=patience is not None and time.perf_counter() - self.committed >= patience)

    def _watch(self, place: int, batch: Batch) -> Callable[[Phase], object] | None:
        """Return what runs the phases of a batch of learning trials that is recorded."""
        if not self.experiment.record.learned(place):
            return None
        self.observer = Observer(self.training, batch, learns=True)
        return self.observer.run

    def _leave_checkpoint(self, files: RecordFiles, due: bool) -> None:
        """Commit what was recorded and learned, if it is due or the run is asked to stop; stop then, if anything is left to do."""
        last = self.position.epoch > self.experiment.epochs
        if not (due or last or self.interruption.asked):
            return
        self.committed = time.perf_counter()
        self.position.elapsed = self.committed - self.started
        segments, metrics = files.commit(), lines.commit(self.folder.metrics)
        held = Checkpoint(state(self.training, self.position), self._settings, segments, metrics, self._versions)
        self.folder.checkpoints.write(self.position.step(self._batches), held)
        if not last:
            self.interruption.obey()

    @cached_property
    def _settings(self) -> dict[str, Any]:
        return settings(self.experiment, self.texts)

    @property
    def _versions(self) -> dict[str, str]:
        known = self.description["provenance"]
        return {"bio_fa": known["bio_fa"], **known["packages"]}

    @property
    def _batches(self) -> int:
        """How many batches an epoch has."""
        return -(-len(self.training.dataset.train) // self.experiment.batch)

    def _origin(self) -> dict[str, str]:
        known = self.description["provenance"]
        texts = {key: str(known[key]) for key in ("bio_fa", "python", "created", "seed", "commit") if known.get(key) is not None}
        return {**texts, "config_json": read_text(self.folder.config) if self.folder.config.exists() else ""}

    def _keep(self, files: RecordFiles) -> None:
        """Write the state of things after an epoch; give the run up if a population is dead and epochs are left."""
        experiment, training, epoch = self.experiment, self.training, self.position.epoch
        if epoch in snapshot_epochs(experiment):
            name = {0: "initial", experiment.epochs: "final"}.get(epoch, f"epoch_{epoch:04d}")
            files.snapshot(name, training.trials, float(epoch), training.parameters())
        test = training.evaluate()
        if experiment.record.due(epoch, experiment.epochs):
            for observed in record(training):
                files.append(observed, epoch)
        if epoch == experiment.epochs or experiment.checkpoint.due_after(epoch):
            files.complete()
        self._measure(epoch, test)
        if experiment.liveness is not None and epoch < experiment.epochs:
            experiment.liveness.require_alive(self.position.examined)

    def _measure(self, epoch: int, test: Score) -> None:
        found = examine(self.training)
        patience = self.experiment.liveness.patience if self.experiment.liveness else 1
        self.position.examined = [*self.position.examined, found][-patience:]
        learned = self.position.score if epoch else None
        line = evaluation(self.training, epoch, learned, test, found, aligns=epoch in snapshot_epochs(self.experiment))
        self.folder.append_metrics(line)
        self.watcher.evaluated(line)
