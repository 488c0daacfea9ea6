"""Training: the loop of trials, and the judgements beside it. It computes; it writes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, NoReturn

import numpy as np

from bio_fa.backends.base import Simulation, State
from bio_fa.errors import BackendError, DivergenceError
from bio_fa.experiment import Experiment
from bio_fa.io.tree import resembles
from bio_fa.learning import GradientLearning, Learning, LocalLearning
from bio_fa.measures import centred_angle, classification_error, shuffled_null
from bio_fa.phase import Phase
from bio_fa.randomness import stream
from bio_fa.recorder import Kept
from bio_fa.synapses import Parameters
from bio_fa.tasks import Batch, Dataset
from bio_fa.team import ALONE, EVERYTHING, Team

EVALUATION_BATCH, SPIKING_BATCH = 500, 100
"""Test trials that run side by side, in circuits of rates and with spikes. Choice: large enough to be fast, small enough to stay in
memory, where gradient learning keeps every time step."""
PROBE_TRIALS = 256
"""Training trials, at most, on which Δw is compared with the gradient."""
ASIDE = 1 << 40
"""The number from which the draws of trials that teach nothing count: beyond those of any run."""
Watch = Callable[[int, Batch], Callable[[Phase], object] | None]
"""Returns, for a batch of learning trials by its place in the epoch, what runs its phases; None: nobody watches it."""


@dataclass
class Score:
    """Sums over trials, from which averages are read."""

    trials: int = 0
    loss: float = 0.0
    wrong: float = 0.0
    labelled: bool = True

    def add(self, losses: np.ndarray, output: np.ndarray, label: np.ndarray | None) -> None:
        """Add a batch: losses (trial,), output (trial, class), label (trial,) or None for a regression."""
        self.trials += len(losses)
        self.loss += float(losses.sum())
        self.labelled = label is not None
        if label is not None:
            self.wrong += classification_error(output, label) * len(label)

    @property
    def mean_loss(self) -> float:
        """The average loss."""
        return self.loss / max(self.trials, 1)

    @property
    def error(self) -> float | None:
        """The fraction of wrong answers; None for a regression."""
        return self.wrong / max(self.trials, 1) if self.labelled else None


class Training:
    """A circuit in training. ``state`` is replaced trial by trial; every process of a ``team`` trains it alike."""

    def __init__(self, experiment: Experiment, dataset: Dataset, team: Team = ALONE) -> None:
        self.experiment, self.dataset, self.team = experiment, dataset, team
        self.circuit, self.protocol, self.learning = experiment.circuit, experiment.protocol, experiment.learning
        self.beginning = experiment.beginning()
        self.simulation: Simulation = experiment.backend.compile(self.circuit, self.protocol, self.learning)
        self.state: State = self.simulation.init(self.beginning.parameters, experiment.seed)
        self.first = self.protocol.phases[0].name
        self.trials, self.seconds = 0, 0.0
        self._require_probes()

    def _require_probes(self) -> None:
        """Refuse to record what the backend does not keep."""
        record, which = self.experiment.record, self.experiment.backend.kind()
        if not record.trials or type(self.simulation).probe is not Simulation.probe:
            return
        if record.potentials:
            raise BackendError(f"{which} keeps no potentials to record; set record.potentials to 0, or choose torch_spiking.")
        if record.variables:
            kept = f"{which} keeps no {record.variables[0]} to record"
            raise BackendError(f"{kept}; leave it out of record.variables, or choose torch_spiking.")

    def parameters(self) -> Parameters:
        """Return the circuit's present parameters."""
        return self.simulation.parameters(self.state)

    @property
    def rate(self) -> float | None:
        """Training trials per second so far; None before the first."""
        return self.trials / self.seconds if self.seconds else None

    @cached_property
    def kept(self) -> Kept:
        """What the record keeps of a batch."""
        return self.experiment.record.kept(self.circuit, self.protocol)

    def epoch(self, number: int, batches: int = 0, score: Score | None = None, watch: Watch | None = None) -> Iterator[Score]:
        """Learn from every training trial once, in an order of this epoch's own; yield the score so far after each batch.

        With ``batches`` it goes on after the first so many, whose ``score`` is given. ``watch`` may run the phases of a batch
        instead, and sees what they did before it teaches.

        Raises:
            DivergenceError: when activity, weights or loss stop being finite.
        """
        self._learn_by(self.experiment.learning_in(number))
        order = stream(self.experiment.seed, "order", str(number)).permutation(len(self.dataset.train))
        score, rest = score or Score(), order[batches * self.experiment.batch :]
        for place, batch in enumerate(self.dataset.train.batches(self.experiment.batch, rest), batches):
            started = time.perf_counter()
            self._learn(batch, score, watch(place, batch) if watch else None)
            self.seconds += time.perf_counter() - started
            yield score
        self.simulation.diagnose(self.state, self.trials)

    def saved(self) -> dict[str, Any]:
        """Return all by which training goes on between two batches: plain values, arrays and random streams."""
        return {"simulation": self.simulation.saved(self.state), "trials": self.trials, "seconds": self.seconds}

    def restore(self, saved: Mapping[str, Any], epoch: int) -> None:
        """Go on from what was saved in an epoch.

        Raises:
            ValueError: when it lacks something, or an array has another shape or type.
        """
        self._learn_by(self.experiment.learning_in(epoch))
        if not resembles(saved, self.saved()):
            raise ValueError("its arrays or numbers are others than those of this circuit and its learning")
        self.state = self.simulation.restored(saved["simulation"])
        self.trials, self.seconds = saved["trials"], saved["seconds"]

    def _learn_by(self, learning: Learning) -> None:
        """Go on from the weights that there are, with an update that has not begun; trials keep drawing where they were."""
        if learning != self.learning:
            self.learning = learning
            self.simulation = self.experiment.backend.compile(self.circuit, self.protocol, learning)
            begun = self.simulation.init(self.parameters(), self.experiment.seed)
            self.state = replace(begun, draws=self.state.draws)

    def _learn(self, batch: Batch, score: Score, run: Callable[[Phase], object] | None) -> None:
        self._share(batch)
        run = run or partial(self._run, batch)
        for phase in self.learning.phases(self.protocol):
            run(phase)
        self.trials += len(batch.trial)
        self._judge(batch, score)
        self.state = self.simulation.learn(self.state)

    def _share(self, batch: Batch) -> None:
        """Run only this process's share of the trials from here on."""
        self.state = replace(self.state, draws=replace(self.state.draws, share=self.team.share(len(batch.trial))))

    def _run(self, batch: Batch, phase: Phase) -> None:
        self.state, _ = self.simulation.run(self.state, phase, self.inputs(batch))

    def inputs(self, batch: Batch) -> dict[str, np.ndarray]:
        """Return the stimuli and targets of this process's share of a batch by population, (trial, neuron)."""
        mine = self.state.draws.share.rows
        return {self.circuit.input: batch.stimulus[mine], self.circuit.output: batch.target[mine]}

    def _judge(self, batch: Batch, score: Score) -> None:
        output = self.state.draws.share.whole(self.simulation.activity(self.state, self.circuit.output, self.first))
        with np.errstate(over="ignore", invalid="ignore"):
            losses = self.experiment.loss.per_trial(output, batch.target)
        if not np.isfinite(losses).all():
            self._diverged()
        score.add(losses, output, batch.label)

    def _diverged(self) -> NoReturn:
        """Raise the error that says what stopped being finite: weights, an activity, or else the loss alone."""
        self.simulation.diagnose(self.state, self.trials)
        loss = self.experiment.loss.kind()
        raise DivergenceError(f"trial {self.trials}: the {loss} of {self.circuit.output!r} is not finite; lower the learning rate.")

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Run trials that teach nothing: on draws of their own, which are the same every time, and leaving those of learning."""
        draws = self.state.draws
        self.state = replace(self.state, draws=replace(draws, number=ASIDE, share=EVERYTHING))
        try:
            yield
        finally:
            self.state = replace(self.state, draws=draws)

    @property
    def side_by_side(self) -> int:
        """How many test trials run side by side."""
        return min(EVALUATION_BATCH, SPIKING_BATCH) if self.circuit.spiking else EVALUATION_BATCH

    def evaluate(self) -> Score:
        """Return the score of the test trials; nothing is learned. All processes of a team must do so at the same time.

        Raises:
            DivergenceError: when activity or loss are not finite.
            TeamError: when the processes have come to hold different weights.
        """
        self.team.require_same(self.parameters())
        score = Score()
        with self.aside():
            for batch in self.dataset.test.batches(self.side_by_side):
                self._share(batch)
                self._run(batch, self.protocol.phases[0])
                self._judge(batch, score)
        return score

    @property
    def skipped(self) -> dict[str, str]:
        """Why a measure of learning cannot be taken, by its name in the metrics."""
        reasons = self.experiment.backend.unsupported(self.circuit, GradientLearning())
        return {"update_alignment": f"{self.experiment.backend.kind()}: {' '.join(reasons)}"} if self._local and reasons else {}

    @property
    def _local(self) -> bool:
        return isinstance(self.learning, LocalLearning)

    @cached_property
    def _gradient(self) -> Simulation:
        """The same circuit learning by gradient."""
        return self.experiment.backend.compile(self.circuit, self.protocol, GradientLearning())

    def alignment(self) -> dict[str, dict[str, float]]:
        """Return how far each projection's Δw points along the gradient, on existing synapses, means removed.

        Projections without a gradient, such as those of feedback, are left out. By plastic projection: ``cosine``, ``angle`` and,
        for shuffled synapses, ``null_mean`` and ``null_sd``, in degrees.
        """
        if not self._local or self.skipped or not self.circuit.plastic:
            return {}
        batch = next(self.dataset.train.batches(min(PROBE_TRIALS, self.side_by_side)))
        with self.aside():
            other = replace(self._gradient.init(self.parameters(), self.experiment.seed), draws=self.state.draws)
            for phase in self.protocol.phases:
                self.state, _ = self.simulation.run(self.state, phase, self.inputs(batch))
            other, _ = self._gradient.run(other, self.protocol.phases[0], self.inputs(batch))
            local, gradient = self.simulation.deltas(self.state), self._gradient.deltas(other)
        masks = {name: synapses.mask for name, synapses in self.parameters().items()}
        names = [each.name for each in self.circuit.plastic if not each.from_tonic and gradient[each.name].any()]
        return {name: self._compare(name, local[name], gradient[name], masks[name]) for name in names}

    def _compare(self, name: str, local: np.ndarray, gradient: np.ndarray, mask: np.ndarray) -> dict[str, float]:
        angle = centred_angle(local, gradient, mask)
        mean, spread = shuffled_null(local, gradient, mask, stream(self.experiment.seed, "shuffle", name), 5)
        return {"cosine": float(np.cos(np.radians(angle))), "angle": angle, "null_mean": mean, "null_sd": spread}
