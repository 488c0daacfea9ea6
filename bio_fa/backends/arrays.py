"""What backends that compute on arrays share: everything but how currents are summed and how a rule is evaluated.

The equations are those of the circuit's parts, so that they hold for NumPy arrays and tensors alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property

import numpy as np

from bio_fa.backends.base import Frames, Potentials, State
from bio_fa.backends.broadcast import shaken
from bio_fa.backends.changes import LearningSimulation
from bio_fa.backends.phases import Activities, Afferent, Inlet, Machine, Memory, PhaseRun, Trial, afferents
from bio_fa.backends.response import Response
from bio_fa.backends.settling import Settling
from bio_fa.backends.stepping import Stepping
from bio_fa.credit import SignedError
from bio_fa.pathways import senses
from bio_fa.phase import Phase
from bio_fa.standardisation import shunted


@dataclass
class Probe(Memory):
    """What a trial remembers, and the potentials of its first so many trials and neurons in the last phase."""

    trials: int = 0
    neurons: int = 0
    symbols: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By population and name of a potential, the variable that it is."""
    potentials: dict[str, dict[str, list[np.ndarray]]] = field(default_factory=dict)
    """(trial, neuron) of each time step, by their name and population."""

    def record(self, step: int, spikes: Activities, machine: Machine) -> None:
        """Keep the spikes and the potentials of one time step."""
        Memory.record(self, step, spikes, machine)
        self.keep(machine)

    def keep(self, machine: Machine) -> None:
        """Keep the potentials as they are."""
        for name, state in self.states.items():
            for potential, symbol in self.symbols[name].items():
                kept = machine.numpy(state[symbol][: self.trials, : self.neurons]).copy()
                self.potentials.setdefault(potential, {}).setdefault(name, []).append(kept)


class ArraySimulation(LearningSimulation, Machine):
    """A circuit that is computed on these arrays too."""

    def run(self, state: State, phase: Phase, inputs: Mapping[str, np.ndarray], every: int = 0) -> tuple[State, Frames]:
        """Run one phase."""
        memory = Memory() if phase == self.protocol.phases[0] else state.memory
        return self._run(state, phase, inputs, every, memory, self.runs[phase.name])

    def probe(
        self, state: State, phase: Phase, inputs: Mapping[str, np.ndarray], every: int, trials: int, neurons: int
    ) -> tuple[State, Frames, Potentials]:
        """Run one phase, the plain way, and return its potentials too."""
        memory = Memory() if phase == self.protocol.phases[0] else state.memory
        symbols = {each.name: each.potentials for each in self.circuit.populations}
        remembered = {each.name: getattr(memory, each.name) for each in fields(Memory)}
        probe = Probe(**remembered, trials=trials, neurons=neurons, symbols=symbols)
        state, frames = self._run(state, phase, inputs, every, probe, self._plainly(phase))
        if phase.duration is None:
            probe.keep(self)
        potentials = probe.potentials.items()
        return state, frames, {potential: {name: np.stack(kept) for name, kept in of.items()} for potential, of in potentials}

    def sensed(self, state: State, variable: str, population: str, phase: str) -> np.ndarray:
        """Return what the neurons of a population sense in a phase."""
        memory, nothing = state.memory, 0 * state.memory.activity[phase][population]
        if variable == "trace":
            return self.numpy(memory.trace.get(population, nothing)).copy()
        if variable == "feedback":
            return self.numpy(memory.feedback[phase].get(population, nothing))
        taught = next(each for each in self.circuit.plastic if each.post == population and senses(each, "post.error"))
        return self.numpy(self.errors(taught, state, self.means(state))[0] + nothing)

    def _run(
        self, state: State, phase: Phase, inputs: Mapping[str, np.ndarray], every: int, memory: Memory, run: PhaseRun
    ) -> tuple[State, Frames]:
        given = {name: self.quantity(values) for name, values in inputs.items()}
        first = phase == self.protocol.phases[0]
        draws = state.draws.next() if first else state.draws
        with self.scope(state, first):
            noise = shaken(phase, state.weights, state.masks, draws, self.quantity)
            memory.noise[phase.name] = noise
            weights = {**state.weights, **{name: state.weights[name] + each for name, each in noise.items()}}
            frames = run.run(memory, Trial(given, shunted(self.circuit, weights), draws, self), every)
            memory.u[phase.name] = {name: each["u"] for name, each in memory.states.items() if "u" in each}
        recorded = [{name: self.numpy(activity) for name, activity in frame.items()} for frame in frames]
        return replace(state, memory=memory, inputs=given, draws=draws), recorded

    @cached_property
    def response(self) -> Response:
        """How signed errors spread."""
        return Response(self.circuit)

    def signed_errors(self, credit: SignedError, state: State) -> Activities:
        """Return the signed errors of a trial, which are computed once."""
        memory, output = state.memory, self.circuit.output
        if credit not in memory.response:
            target = state.inputs[output]
            phase = credit.phase or self.protocol.phases[-1].name
            error = target - memory.activity[phase][output]
            sent = error if credit.sends == "error" else target
            memory.response[credit] = self.response.spread(error, sent, memory.u[phase], shunted(self.circuit, state.weights), self)
        return memory.response[credit]

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
