"""The contract of a backend: it compiles a circuit into a simulation, which runs phases and learns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bio_fa.backends.phases import Activities, Memory
from bio_fa.circuit import Circuit
from bio_fa.description import Description
from bio_fa.draws import Draws
from bio_fa.errors import BackendError, DivergenceError
from bio_fa.learning import Learning
from bio_fa.neurons import RateNeuron
from bio_fa.ops import Quantity
from bio_fa.phase import Phase
from bio_fa.projection import SHUNT, Projection
from bio_fa.protocol import Protocol
from bio_fa.synapses import Parameters, check_synapses
from bio_fa.team import Seat, Team

Potentials = dict[str, dict[str, np.ndarray]]
"""(time, trial, neuron), by the name of the potential and by population."""
Frames = list[dict[str, np.ndarray]]
"""Recorded activities in order of time: (trial, neuron) by population."""


@dataclass
class State:
    """What a simulation is at one moment; a state that was passed to ``run`` or ``learn`` is spent."""

    weights: dict[str, Quantity]
    """(post, pre) by projection."""
    masks: dict[str, Quantity]
    updates: dict[str, Any]
    """The state of the update, by plastic projection."""
    means: dict[tuple[str, str], Quantity] = field(default_factory=dict)
    """Running average activities (neuron,), by (phase, population)."""
    draws: Draws = field(default_factory=lambda: Draws(0, -1))
    """The random draws of the current trial."""
    trials: int = 0
    """How many times the circuit has learned."""
    memory: Memory = field(default_factory=Memory)
    inputs: Activities = field(default_factory=dict)


class Simulation(ABC):
    """A compiled circuit. Arrays come in and go out as NumPy; ``State`` is the backend's own."""

    circuit: Circuit
    protocol: Protocol
    learning: Learning

    @abstractmethod
    def init(self, parameters: Parameters, seed: int = 0) -> State:
        """Return the state of a circuit with these parameters that has not learned yet; ``seed`` is that of its trials' draws."""

    @abstractmethod
    def run(self, state: State, phase: Phase, inputs: Mapping[str, np.ndarray], every: int = 0) -> tuple[State, Frames]:
        """Run one phase on a batch of trials; the first phase of the protocol starts new ones, with new random draws.

        ``inputs``: by population, the activity of clamped and the target of nudged ones, (trial, neuron). With ``every`` ≥ 1
        the activities of every so many time steps come back (a phase that settles has one).
        """

    def probe(
        self, state: State, phase: Phase, inputs: Mapping[str, np.ndarray], every: int, trials: int, neurons: int
    ) -> tuple[State, Frames, Potentials]:
        """Run one phase as ``run`` does with ``every`` ≥ 1, and return its potentials too: (time, trial, neuron).

        They are those after each time step (once, after a phase that settles) of the first so many trials and neurons. A trial is
        probed in all its phases or in none.

        Raises:
            BackendError: where the backend keeps no potentials.
        """
        raise BackendError(f"{type(self).__name__} keeps no potentials; record none, or choose torch_spiking or reference.")

    def sensed(self, state: State, variable: str, population: str, phase: str) -> np.ndarray:
        """Return what the neurons of a population sense in a phase that was probed, the last one to run: (trial, neuron).

        ``variable``: ``feedback``, γ (a − a₀), 0 where it is not felt; ``trace``, of their spikes, at the end of the phase; or
        ``error``, with which their synapses learn, once all phases have run.

        Raises:
            BackendError: where the backend keeps none of it.
        """
        raise BackendError(f"{type(self).__name__} keeps no {variable}; record none, or choose torch_spiking or reference.")

    @abstractmethod
    def activity(self, state: State, population: str, phase: str) -> np.ndarray:
        """Return the activity (trial, neuron) of a population at the end of a phase of the current trial."""

    @abstractmethod
    def spikes(self, state: State, population: str) -> np.ndarray:
        """Return [step, trial, neuron] of each spike of a population in the last phase, in order, if ``every`` was given."""

    @abstractmethod
    def deltas(self, state: State) -> dict[str, np.ndarray]:
        """Return Δw (post, pre) of each plastic projection for the current trial, before update and constraints."""

    @abstractmethod
    def learn(self, state: State) -> State:
        """Return the state after plasticity, update and constraints have acted on the current trial."""

    @abstractmethod
    def parameters(self, state: State) -> Parameters:
        """Return the circuit's parameters as NumPy arrays."""

    @abstractmethod
    def saved(self, state: State) -> dict[str, Any]:
        """Return all by which a circuit goes on between two trials: plain values, NumPy arrays and random streams."""

    @abstractmethod
    def restored(self, saved: Mapping[str, Any]) -> State:
        """Return the state that was saved: the circuit goes on as if it had never stopped, on a CPU to the last bit."""

    def check_parameters(self, parameters: Parameters) -> None:
        """Refuse parameters that do not fit the circuit, with the first reason."""
        for projection in self.circuit.projections:
            if projection.name not in parameters:
                raise BackendError(f"{projection.name}: no parameters came for it; give those of circuit.sample(seed).")
            dalean = self.circuit.sign(projection) is not None
            check_synapses(projection.name, parameters[projection.name], self.circuit.shape(projection), dalean)

    def diagnose(self, state: State, trial: int) -> None:
        """Raise the error that says where the simulation stopped being finite, if it did.

        Raises:
            DivergenceError: naming the trial, the projection and what to do.
        """
        advice = "lower the learning rate, or check the initial weights"
        for name, synapses in self.parameters(state).items():
            if not np.isfinite(synapses.w).all():
                raise DivergenceError(f"trial {trial}: the weights of {name} stopped being finite; {advice}.")
        for phase, activities in state.memory.activity.items():
            for population in activities:
                if not np.isfinite(self.activity(state, population, phase)).all():
                    where = f"the activity of {population!r} stopped being finite in phase {phase!r}"
                    through = self._strongest(state, population, phase)
                    raise DivergenceError(f"trial {trial}: {where} through {through}; {advice}.")

    def _strongest(self, state: State, population: str, phase: str) -> str:
        """Return the projection whose finite activities drive a population most: where numbers grew too large."""
        parameters = self.parameters(state)

        def current(projection: Projection) -> float:
            rates = self.activity(state, projection.pre, phase).astype(float)
            with np.errstate(all="ignore"):
                return float(np.nan_to_num(np.abs(rates @ parameters[projection.name].w.T).max(), nan=-1.0))

        incoming = [each for each in self.circuit.projections if each.post == population]
        return max(incoming, key=current).name if incoming else "its input"


