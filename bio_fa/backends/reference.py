"""reference: NumPy in double precision, one synapse at a time. Slow on purpose: the executable specification."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from bio_fa.backends.base import Backend, Frames, Simulation, State, as_parameters, not_rate
from bio_fa.backends.phases import Activities, Memory, Target
from bio_fa.circuit import Circuit
from bio_fa.learning import Learning, LocalLearning
from bio_fa.plasticity import Postsynaptic, Presynaptic
from bio_fa.projection import Projection
from bio_fa.protocol import Phase, Protocol
from bio_fa.synapses import Parameters

Means = dict[tuple[str, str], np.ndarray]
"""Running average activities (neuron,), by (phase, population)."""


@dataclass(frozen=True)
class Reference(Backend):
    """NumPy float64, synapse by synapse: the oracle of the other backends, for circuits of a few hundred synapses."""

    def unsupported(self, circuit: Circuit, learning: Learning) -> tuple[str, ...]:
        """Return the reasons why it cannot run: neurons without a rate, or gradient learning."""
        gradient = () if isinstance(learning, LocalLearning) else ("it has no gradient; use torch_rate.",)
        return (*not_rate(circuit), *gradient)

    def compile(self, circuit: Circuit, protocol: Protocol, learning: Learning) -> Simulation:
        """Return the simulation."""
        self.require_supported(circuit, protocol, learning)
        assert isinstance(learning, LocalLearning)
        return ReferenceSimulation(circuit, protocol, learning)


class ReferenceSimulation(Simulation):
    """A circuit on NumPy, loop by loop."""

    def __init__(self, circuit: Circuit, protocol: Protocol, learning: LocalLearning) -> None:
        self.circuit, self.protocol, self.learning = circuit, protocol, learning
        self.update, self.horizon = learning.update, learning.horizon

    def init(self, parameters: Parameters) -> State:
        """Return the state that starts from ``parameters``."""
        self.check_parameters(parameters)
        weights = {name: synapses.w.astype(float) for name, synapses in parameters.items()}
        masks = {name: synapses.mask.astype(float) for name, synapses in parameters.items()}
        updates = {each.name: self.update.init(weights[each.name]) for each in self.circuit.plastic}
        return State(weights, masks, updates)

    def run(self, state: State, phase: Phase, inputs: Mapping[str, np.ndarray], every: int = 0) -> tuple[State, Frames]:
        """Run one phase."""
        arrays = {name: np.asarray(values, dtype=float) for name, values in inputs.items()}
        memory = Memory() if phase == self.protocol.phases[0] else state.memory
        memory, frames = self.runs[phase.name].run(memory, arrays, partial(self._currents, state=state), every)
        return replace(state, memory=memory, inputs=arrays), frames

    def _currents(self, target: Target, activities: Activities, state: State) -> np.ndarray:
        trials = len(next(iter(activities.values())))
        current = np.zeros((trials, self.circuit.population(target[0]).size))
        for name, source, sign in self.afferents.get(target, ()):
            w = state.weights[name]
            for trial, post, pre in np.ndindex(trials, *w.shape):
                current[trial, post] += sign * w[post, pre] * activities[source][trial, pre]
        return current

    def activity(self, state: State, population: str, phase: str) -> np.ndarray:
        """Return the activity at the end of a phase."""
        return np.asarray(state.memory.activity[phase][population])

    def deltas(self, state: State) -> dict[str, np.ndarray]:
        """Return Δw of each plastic projection."""
        means = self._means(state)
        return {each.name: self._delta(each, state, means) for each in self.circuit.plastic}

    def _delta(self, projection: Projection, state: State, means: Means) -> np.ndarray:
        w = state.weights[projection.name]
        trials = len(next(iter(state.inputs.values())))
        delta = np.zeros(w.shape)
        for post, pre in np.ndindex(*w.shape):
            changes = [self._change(projection, state, means, trial, post, pre) for trial in range(trials)]
            delta[post, pre] = sum(changes) / trials
        return delta

    def _change(self, projection: Projection, state: State, means: Means, trial: int, post: int, pre: int) -> float:
        activity, phase = state.memory.activity, self.protocol.read_by(projection)
        error = self.errors.get(projection.name)
        e = 0.0
        if error is not None:
            plus, minus = error.plus, error.minus
            e = activity[plus.phase][plus.population][trial, post] - activity[minus.phase][minus.population][trial, post]
        mean = means[phase, projection.pre][pre] if (phase, projection.pre) in means else 0.0
        before = Presynaptic(activity[phase][projection.pre][trial, pre], mean, self.circuit.sign(projection) or 1)
        mean = means[phase, projection.post][post] if (phase, projection.post) in means else 0.0
        after = Postsynaptic(activity[phase][projection.post][trial, post], mean, e)
        w = state.weights[projection.name][post, pre]
        return sum(a * b * c for a, b, c in projection.plasticity.factors(before, after, w))  # type: ignore[union-attr]

    def _means(self, state: State) -> Means:
        means = dict(state.means)
        for phase, population in self.averaged:
            now = state.memory.activity[phase][population].mean(axis=0)
            before = means.get((phase, population), 0 * now)
            means[phase, population] = before + (now - before) / min(state.trials + 1, self.horizon)
        return means

    def learn(self, state: State) -> State:
        """Apply plasticity, update and constraints."""
        weights, updates = dict(state.weights), dict(state.updates)
        for name, delta in self.deltas(state).items():
            step, updates[name] = self.update.step(delta, updates[name])
            weights[name] = weights[name] + step  # a new array: the state passed in stays whole
            for constraint in self.circuit.constraints(self.circuit.projection(name)):
                weights[name] = constraint.apply(weights[name], state.masks[name])
        return replace(state, weights=weights, updates=updates, means=self._means(state), trials=state.trials + 1)

    def parameters(self, state: State) -> Parameters:
        """Return the parameters."""
        return as_parameters({name: w.copy() for name, w in state.weights.items()}, state.masks)
