"""What backends that compute on arrays share: everything but how currents are summed and how a rule is evaluated.

The equations are those of the circuit's parts, so that they hold for NumPy arrays and tensors alike.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, fields, replace
from functools import cached_property

import numpy as np

from bio_fa.backends.base import Frames, Simulation, State
from bio_fa.backends.phases import Activities, Afferent, Inlet, Machine, Memory, PhaseRun, Trial, afferents
from bio_fa.backends.settling import Settling
from bio_fa.backends.stepping import Stepping
from bio_fa.constraints import Constraint
from bio_fa.credit import ActivityDifference
from bio_fa.draws import Draws
from bio_fa.learning import LocalLearning
from bio_fa.ops import Quantity
from bio_fa.phase import Phase
from bio_fa.plasticity import Postsynaptic, Presynaptic, Product, momentary, prove_local
from bio_fa.projection import Projection
from bio_fa.synapses import Parameters, Synapses

Means = Mapping[tuple[str, str], Quantity]
"""Running average activities (neuron,), by (phase, population)."""


class LearningSimulation(Simulation):
    """A simulation whose weights are arrays of one kind, NumPy's or torch's: how they learn from what a trial has left."""

    @abstractmethod
    def quantity(self, array: np.ndarray) -> Quantity:
        """Return a NumPy array as this backend's own kind, copied."""

    @abstractmethod
    def numpy(self, quantity: Quantity) -> np.ndarray:
        """Return this backend's own kind as a NumPy array, which may share its memory."""

    @abstractmethod
    def products(
        self, projection: Projection, pre: Presynaptic, post: Postsynaptic, w: Quantity, moment: bool
    ) -> Quantity:
        """Return Σ post · pre · synapse, averaged over trials, of a rule's momentary or of its other products: (post, pre)."""

    @abstractmethod
    def changes(self, state: State, means: Means) -> dict[str, Quantity]:
        """Return Δw (post, pre) of each plastic projection, averaged over trials, in arrays that may be written into."""

    @abstractmethod
    def scope(self, state: State, first: bool) -> AbstractContextManager[object]:
        """Return the context in which a phase runs, the ``first`` of a trial or a later one, or in which weights change."""

    def init(self, parameters: Parameters, seed: int = 0) -> State:
        """Return the state that starts from ``parameters``."""
        self.check_parameters(parameters)
        weights = {name: self.quantity(synapses.w) for name, synapses in parameters.items()}
        masks = {name: self.quantity(synapses.mask) for name, synapses in parameters.items()}
        updates = {each.name: self.learning.update.init(weights[each.name]) for each in self.circuit.plastic}
        return State(weights, masks, updates, draws=Draws(seed, -1))

    def activity(self, state: State, population: str, phase: str) -> np.ndarray:
        """Return the activity at the end of a phase."""
        return self.numpy(state.memory.activity[phase][population])

    def deltas(self, state: State) -> dict[str, np.ndarray]:
        """Return Δw of each plastic projection."""
        return {name: self.numpy(delta).copy() for name, delta in self.changes(state, self.means(state)).items()}

    def spikes(self, state: State, population: str) -> np.ndarray:
        """Return [step, trial, neuron] of each spike of a population in the last phase that was recorded, in order."""
        return np.concatenate(state.memory.spikes.get(population, [np.zeros((0, 3), dtype=int)]))

    def learn(self, state: State) -> State:
        """Apply plasticity (or the gradient), update and constraints; weights change in place."""
        means = self.means(state)
        with self.scope(state, first=False):
            for name, delta in self.changes(state, means).items():
                self._move(name, delta, state)
        return replace(state, means=means, trials=state.trials + 1)

    def _move(self, name: str, delta: Quantity, state: State) -> None:
        step, state.updates[name] = self.learning.update.step(delta, state.updates[name])
        w = state.weights[name]
        w += step
        for constraint in self.constraints[name]:
            w = constraint.apply(w, state.masks[name])
        state.weights[name] = w

    def parameters(self, state: State) -> Parameters:
        """Return the parameters, copied."""
        masks = {name: np.asarray(self.numpy(mask), dtype=bool) for name, mask in state.masks.items()}
        return {name: Synapses(self.numpy(w).copy(), masks[name]) for name, w in state.weights.items()}

    def means(self, state: State) -> dict[tuple[str, str], Quantity]:
        """Return the running averages that rules sense, the current trial included."""
        means = dict(state.means)
        if isinstance(self.learning, LocalLearning):
            for phase, population in self.averaged:
                now = state.memory.activity[phase][population].mean(0)
                before = means.get((phase, population), 0 * now)
                means[phase, population] = self.learning.average(before, now, state.trials)
        return means

    def sides(self, projection: Projection, state: State, means: Means) -> tuple[Presynaptic, Postsynaptic]:
        """Return what both sides of a projection's synapses know once a trial: activities and errors (trial, neuron)."""
        memory, (phase, sign), post = state.memory, self.readings[projection.name], projection.post
        error = self.errors[projection.name].of(memory.activity) if projection.name in self.errors else 0.0
        before = memory.activity[phase][projection.pre], means.get((phase, projection.pre), 0.0)
        after = memory.activity[phase][post], means.get((phase, post), 0.0)
        apical = memory.feedback.get(self.protocol.plastic, {}).get(post, 0.0)
        sensitivity = memory.sensitivity.get(phase, {}).get(post, 0.0)
        return Presynaptic(*before, sign), Postsynaptic(*after, error, apical=apical, sensitivity=sensitivity)

    def total_change(self, projection: Projection, state: State, means: Means) -> Quantity:
        """Return Δw of a projection's rule: the products taken once a trial, and those that its phases have integrated."""
        w, integrated = state.weights[projection.name], state.memory.changes.get(projection.name)
        change = self.products(projection, *self.sides(projection, state, means), w, moment=False)
        return change if integrated is None else change + integrated

    @cached_property
    def readings(self) -> dict[str, tuple[str, int]]:
        """The phase that each plastic projection's rule reads, and its presynaptic sign (+1 for unsigned neurons)."""
        return {each.name: (self.protocol.read_by(each), self.circuit.sign(each) or 1) for each in self.circuit.plastic}

    @cached_property
    def constraints(self) -> dict[str, tuple[Constraint, ...]]:
        """What must hold of the weights of each plastic projection."""
        return {each.name: self.circuit.constraints(each) for each in self.circuit.plastic}

    @cached_property
    def _momentary(self) -> dict[str, tuple[bool, ...]]:
        return {each.name: momentary(each.plasticity) for each in self.circuit.plastic if each.plasticity is not None}

    def factors(self, projection: Projection, pre: Presynaptic, post: Postsynaptic, w: Quantity, moment: bool) -> list[Product]:
        """Return the products of a projection's rule that are momentary, or those that are not."""
        products = projection.plasticity.factors(pre, post, w)  # type: ignore[union-attr]
        chosen = zip(products, self._momentary[projection.name], strict=True)
        return [product for product, momentary_ in chosen if momentary_ == moment]

    @cached_property
    def averaged(self) -> tuple[tuple[str, str], ...]:
        """The (phase, population) pairs whose running average some rule senses."""
        pairs = []
        for projection in self.circuit.plastic:
            sensed, phase = prove_local(projection.plasticity), self.protocol.read_by(projection)
            pairs += [(phase, projection.pre)] if "pre.mean" in sensed else []
            pairs += [(phase, projection.post)] if "post.mean" in sensed else []
        return tuple(dict.fromkeys(pairs))

    @cached_property
    def errors(self) -> dict[str, ActivityDifference]:
        """The errors that rules sense, by projection; an error that no rule senses is never read."""
        sensing = [each for each in self.circuit.plastic if "post.error" in prove_local(each.plasticity)]
        return {each.name: each.error for each in sensing if each.error is not None}


