"""Running a phase: what settles or moves in which order. The same for every backend that computes on arrays.

A backend brings only its way to sum synaptic currents; the equations are those of the neurons, compartments and nudges.
Within a step of time: activities are read, currents summed, potentials moved.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from bio_fa.circuit import Circuit
from bio_fa.ops import Quantity, rows_of_zeros
from bio_fa.population import TONIC, Apical, Population
from bio_fa.protocol import Phase, Protocol

Activities = dict[str, Quantity]
"""(trial, neuron) by population."""
Target = tuple[str, str]
"""A population and one of its compartments."""
Currents = Callable[[Target, Activities], Quantity]
"""Sums the signed synaptic currents that reach a target: (trial, neuron)."""


@dataclass
class Memory:
    """What a trial remembers of its phases; a new trial starts with a new one."""

    potential: Activities = field(default_factory=dict)
    activity: dict[str, Activities] = field(default_factory=dict)
    """By phase, at its end."""
    basal: dict[str, Activities] = field(default_factory=dict)
    """By phase, the basal currents at its end, where a later phase holds them."""


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
        drivers = {each.name: self._drivers(each) - {*self.phase.clamp, TONIC} for each in self.free}
        try:
            names = tuple(TopologicalSorter(drivers).static_order())
        except CycleError:
            return None
        return tuple(self.circuit.population(name) for name in names)

    def _drivers(self, population: Population) -> set[str]:
        heard = [] if population.name in self.phase.hold else [*self.circuit.onto(population.name, "basal")]
        heard += self.circuit.onto(population.name, "apical") if population.name in self._feels_apical else ()
        return {projection.pre for projection in heard}

    @cached_property
    def _feels_apical(self) -> frozenset[str]:
        """The populations whose soma apical input reaches: not in the phase in which inhibition balances it."""
        with_apical = [each for each in self.free if each.apical is not None and self.circuit.onto(each.name, "apical")]
        balanced = {each.name for each in with_apical if each.apical.balanced_in == self.phase.name}  # type: ignore[union-attr]
        return frozenset(each.name for each in with_apical if each.apical.gain > 0) - balanced  # type: ignore[union-attr]

    @cached_property
    def _nudges(self) -> dict[str, Callable[[Quantity, Quantity], Quantity]]:
        return {nudge.population: nudge.apply for nudge in self.phase.nudge}

    @cached_property
    def _held_from(self) -> str:
        return self.protocol.held_from(self.phase)

    @cached_property
    def _held_later(self) -> frozenset[str]:
        later = [each for each in self.protocol.phases if each.hold and self.protocol.held_from(each) == self.phase.name]
        return frozenset(name for each in later for name in each.hold)

    def run(self, memory: Memory, inputs: Activities, currents: Currents, every: int = 0) -> tuple[Memory, list[Activities]]:
        """Run the phase on a batch of trials.

        ``inputs`` holds the activity of clamped populations and the target of nudged ones, (trial, neuron). Returns the
        memory and, with ``every`` ≥ 1, the activities of every so many steps (one frame where the phase settles).
        """
        frames: list[Activities] = []
        if self.phase.duration is not None:
            for step, activity in enumerate(self._integrate(memory, inputs, currents), start=1):
                frames += [activity] if every and step % every == 0 else []
        else:
            settle = self._pass if self.order is not None else self._relax
            activity = settle(memory, inputs, currents)
            frames += [activity] if every else []
        memory.activity[self.phase.name] = activity
        if self.phase.duration is not None or self.order is None:
            self._keep_basal(memory, currents)
        return memory, frames

    def _pass(self, memory: Memory, inputs: Activities, currents: Currents) -> Activities:
        """Settle the populations one after the other, each after those that drive it."""
        activity = self._given(inputs)
        kept = memory.basal.setdefault(self.phase.name, {})
        for population in self.order or ():
            basal = self._basal(population, activity, memory, currents)
            if population.name in self._held_later:
                kept[population.name] = basal
            u = population.neuron.settled(self._with_apical(population, basal, activity, memory, currents))
            memory.potential[population.name] = u
            activity[population.name] = self._nudged(population, population.neuron.activity(u), inputs)
        return activity

    def _relax(self, memory: Memory, inputs: Activities, currents: Currents) -> Activities:
        """Move all potentials part of the way to where they would settle, until none moves any more."""
        u, settle = self._started(memory, inputs), self.phase.settle
        for _ in range(settle.max_steps):
            current = self._currents(self._activities(u, inputs), memory, currents)
            moves = {p.name: settle.step * (p.neuron.settled(current[p.name]) - u[p.name]) for p in self.free}
            u.update({name: u[name] + move for name, move in moves.items()})
            moved = [float(abs(move).max()) for move in moves.values()]
            if all(distance <= settle.tolerance for distance in moved):
                break
            if not all(map(math.isfinite, moved)):
                self._warn(math.inf)
                break
        else:
            self._warn(max(moved))
        return self._activities(u, inputs)

    def _integrate(self, memory: Memory, inputs: Activities, currents: Currents) -> Iterator[Activities]:
        """Move all potentials by forward Euler; yield the activities after each step."""
        u = self._started(memory, inputs)
        activity = self._activities(u, inputs)
        for _ in range(self.protocol.steps(self.phase)):
            current = self._currents(activity, memory, currents)
            u.update({p.name: u[p.name] + self.protocol.dt * p.neuron.drift(u[p.name], current[p.name]) for p in self.free})
            activity = self._activities(u, inputs)
            yield activity

    def _started(self, memory: Memory, inputs: Activities) -> Activities:
        """Return the potentials as the phase before left them, 0 at the start of a trial."""
        example = next(iter(inputs.values()))
        for population in self.free:
            memory.potential.setdefault(population.name, rows_of_zeros(example, population.size))
        return memory.potential

    def _keep_basal(self, memory: Memory, currents: Currents) -> None:
        activity = memory.activity[self.phase.name]
        held = [each for each in self.free if each.name in self._held_later]
        memory.basal[self.phase.name] = {each.name: self._basal(each, activity, memory, currents) for each in held}

    def _warn(self, moved: float) -> None:
        warnings.warn(
            f"phase {self.phase.name!r} of {self.circuit.name!r} did not settle in {self.phase.settle.max_steps} steps "
            f"(last movement {moved:.1e}, allowed {self.phase.settle.tolerance:.1e}); raise max_steps or tolerance, "
            "or lower the gain of its loops.",
            RuntimeWarning,
            stacklevel=4,
        )

    def _given(self, inputs: Activities) -> Activities:
        given = {name: inputs[name] for name in self.phase.clamp}
        return given | {TONIC: rows_of_zeros(next(iter(given.values())), 1) + 1}

    def _activities(self, u: Activities, inputs: Activities) -> Activities:
        return self._given(inputs) | {p.name: self._nudged(p, p.neuron.activity(u[p.name]), inputs) for p in self.free}

    def _nudged(self, population: Population, activity: Quantity, inputs: Activities) -> Quantity:
        nudge = self._nudges.get(population.name)
        return activity if nudge is None else nudge(activity, inputs[population.name])

    def _currents(self, activity: Activities, memory: Memory, currents: Currents) -> Activities:
        basal = {each.name: self._basal(each, activity, memory, currents) for each in self.free}
        return {each.name: self._with_apical(each, basal[each.name], activity, memory, currents) for each in self.free}

    def _basal(self, population: Population, activity: Activities, memory: Memory, currents: Currents) -> Quantity:
        if population.name in self.phase.hold:
            return memory.basal[self._held_from][population.name]
        return currents((population.name, "basal"), activity)

    def _with_apical(
        self, population: Population, basal: Quantity, activity: Activities, memory: Memory, currents: Currents
    ) -> Quantity:
        if population.name not in self._feels_apical:
            return basal
        apical: Apical = population.apical  # type: ignore[assignment]
        change = currents((population.name, "apical"), self._unbalanced(apical, population.name, activity, memory))
        return apical.current(basal, change)

    def _unbalanced(self, apical: Apical, name: str, activity: Activities, memory: Memory) -> Activities:
        """Return the activities that drive an apical compartment, less those that inhibition has learned to cancel."""
        balance = memory.activity.get(apical.balanced_in or "")
        if balance is None:
            return activity
        return {each.pre: activity[each.pre] - balance[each.pre] for each in self.circuit.onto(name, "apical")}
