"""What backends that compute on arrays share: everything but how currents are summed and how a rule is evaluated.

The equations are those of the circuit's parts, so that they hold for NumPy arrays and tensors alike.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cached_property, partial
from typing import NamedTuple

import numpy as np

from bio_fa.backends.base import Frames, Simulation, State
from bio_fa.backends.phases import Activities, Memory, PhaseRun, Target
from bio_fa.constraints import Constraint
from bio_fa.credit import ActivityDifference
from bio_fa.learning import LocalLearning
from bio_fa.ops import Quantity
from bio_fa.plasticity import Postsynaptic, Presynaptic, prove_local
from bio_fa.projection import Projection
from bio_fa.protocol import Phase
from bio_fa.synapses import Parameters, Synapses

Means = Mapping[tuple[str, str], Quantity]
"""Running average activities (neuron,), by (phase, population)."""


class Afferent(NamedTuple):
    """A projection as its target sees it."""

    name: str
    pre: str
    sign: int
    """+1 or −1; +1 for unsigned neurons too."""


class ArraySimulation(Simulation):
    """A circuit on arrays of one kind: NumPy's or torch's."""

    @abstractmethod
    def quantity(self, array: np.ndarray) -> Quantity:
        """Return a NumPy array as this backend's own kind, copied."""

    @abstractmethod
    def numpy(self, quantity: Quantity) -> np.ndarray:
        """Return this backend's own kind as a NumPy array, which may share its memory."""

    @abstractmethod
    def currents(self, target: Target, activities: Activities, weights: Mapping[str, Quantity]) -> Quantity:
        """Return the summed current Σ s w r of a target: (trial, post)."""

    @abstractmethod
    def changes(self, state: State, means: Means) -> dict[str, Quantity]:
        """Return Δw (post, pre) of each plastic projection, averaged over trials, in arrays that may be written into."""

    @abstractmethod
    def scope(self, state: State, first: bool) -> AbstractContextManager[object]:
        """Return the context in which a phase runs, the ``first`` of a trial or a later one, or in which weights change."""

    def init(self, parameters: Parameters) -> State:
        """Return the state that starts from ``parameters``."""
        self.check_parameters(parameters)
        weights = {name: self.quantity(synapses.w) for name, synapses in parameters.items()}
        masks = {name: self.quantity(synapses.mask) for name, synapses in parameters.items()}
        updates = {each.name: self.learning.update.init(weights[each.name]) for each in self.circuit.plastic}
        return State(weights, masks, updates)

    def run(self, state: State, phase: Phase, inputs: Mapping[str, np.ndarray], every: int = 0) -> tuple[State, Frames]:
        """Run one phase."""
        given = {name: self.quantity(values) for name, values in inputs.items()}
        first = phase == self.protocol.phases[0]
        memory = Memory() if first else state.memory
        with self.scope(state, first):
            currents = partial(self.currents, weights=state.weights)
            memory, frames = self.runs[phase.name].run(memory, given, currents, every)
        recorded = [{name: self.numpy(activity) for name, activity in frame.items()} for frame in frames]
        return replace(state, memory=memory, inputs=given), recorded

    def activity(self, state: State, population: str, phase: str) -> np.ndarray:
        """Return the activity at the end of a phase."""
        return self.numpy(state.memory.activity[phase][population])

    def deltas(self, state: State) -> dict[str, np.ndarray]:
        """Return Δw of each plastic projection."""
        return {name: self.numpy(delta).copy() for name, delta in self.changes(state, self.means(state)).items()}

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
        """Return what both sides of a projection's synapses know: activities and errors (trial, neuron)."""
        activities, (phase, sign) = state.memory.activity, self.readings[projection.name]
        error = self.errors[projection.name].of(activities) if projection.name in self.errors else 0.0
        before = activities[phase][projection.pre], means.get((phase, projection.pre), 0.0)
        after = activities[phase][projection.post], means.get((phase, projection.post), 0.0)
        return Presynaptic(*before, sign), Postsynaptic(*after, error)

    @cached_property
    def readings(self) -> dict[str, tuple[str, int]]:
        """The phase that each plastic projection's rule reads, and its presynaptic sign (+1 for unsigned neurons)."""
        return {each.name: (self.protocol.read_by(each), self.circuit.sign(each) or 1) for each in self.circuit.plastic}

    @cached_property
    def constraints(self) -> dict[str, tuple[Constraint, ...]]:
        """What must hold of the weights of each plastic projection."""
        return {each.name: self.circuit.constraints(each) for each in self.circuit.plastic}

    @cached_property
    def runs(self) -> dict[str, PhaseRun]:
        """The protocol's phases by name, ready to run."""
        return {phase.name: PhaseRun(self.circuit, self.protocol, phase) for phase in self.protocol.phases}

    @cached_property
    def afferents(self) -> dict[Target, tuple[Afferent, ...]]:
        """Who drives each compartment of each population."""
        afferents: dict[Target, tuple[Afferent, ...]] = {}
        for each in self.circuit.projections:
            target = each.post, each.compartment
            afferents[target] = (*afferents.get(target, ()), Afferent(each.name, each.pre, self.circuit.sign(each) or 1))
        return afferents

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