@dataclass(frozen=True)
class Backend(Description, abstract=True):
    """A machine that can simulate circuits."""

    @abstractmethod
    def unsupported(self, circuit: Circuit, learning: Learning) -> tuple[str, ...]:
        """Return the reasons, each with its remedy, why this backend cannot run the circuit; empty if it can."""

    @abstractmethod
    def compile(self, circuit: Circuit, protocol: Protocol, learning: Learning) -> Simulation:
        """Return the simulation of a circuit.

        Raises:
            BackendError: with the reasons of ``unsupported``.
            DescriptionError: when the protocol does not fit the circuit.
        """

    def team(self, seat: Seat, fate: Callable[[float], str]) -> Team:
        """Return the team in which a process shares one run with others, which it has not met yet.

        ``fate`` waits at most so many seconds and tells how another process ended: nothing where none did, or nobody knows.

        Raises:
            BackendError: where the backend computes in one process.
        """
        raise BackendError(f"{self.kind()} computes in one process; leave out --nproc, or choose torch_rate or torch_spiking.")

    def require_supported(self, circuit: Circuit, protocol: Protocol, learning: Learning) -> None:
        """Refuse what this backend cannot run."""
        protocol.check(circuit)
        learning.check(circuit, protocol)
        reasons = self.unsupported(circuit, learning)
        if reasons:
            raise BackendError(f"{self.kind()} cannot run {circuit.name!r}: {' '.join(reasons)}")


def not_shunting(circuit: Circuit) -> Iterable[str]:
    """Yield the reason why a backend whose neurons divide no currents cannot run the circuit, if there is one."""
    shunts = [each.name for each in circuit.projections if each.compartment == SHUNT]
    if shunts:
        yield f"{shunts[0]} divides currents, which it does not; choose torch_rate or reference."


def not_rate(circuit: Circuit) -> Iterable[str]:
    """Yield the reason why a backend of rates cannot run the circuit, if there is one: the first neurons without a rate."""
    silent = [each for each in circuit.populations if not isinstance(each.neuron, RateNeuron)]
    if silent:
        name, kind = silent[0].name, silent[0].neuron.kind()
        yield f"{name!r} has neurons of kind {kind}, which have no rate; choose torch_spiking, brian2 or reference."