@dataclass
class Probe(Memory):
    """What a trial remembers, and the potentials of its first so many trials and neurons in the last phase."""

    trials: int = 0
    neurons: int = 0
    potentials: dict[str, list[np.ndarray]] = field(default_factory=dict)
    """(trial, neuron) of each time step, by population."""

    def record(self, step: int, spikes: Activities, machine: Machine) -> None:
        """Keep the spikes and the potentials of one time step."""
        Memory.record(self, step, spikes, machine)
        self.keep(machine)

    def keep(self, machine: Machine) -> None:
        """Keep the potentials as they are."""
        for name, state in self.states.items():
            potential = state["v"] if "v" in state else state["u"]
            self.potentials.setdefault(name, []).append(machine.numpy(potential[: self.trials, : self.neurons]).copy())


class ArraySimulation(LearningSimulation, Machine):
    """A circuit that is computed on these arrays too."""

    def run(self, state: State, phase: Phase, inputs: Mapping[str, np.ndarray], every: int = 0) -> tuple[State, Frames]:
        """Run one phase."""
        memory = Memory() if phase == self.protocol.phases[0] else state.memory
        return self._run(state, phase, inputs, every, memory, self.runs[phase.name])

    def probe(
        self, state: State, phase: Phase, inputs: Mapping[str, np.ndarray], every: int, trials: int, neurons: int
    ) -> tuple[State, Frames, dict[str, np.ndarray]]:
        """Run one phase, the plain way, and return its potentials too."""
        memory = Memory() if phase == self.protocol.phases[0] else state.memory
        probe = Probe(**{each.name: getattr(memory, each.name) for each in fields(Memory)}, trials=trials, neurons=neurons)
        state, frames = self._run(state, phase, inputs, every, probe, self._plainly(phase))
        if phase.duration is None:
            probe.keep(self)
        return state, frames, {name: np.stack(kept) for name, kept in probe.potentials.items()}

    def _run(
        self, state: State, phase: Phase, inputs: Mapping[str, np.ndarray], every: int, memory: Memory, run: PhaseRun
    ) -> tuple[State, Frames]:
        given = {name: self.quantity(values) for name, values in inputs.items()}
        first = phase == self.protocol.phases[0]
        draws = state.draws.next() if first else state.draws
        with self.scope(state, first):
            frames = run.run(memory, Trial(given, state.weights, draws, self), every)
        recorded = [{name: self.numpy(activity) for name, activity in frame.items()} for frame in frames]
        return replace(state, memory=memory, inputs=given, draws=draws), recorded

    @cached_property
    def runs(self) -> dict[str, PhaseRun]:
        """The protocol's phases by name, ready to run."""
        return {phase.name: self._plainly(phase) for phase in self.protocol.phases}

    def _plainly(self, phase: Phase) -> PhaseRun:
        """Return a phase that runs step by step as ``stepping`` says, or settles."""
        return (Settling if phase.duration is None else Stepping)(self.circuit, self.protocol, phase)

    @cached_property
    def afferents(self) -> dict[Inlet, tuple[Afferent, ...]]:
        """Who arrives at each inlet."""
        return afferents(self.circuit)
