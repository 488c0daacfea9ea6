"""reference: NumPy in double precision, one synapse at a time. Slow on purpose: the executable specification."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from bio_fa.backends.arrays import ArraySimulation
from bio_fa.backends.base import Backend, Simulation, State
from bio_fa.backends.changes import Means
from bio_fa.backends.phases import Activities, Inlet
from bio_fa.circuit import Circuit
from bio_fa.learning import Learning, LocalLearning
from bio_fa.ops import Quantity, step
from bio_fa.plasticity import Postsynaptic, Presynaptic
from bio_fa.projection import Projection
from bio_fa.protocol import Protocol

Side = TypeVar("Side", Presynaptic, Postsynaptic)


@dataclass(frozen=True)
class Reference(Backend):
    """NumPy float64, synapse by synapse: the oracle of the other backends, for circuits of a few hundred synapses."""

    def unsupported(self, circuit: Circuit, learning: Learning) -> tuple[str, ...]:
        """Return the reason why it cannot run: gradient learning."""
        spiking = "torch_spiking" if circuit.spiking else "torch_rate"
        return () if isinstance(learning, LocalLearning) else (f"it has no gradient; use {spiking}.",)

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

    def currents(self, inlet: Inlet, signals: Activities, weights: Mapping[str, Quantity]) -> np.ndarray:
        """Return Σ factor · w · signal over the afferents whose signals are given, one synapse of one trial at a time."""
        trials = len(next(iter(signals.values())))
        current = np.zeros((trials, self.circuit.population(inlet.population).size))
        for name, source, factor in (each for each in self.afferents[inlet] if each.pre in signals):
            w, signal = weights[name], signals[source]
            for trial, post, pre in np.ndindex(trials, *w.shape):
                current[trial, post] += factor * w[post, pre] * signal[trial, pre]
        return current

    def fire(self, excess: np.ndarray) -> np.ndarray:
        """Return 1 where the excess is positive."""
        fired: np.ndarray = step(excess)
        return fired

    def changes(self, state: State, means: Means) -> dict[str, Quantity]:
        """Return Δw of each plastic projection."""
        return {each.name: self.total_change(each, state, means) for each in self.circuit.plastic}

    def products(
        self, projection: Projection, pre: Presynaptic, post: Postsynaptic, w: Quantity, moment: bool
    ) -> np.ndarray:
        """Return Σ post · pre · synapse, averaged over trials, one synapse of one trial at a time."""
        trials = max(len(np.atleast_2d(each)) for each in (*vars(pre).values(), *vars(post).values()))
        before, after = _spread(pre, trials, w.shape[1]), _spread(post, trials, w.shape[0])
        change = np.zeros(w.shape)
        for trial, i, j in np.ndindex(trials, *w.shape):
            products = self.factors(projection, _at(before, trial, j), _at(after, trial, i), w[i, j], moment)
            change[i, j] += sum(a * b * c for a, b, c in products) / trials
        return change


def _spread(side: Side, trials: int, neurons: int) -> Side:
    """Return what one side knows as (trial, neuron) throughout, whether it was a number, (neuron,) or already so."""
    return type(side)(*(np.broadcast_to(each, (trials, neurons)) for each in vars(side).values()))


def _at(side: Side, trial: int, neuron: int) -> Side:
    """Return what one neuron knows in one trial."""
    return type(side)(*(each[trial, neuron] for each in vars(side).values()))
