"""Changes: how weights follow from what a trial has left, on arrays of any kind.

The equations are those of the rules, updates and constraints, so that they hold for NumPy arrays and tensors alike.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from bio_fa.backends.base import Simulation, State
from bio_fa.backends.broadcast import REWARD, Judged
from bio_fa.backends.lasting import restored, saved
from bio_fa.backends.phases import Activities
from bio_fa.constraints import Constraint
from bio_fa.credit import ActivityDifference, Broadcast, Lateral, Reward, SignedError
from bio_fa.draws import Draws
from bio_fa.errors import BackendError
from bio_fa.learning import LocalLearning
from bio_fa.ops import Quantity
from bio_fa.plasticity import Postsynaptic, Presynaptic, Product, momentary, prove_local
from bio_fa.projection import SHUNT, Projection
from bio_fa.randomness import stream
from bio_fa.standardisation import divisor
from bio_fa.synapses import Parameters, Synapses

Means = Mapping[tuple[str, str], Quantity]
"""Running average activities (neuron,), by (phase, population)."""
POTENTIAL = "potential"
"""What stands for the phase where potentials that compete are averaged."""


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
        update, plastic = self.learning.update, (each.name for each in self.circuit.plastic)
        updates = {name: update.init(weights[name], stream(seed, "update", name)) for name in plastic}
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
            for name, delta in state.draws.share.means(self.changes(state, means)).items():
                self._move(name, delta, state)
            for projection in self.circuit.tied:
                state.weights[projection.name] = self._copied(projection, state)
        return replace(state, means=means, trials=state.trials + 1)

    def _move(self, name: str, delta: Quantity, state: State) -> None:
        w = state.weights[name]
        if name not in self.running:
            delta, state.updates[name] = self.learning.update.step(delta, state.updates[name], w)
        w += delta
        for constraint in self.constraints[name]:
            w = constraint.apply(w, state.masks[name])
        state.weights[name] = w

    def _copied(self, projection: Projection, state: State) -> Quantity:
        """Return the weights of a projection that follows another."""
        tie, mask = projection.tie, state.masks[projection.name]
        assert tie is not None
        own = state.weights[projection.name]
        if tie.redraws:
            own = self.quantity(state.draws.magnitudes(projection, np.asarray(self.numpy(mask), dtype=bool)))
        return tie.weights(state.weights[tie.to], own) * mask

    def parameters(self, state: State) -> Parameters:
        """Return the parameters, copied."""
        masks = {name: np.asarray(self.numpy(mask), dtype=bool) for name, mask in state.masks.items()}
        return {name: Synapses(self.numpy(w).copy(), masks[name]) for name, w in state.weights.items()}

    def saved(self, state: State) -> dict[str, Any]:
        """Return all that outlives a trial."""
        return saved(state, self.numpy)

    def restored(self, saved: Mapping[str, Any]) -> State:
        """Return the state that was saved."""
        return restored(saved, self.quantity)

    def means(self, state: State) -> dict[tuple[str, str], Quantity]:
        """Return the running averages that rules sense, the current trial included."""
        if not isinstance(self.learning, LocalLearning):
            return dict(state.means)
        before, average, now = state.means, self.learning.average, state.draws.share.means(self._present(state))
        return {**before, **{key: average(before.get(key, 0 * each), each, state.trials) for key, each in now.items()}}

    def _present(self, state: State) -> dict[tuple[str, str], Quantity]:
        """Return what is averaged over trials, of the current one alone."""
        memory = state.memory
        activities = {(phase, name): memory.activity[phase][name].mean(0) for phase, name in self.averaged}
        potentials = {(POTENTIAL, each.post): memory.u[each.error.phase][each.post].mean(0) for each in self.competing}  # type: ignore[union-attr]
        rewards = [(REWARD, self.judged(state).reward(credit).mean()) for credit in self.rewarded]
        return {**activities, **potentials, **dict(rewards)}

    def sides(self, projection: Projection, state: State, means: Means) -> tuple[Presynaptic, Postsynaptic]:
        """Return what both sides of a projection's synapses know once a trial: activities and errors (trial, neuron)."""
        memory, (phase, sign), post = state.memory, self.readings[projection.name], projection.post
        before = memory.activity[phase][projection.pre], means.get((phase, projection.pre), 0.0)
        after = memory.activity[phase][post], means.get((phase, post), 0.0)
        apical = memory.feedback.get(self.protocol.plastic, {}).get(post, 0.0)
        sensitivity = memory.sensitivity.get(phase, {}).get(post, 0.0)
        deviation = self._deviation(projection, phase, state)
        error, own = self.errors(projection, state, means)
        return Presynaptic(*before, sign, error=own), Postsynaptic(
            *after, error, apical=apical, deviation=deviation, sensitivity=sensitivity
        )

    def _deviation(self, projection: Projection, phase: str, state: State) -> Quantity:
        """Return what potentials are before a shunt divides them, (trial, neuron), to the rules that sense it."""
        if projection.name not in self.running:
            return 0.0
        shunts = self.circuit.onto(projection.post, SHUNT)
        u = state.memory.u[phase][projection.post]
        return u * divisor(state.weights[shunts[0].name]).T if shunts else u

    def errors(self, projection: Projection, state: State, means: Means) -> tuple[Quantity, Quantity]:
        """Return what a rule senses as the error of the postsynaptic and of the presynaptic neuron."""
        credit, sensed, activity = projection.error, prove_local(projection.plasticity), state.memory.activity
        if isinstance(credit, Lateral):
            u = state.memory.u[credit.phase][projection.post]
            return credit.of(u - means[POTENTIAL, projection.post]), 0.0
        if isinstance(credit, Broadcast):
            return self.judged(state).errors(credit, projection.post, state.means.get(REWARD, 0.0)), 0.0
        if isinstance(credit, SignedError):
            signed = self.signed_errors(credit, state)
            return signed.get(projection.post, 0.0), signed.get(projection.pre, 0.0)
        if not isinstance(credit, ActivityDifference):
            return 0.0, 0.0
        after = credit.of(activity) if "post.error" in sensed else 0.0
        return after, credit.alike(projection.pre).of(activity) if "pre.error" in sensed else 0.0

    def judged(self, state: State) -> Judged:
        """Return the trial as those see it who judge how well it went."""
        phases = {phase.name: phase for phase in self.protocol.phases}
        target = state.inputs[self.circuit.output]
        return Judged(self.circuit, phases, state.memory, target, state.draws, self.quantity, self.numpy)

    def signed_errors(self, credit: SignedError, state: State) -> Activities:
        """Return the signed errors of a trial, (trial, neuron) by population that feedback reaches.

        Raises:
            BackendError: where the backend carries none.
        """
        raise BackendError(f"{type(self).__name__} carries no signed errors; use an ActivityDifference, or choose torch_rate.")

    def total_change(self, projection: Projection, state: State, means: Means) -> Quantity:
        """Return Δw of a projection's rule: the products taken once a trial, and those that its phases have integrated."""
        w, integrated = self.synaptic(projection, state), state.memory.changes.get(projection.name)
        change = self.products(projection, *self.sides(projection, state, means), w, moment=False)
        return change if integrated is None else change + integrated

    def synaptic(self, projection: Projection, state: State) -> Quantity:
        """Return what the synapses of a projection know of themselves, (post, pre): their weight, or the score of their noise."""
        if projection.plasticity.synaptic == "weight":  # type: ignore[union-attr]
            return state.weights[projection.name]
        phase = self.protocol.phase(projection.error.phase)  # type: ignore[union-attr]
        (noise,) = [each for each in phase.noise if each.target == projection.name]
        return noise.score(state.memory.noise[phase.name][projection.name])

    @cached_property
    def competing(self) -> tuple[Projection, ...]:
        """One projection onto each population whose neurons compete."""
        return tuple({each.post: each for each in self.circuit.plastic if isinstance(each.error, Lateral)}.values())

    @cached_property
    def rewarded(self) -> frozenset[Reward]:
        """What rules take for the reward: one at most is averaged."""
        return frozenset(each.error for each in self.circuit.plastic if isinstance(each.error, Reward))

    @cached_property
    def readings(self) -> dict[str, tuple[str, int]]:
        """The phase that each plastic projection's rule reads, and its presynaptic sign (+1 for unsigned neurons)."""
        return {each.name: (self.protocol.read_by(each), self.circuit.sign(each) or 1) for each in self.circuit.plastic}

    @cached_property
    def running(self) -> frozenset[str]:
        """The projections whose changes are the steps of running averages."""
        return frozenset(each.name for each in self.circuit.plastic if each.plasticity is not None and each.plasticity.running)

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
