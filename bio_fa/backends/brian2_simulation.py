"""Simulation: a circuit on Brian2. Phases are noted as they come; trials run, one after the other, when results are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

import numpy as np

from bio_fa.backends.base import Frames, State
from bio_fa.backends.brian2_course import Course
from bio_fa.backends.brian2_data import Data, Noted, starts, weights
from bio_fa.backends.brian2_machine import Machine
from bio_fa.backends.brian2_program import Program
from bio_fa.backends.changes import LearningSimulation, Means
from bio_fa.errors import BackendError
from bio_fa.learning import Learning
from bio_fa.ops import Quantity
from bio_fa.phase import Phase
from bio_fa.plasticity import Postsynaptic, Presynaptic
from bio_fa.projection import Projection


class BrianSimulation(LearningSimulation):
    """A circuit on Brian2, in double precision. Learning is that of NumPy's arrays, after the trial."""

    def __init__(self, program: Program, learning: Learning, build: Callable[[Program, Data], Machine]) -> None:
        self.program, self.learning = program, learning
        self.circuit, self.protocol = program.plan.circuit, program.plan.protocol
        self._build = build
        self._machine: Machine | None = None
        self._masks: dict[str, np.ndarray] = {}

    def quantity(self, array: np.ndarray) -> np.ndarray:
        """Return the array in double precision, copied."""
        return np.array(array, dtype=float)

    def numpy(self, quantity: Quantity) -> np.ndarray:
        """Return the array itself."""
        return np.asarray(quantity)

    def scope(self, state: State, first: bool) -> AbstractContextManager[object]:
        """Return a context that does nothing."""
        return nullcontext()

    def run(self, state: State, phase: Phase, inputs: Mapping[str, np.ndarray], every: int = 0) -> tuple[State, Frames]:
        """Note a phase; run it at once where its frames are asked for.

        Raises:
            BackendError: for a phase that does not follow the one before in the protocol.
        """
        first = phase == self.protocol.phases[0]
        course = state.memory if isinstance(state.memory, Course) and not first else Course()
        expected = self.protocol.phases[len(course.noted) : len(course.noted) + 1]
        if (phase,) != expected:
            awaited = f"{expected[0].name!r} comes next" if expected else "the trial is over"
            raise BackendError(f"brian2: phase {phase.name!r} came, but {awaited}; run the phases of a trial in their order.")
        given = {name: self.quantity(values) for name, values in inputs.items()}
        course.noted.append(Noted(phase, given, every))
        state = replace(state, memory=course, inputs=given, draws=state.draws.next() if first else state.draws)
        if every:
            self._run_noted(state)
        return state, course.frames if every else []

    def _run_noted(self, state: State) -> None:
        """Run what was noted and has not run yet."""
        course = state.memory
        if isinstance(course, Course) and course.ran < len(course.noted):
            data = weights(self.program, state.weights, state.masks) | starts(self.program, course.noted, state.draws)
            course.run(self.program, self._ready(data, state.masks))

    def _ready(self, data: Data, masks: Mapping[str, np.ndarray]) -> Machine:
        """Return the machine with these data; another one only where other neurons contact each other."""
        same = all(np.array_equal(mask, self._masks.get(name, ())) for name, mask in masks.items())
        if self._machine is None or not same:
            self._machine, self._masks = self._build(self.program, data), {name: np.array(mask) for name, mask in masks.items()}
        else:
            self._machine.data |= data
            self._machine.weigh()
        return self._machine

    def activity(self, state: State, population: str, phase: str) -> np.ndarray:
        """Return the activity at the end of a phase."""
        self._run_noted(state)
        return super().activity(state, population, phase)

    def spikes(self, state: State, population: str) -> np.ndarray:
        """Return [step, trial, neuron] of each spike of a population in the last phase that was recorded, in order."""
        self._run_noted(state)
        return super().spikes(state, population)

    def deltas(self, state: State) -> dict[str, np.ndarray]:
        """Return Δw of each plastic projection."""
        self._run_noted(state)
        return super().deltas(state)

    def learn(self, state: State) -> State:
        """Apply plasticity, update and constraints; weights change in place."""
        self._run_noted(state)
        return super().learn(state)

    def changes(self, state: State, means: Means) -> dict[str, Quantity]:
        """Return Δw of each plastic projection."""
        return {each.name: self.total_change(each, state, means) for each in self.circuit.plastic}

    def products(self, projection: Projection, pre: Presynaptic, post: Postsynaptic, w: Quantity, moment: bool) -> np.ndarray:
        """Return Σ post · pre · synapse, averaged over trials, of the products that are taken once a trial."""
        change = np.zeros(w.shape)
        trials = len(post.activity)
        for after, before, synapse in self.factors(projection, pre, post, w, moment):
            rows, columns = np.broadcast_to(after, (trials, w.shape[0])), np.broadcast_to(before, (trials, w.shape[1]))
            change += rows.T @ columns / trials * synapse
        return change
