"""Running a phase: what settles or moves in which order. The same for every backend that computes on arrays.

A backend brings only its way to sum synaptic currents; the equations are those of the neurons, compartments and nudges.
Within a step of time: activities are read, currents summed, potentials moved.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from bio_fa.circuit import Circuit
from bio_fa.ops import Quantity, rows_of_zeros
from bio_fa.population import TONIC, Population
from bio_fa.projection import Projection
from bio_fa.protocol import Phase, Protocol

Activities = dict[str, Quantity]
"""(trial, neuron) by population."""
Currents = Callable[[tuple[Projection, ...], Activities], Quantity]
"""Sums the signed synaptic currents of projections onto one population: (trial, neuron)."""


@dataclass
class Memory:
    """What a trial remembers of its phases; a new trial starts with a new one."""

    potential: Activities = field(default_factory=dict)
    activity: dict[str, Activities] = field(default_factory=dict)
    """By phase, at its end."""
    basal: dict[str, Activities] = field(default_factory=dict)
    """By phase, the basal currents at its end, where a later phase holds them."""
    balance: Activities = field(default_factory=dict)
    """The apical currents that inhibition has learned to cancel."""


@dataclass(frozen=True)
class PhaseRun:
    """One phase of one circuit, ready to run on any batch of trials."""

    circuit: Circuit
    protocol: Protocol
    phase: Phase

    @cached_property
    def free(self) -> tuple[Population, ...]:
        """The populations that the phase does not clamp."""
        return tuple(each for each in self.circuit.populations if each.name not in self.phase.clamp)

    @cached_property
    def order(self) -> tuple[Population, ...] | None:
        """The free populations, each after those that drive it; None where an active loop forbids such an order."""
        drivers = {each.name: {p.pre for p in self._heard(each)} - {*self.phase.clamp, TONIC} for each in self.free}
        try:
            names = tuple(TopologicalSorter(drivers).static_order())
        except CycleError:
            return None
        return tuple(self.circuit.population(name) for name in names)

    def _heard(self, population: Population) -> tuple[Projection, ...]:
        basal = () if population.name in self.phase.hold else self._onto[population.name, "basal"]
        return basal + (self._onto[population.name, "apical"] if self.feels_apical(population) else ())

    @cached_property
    def _onto(self) -> dict[tuple[str, str], tuple[Projection, ...]]:
        keys = [(each.name, side) for each in self.circuit.populations for side in ("basal", "apical")]
        return {(name, side): self.circuit.onto(name, side) for name, side in keys}

    @cached_property
    def _nudges(self) -> dict[str, Callable[[Quantity, Quantity], Quantity]]:
        return {nudge.population: nudge.apply for nudge in self.phase.nudge}

    @cached_property
    def _held_later(self) -> frozenset[str]:
        later = [each for each in self.protocol.phases if each.hold and self.protocol.held_from(each) == self.phase.name]
        return frozenset(name for each in later for name in each.hold)

    @cached_property
    def _balanced_now(self) -> tuple[Population, ...]:
        return tuple(each for each in self.free if each.apical is not None and each.apical.balanced_in == self.phase.name)

    def feels_apical(self, population: Population) -> bool:
        """Whether apical input reaches the soma: not in the phase in which inhibition balances it."""
        apical = population.apical
        return apical is not None and apical.gain > 0 and apical.balanced_in != self.phase.name

    def run(self, memory: Memory, inputs: Activities, currents: Currents, every: int = 0) -> tuple[Memory, list[Activities]]:
        """Run the phase on a batch of trials.

        ``inputs`` holds the activity of clamped populations and the target of nudged ones, (trial, neuron). Returns the
        memory and, with ``every`` ≥ 1, the activities of every so many steps (one frame where the phase settles).
        """
        frames: list[Activities] = []
        if self.phase.duration is None and self.order is not None:
            activity = self._pass(memory, inputs, currents)
        else:
            for step, activity in enumerate(self._steps(memory, inputs, currents), start=1):
                if every and self.phase.duration is not None and step % every == 0:
                    frames.append(activity)
        if every and self.phase.duration is None:
            frames.append(activity)
        self._remember(memory, activity, currents)
        return memory, frames

    def _pass(self, memory: Memory, inputs: Activities, currents: Currents) -> Activities:
        activity = {name: inputs[name] for name in self.phase.clamp}
        for population in self.order or ():
            u = population.neuron.settled(self._current(population, activity, memory, currents))
            memory.potential[population.name] = u
            activity[population.name] = self._nudged(population, population.neuron.activity(u), inputs)
        return activity

    def _steps(self, memory: Memory, inputs: Activities, currents: Currents) -> Iterator[Activities]:
        u = memory.potential
        example = next(iter(inputs.values()))
        for population in self.free:
            u.setdefault(population.name, rows_of_zeros(example, population.size))
        activity = self._activities(u, inputs)
        move = self._relax if self.phase.duration is None else self._integrate
        for _ in range(self.phase.settle.max_steps if self.phase.duration is None else self.protocol.steps(self.phase)):
            total = {each.name: self._current(each, activity, memory, currents) for each in self.free}
            moved = move(u, total)
            activity = self._activities(u, inputs)
            yield activity
            if self.phase.duration is None and moved <= self.phase.settle.tolerance:
                return
        if self.phase.duration is None:
            self._warn(moved)

    def _relax(self, u: Activities, current: Activities) -> float:
        moves = {p.name: self.phase.settle.step * (p.neuron.settled(current[p.name]) - u[p.name]) for p in self.free}
        u.update({name: u[name] + move for name, move in moves.items()})
        return max(float(abs(move).max()) for move in moves.values())

    def _integrate(self, u: Activities, current: Activities) -> float:
        u.update({p.name: u[p.name] + self.protocol.dt * p.neuron.drift(u[p.name], current[p.name]) for p in self.free})
        return 0.0

    def _warn(self, moved: float) -> None:
        warnings.warn(
            f"phase {self.phase.name!r} of {self.circuit.name!r} did not settle in {self.phase.settle.max_steps} steps (last movement "
            f"{moved:.1e}, allowed {self.phase.settle.tolerance:.1e}); raise max_steps or tolerance, or lower the gain of its loops.",
            RuntimeWarning,
            stacklevel=4,
        )

    def _activities(self, u: Activities, inputs: Activities) -> Activities:
        clamped = {name: inputs[name] for name in self.phase.clamp}
        return clamped | {p.name: self._nudged(p, p.neuron.activity(u[p.name]), inputs) for p in self.free}

    def _nudged(self, population: Population, activity: Quantity, inputs: Activities) -> Quantity:
        nudge = self._nudges.get(population.name)
        return activity if nudge is None else nudge(activity, inputs[population.name])

    def _current(self, population: Population, activity: Activities, memory: Memory, currents: Currents) -> Quantity:
        name = population.name
        if name in self.phase.hold:
            basal = memory.basal[self.protocol.held_from(self.phase)][name]
        else:
            basal = currents(self._onto[name, "basal"], activity)
        if name in self._held_later:
            memory.basal.setdefault(self.phase.name, {})[name] = basal
        if population.apical is None or not self.feels_apical(population):
            return basal
        apical = currents(self._onto[name, "apical"], activity)
        return population.apical.current(basal, apical, memory.balance.get(name, 0.0))

    def _remember(self, memory: Memory, activity: Activities, currents: Currents) -> None:
        memory.activity[self.phase.name] = activity
        for population in self._balanced_now:
            memory.balance[population.name] = currents(self._onto[population.name, "apical"], activity)
