"""Experiment: a circuit, a task, a trial, a way to learn, a machine and one seed for everything."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field, replace

from bio_fa.backends.base import Backend
from bio_fa.beginning import Beginning, beginning
from bio_fa.checkpointing import Checkpointing
from bio_fa.circuit import Circuit
from bio_fa.description import Description
from bio_fa.errors import DescriptionError
from bio_fa.guard import Liveness
from bio_fa.learning import Learning, LocalLearning, Switch
from bio_fa.losses import Loss, loss_of
from bio_fa.protocol import Protocol
from bio_fa.recorder import Record
from bio_fa.tasks import Dataset, Task


@dataclass(frozen=True)
class Experiment(Description):
    """Everything that decides the outcome of a run.

    Raises:
        DescriptionError: when the parts do not fit each other.
        BackendError: when the backend cannot run the circuit.
    """

    name: str
    circuit: Circuit
    task: Task
    protocol: Protocol
    backend: Backend
    learning: Learning = field(default_factory=LocalLearning)
    switch: Switch | None = None
    """How the circuit learns later; None: as at first."""
    start: str | None = None
    """The folder of a finished run whose last weights this one starts with, as far as they fit; None: all are drawn."""
    seed: int = 0
    epochs: int = 10
    batch: int = 64
    """Trials that run side by side and whose Δw are averaged."""
    snapshots: int = 5
    """How many times during the run the weights are kept, beside before and after."""
    record: Record = field(default_factory=Record)
    liveness: Liveness | None = field(default_factory=Liveness)
    """When the run is given up because a population is dead; None: never."""
    checkpoint: Checkpointing = field(default_factory=Checkpointing)
    """When the run leaves what it needs to go on after an interruption."""

    def validate(self) -> None:
        """Refuse parts that do not fit each other."""
        self.require(self.seed >= 0, "seed", "a whole number of at least 0")
        self.require(self.epochs >= 1, "epochs", "at least 1 epoch")
        self.require(self.batch >= 1, "batch", "at least 1 trial")
        self.require(self.snapshots >= 0, "snapshots", "at least 0")
        self._check_switch()
        for learning in self.ways:
            self.backend.require_supported(self.circuit, self.protocol, learning)
        self.record.check(self.circuit, self.protocol, self.seed)
        self._check_learning_record()
        self._check_clamps()
        self._check_answer()

    def _check_switch(self) -> None:
        if self.switch is not None and self.switch.after > self.epochs:
            late = f"switch.after = {self.switch.after} came, but there are {self.epochs} epochs"
            raise DescriptionError(f"{self.title()}: {late}; switch earlier, or learn longer.")

    def _check_learning_record(self) -> None:
        """Refuse to record learning trials in phases that they do not have."""
        recorded = self.record.phase_names(self.protocol)
        for learning in self.ways if self.record.learning else ():
            ran = [phase.name for phase in learning.phases(self.protocol)]
            if not set(ran) & set(recorded):
                asked = f"learning trials are to be recorded in {', '.join(recorded)}"
                have = f"where learning is {learning.kind()} they have {', '.join(ran)} only"
                raise DescriptionError(f"Record: {asked}, but {have}; add it to phases, or leave out learning.")

    def _check_clamps(self) -> None:
        given = {self.circuit.input, self.circuit.output}
        for phase in self.protocol.phases:
            for name in (*phase.clamp, *(nudge.population for nudge in phase.nudge)):
                if name not in given:
                    raise DescriptionError(
                        f"{phase.title()}: {name!r} would be clamped or nudged, but the task gives values for the input "
                        f"{self.circuit.input!r} and the output {self.circuit.output!r} only; name one of these."
                    )

    def _check_answer(self) -> None:
        """Refuse a first phase that is given the target, because the answer is read in it."""
        first = self.protocol.phases[0]
        if self.circuit.output in (*first.clamp, *(nudge.population for nudge in first.nudge)):
            raise DescriptionError(
                f"{first.title()}: the answer is read in the first phase, but {self.circuit.output!r} is given its target there; "
                "neither clamp nor nudge it."
            )

    def learning_in(self, epoch: int) -> Learning:
        """Return how the circuit learns in an epoch, counted from 1."""
        return self.learning if self.switch is None or epoch <= self.switch.after else self.switch.learning

    @property
    def ways(self) -> tuple[Learning, ...]:
        """How the circuit learns in the course of the run, in order."""
        return tuple(dict.fromkeys((self.learning_in(1), self.learning_in(self.epochs))))

    @property
    def loss(self) -> Loss:
        """The loss that is reported, and whose gradient ``GradientLearning`` follows."""
        return loss_of(self.circuit)

    def beginning(self) -> Beginning:
        """Return the synapses with which the run starts.

        Raises:
            RecordError: when ``start`` holds no finished run, or its files are damaged.
            DescriptionError: when no weights of that run fit.
        """
        return beginning(self.circuit, self.seed, self.start)

    def dataset(self) -> Dataset:
        """Return the task's data.

        Raises:
            DataError: when the data are missing or cannot be used.
            DescriptionError: when the circuit's input or output has another size than the data.
        """
        dataset = load_dataset(self.task, self.seed)
        for role, needed in (("input", dataset.inputs), ("output", dataset.outputs)):
            population = self.circuit.population(getattr(self.circuit, role))
            if population.size != needed:
                raise DescriptionError(
                    f"{self.task.kind()} has {needed} {role}s, but the {role} population {population.name!r} has {population.size} "
                    f"neurons; give it {needed}."
                )
        return dataset


@functools.lru_cache(maxsize=1)
def load_dataset(task: Task, seed: int) -> Dataset:
    """Return the data of a task, its training targets softened as it says; the last answer is kept for the next call."""
    dataset = task.load(seed)
    return replace(dataset, train=dataset.train.softened(task.softening)) if task.softening else dataset
