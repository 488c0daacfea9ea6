"""reference: NumPy in double precision, one synapse at a time. Slow on purpose: the executable specification."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from bio_fa.backends.arrays import ArraySimulation, Means
from bio_fa.backends.base import Backend, Simulation, State, not_rate
from bio_fa.backends.phases import Activities, Target
from bio_fa.circuit import Circuit
from bio_fa.learning import Learning, LocalLearning
from bio_fa.ops import Quantity
from bio_fa.plasticity import Postsynaptic, Presynaptic
from bio_fa.projection import Projection
from bio_fa.protocol import Protocol

Side = TypeVar("Side", Presynaptic, Postsynaptic)


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
        return ReferenceSimulation(circuit, protocol, learning)


class ReferenceSimulation(ArraySimulation):
    """A circuit on NumPy, loop by loop."""

    def __init__(self, circuit: Circuit, protocol: Protocol, learning: Learning) -> None:
        self.circuit, self.protocol, self.learning = circuit, protocol, learning

    def quantity(self, array: np.ndarray) -> np.ndarray:
        """Return the array in double precision, copied."""
        return np.array(array, dtype=float)

    def numpy(self, quantity: Quantity) -> np.ndarray:
        """Return the array itself."""
        return np.asarray(quantity)

    def scope(self, state: State, first: bool) -> AbstractContextManager[object]:
        """Return a context that does nothing."""
        return nullcontext()

    def currents(self, target: Target, activities: Activities, weights: Mapping[str, Quantity]) -> np.ndarray:
        """Return Σ s w r, one synapse of one trial at a time."""
        trials = len(next(iter(activities.values())))
        current = np.zeros((trials, self.circuit.population(target[0]).size))
        for name, source, sign in self.afferents.get(target, ()):
            w = weights[name]
            for trial, post, pre in np.ndindex(trials, *w.shape):
                current[trial, post] += sign * w[post, pre] * activities[source][trial, pre]
        return current

    def changes(self, state: State, means: Means) -> dict[str, Quantity]:
        """Return Δw of each plastic projection, one synapse of one trial at a time."""
        return {each.name: self._change(each, state, means) for each in self.circuit.plastic}

    def _change(self, projection: Projection, state: State, means: Means) -> np.ndarray:
        w = state.weights[projection.name]
        before, after = self.sides(projection, state, means)
        trials = len(before.activity)
        pre, post = _spread(before, trials, w.shape[1]), _spread(after, trials, w.shape[0])
        delta = np.zeros(w.shape)
        for trial, i, j in np.ndindex(trials, *w.shape):
            products = projection.plasticity.factors(_at(pre, trial, j), _at(post, trial, i), w[i, j])  # type: ignore[union-attr]
            delta[i, j] += sum(a * b * c for a, b, c in products) / trials
        return delta


def _spread(side: Side, trials: int, neurons: int) -> Side:
    """Return what one side knows as (trial, neuron) throughout, whether it was a number, (neuron,) or already so."""
    return type(side)(*(np.broadcast_to(each, (trials, neurons)) for each in vars(side).values()))


def _at(side: Side, trial: int, neuron: int) -> Side:
    """Return what one neuron knows in one trial."""
    return type(side)(*(each[trial, neuron] for each in vars(side).values()))
