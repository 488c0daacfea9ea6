"""Settling: a phase without duration ends at its fixed point, in one pass where no loop is active, else by relaxation."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

import numpy as np

from bio_fa.backends.phases import Activities, Memory, PhaseRun, Trial
from bio_fa.neurons import RateNeuron
from bio_fa.noise import NeuronNoise
from bio_fa.ops import Quantity, rows_of_zeros
from bio_fa.plasticity import prove_local
from bio_fa.population import TONIC, Apical, Population


@dataclass(frozen=True)
class Settling(PhaseRun):
    """A phase in which rate neurons settle."""

    @cached_property
    def _noisy(self) -> dict[str, NeuronNoise]:
        """What disturbs the populations that are free, by population."""
        return {each.population: each for each in self.phase.noise if isinstance(each, NeuronNoise)}

    @cached_property
    def _alone(self) -> frozenset[str]:
        """The populations that noise cuts off from all that they receive."""
        return frozenset(name for name, each in self._noisy.items() if each.alone)

    @cached_property
    def _feels(self) -> frozenset[str]:
        """The populations whose soma apical input reaches."""
        return self.feels_apical - self._alone

    @cached_property
    def _sensed(self) -> frozenset[str]:
        """The populations of which some rule senses what feedback adds in this phase."""
        senses = (each.post for each in self.circuit.plastic if "post.apical" in prove_local(each.plasticity))
        return frozenset(senses if self.phase.name == self.protocol.plastic else ())

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
        if population.name in self._alone:
            return set()
        heard = [] if population.name in self.phase.hold else [*self.circuit.onto(population.name, "basal")]
        heard += self.circuit.onto(population.name, "apical") if population.name in self._feels else ()
        return {projection.pre for projection in heard}

    def run(self, memory: Memory, trial: Trial, every: int = 0) -> list[Activities]:
        """Settle; the one frame is the activity at the fixed point."""
        self._shake(memory, trial)
        if self.order is not None:
            activity = self._pass(memory, trial)
        else:
            activity = self._relax(memory, trial)
            self._keep(memory, activity, trial, self._feels if every else self._feels & self._sensed)
        memory.activity[self.phase.name] = activity
        return [activity] if every else []

    def _pass(self, memory: Memory, trial: Trial) -> Activities:
        """Settle the populations one after the other, each after those that drive it."""
        activity = self.given(trial)
        kept, felt = memory.basal.setdefault(self.phase.name, {}), memory.feedback.setdefault(self.phase.name, {})
        for population in self.order or ():
            name, current = population.name, self._basal(population, activity, memory, trial)
            if name in self.held_later:
                kept[name] = current
            if name in self._feels:
                felt[name] = self._feedback(population, activity, memory, trial)
                current = current + felt[name]
            u = _neuron(population).settled(self._disturbed(name, current, memory))
            memory.states[name] = {"u": u}
            activity[name] = self.nudged(population, _neuron(population).activity(u), trial)
        return activity

    def _relax(self, memory: Memory, trial: Trial) -> Activities:
        """Move potentials part of the way to where they would settle, one population after the other, until none moves any more.

        Choice: each sees the newest activity of all others (Gauss-Seidel), which takes about half as many steps as the same
        moves side by side, and ends at the same point. What does not move during the phase is computed once.
        """
        given, settle, u = self.given(trial), self.phase.settle, self._started(memory, trial)
        steady = {each.name: self._steady(each, given, memory, trial) for each in self.free}
        activity = {each.name: self._activity(each, u[each.name], trial) for each in self.free}
        for _ in range(settle.max_steps):
            sizes = []
            for each in self.free:
                current = steady[each.name] + self._moving(each, activity, memory, trial)
                move = settle.step * (_neuron(each).settled(current) - u[each.name])
                u[each.name] = u[each.name] + move
                activity[each.name] = self._activity(each, u[each.name], trial)
                sizes += [trial.machine.numpy(abs(size).max()) for size in (move, u[each.name])]
            largest = trial.draws.share.largest(np.array(sizes))
            with np.errstate(invalid="ignore"):
                moved = [float(distance) for distance in largest[::2] / (1 + largest[1::2])]
            if all(distance <= settle.tolerance for distance in moved):
                break
            if not all(map(math.isfinite, moved)):
                self._warn(math.inf)
                break
        else:
            self._warn(max(moved))
        memory.states = {name: {"u": potential} for name, potential in u.items()}
        return given | activity

    def _started(self, memory: Memory, trial: Trial) -> Activities:
        """Return the potentials as the phase before left them, 0 at the start of a trial."""
        example = next(iter(trial.inputs.values()))
        kept = {name: state["u"] for name, state in memory.states.items()}
        return {each.name: kept[each.name] if each.name in kept else rows_of_zeros(example, each.size) for each in self.free}

    def _keep(self, memory: Memory, activity: Activities, trial: Trial, felt: frozenset[str]) -> None:
        """Keep the currents that later phases hold, and what feedback adds to those of some populations."""
        held = [each for each in self.free if each.name in self.held_later]
        memory.basal[self.phase.name] = {each.name: self._basal(each, activity, memory, trial) for each in held}
        feeling = [each for each in self.free if each.name in felt]
        memory.feedback[self.phase.name] = {each.name: self._feedback(each, activity, memory, trial) for each in feeling}

    def _shake(self, memory: Memory, trial: Trial) -> None:
        """Draw the noise of the populations, and keep it."""
        kept, trials = memory.noise.setdefault(self.phase.name, {}), len(next(iter(trial.inputs.values())))
        for name, noise in self._noisy.items():
            drawn = trial.draws.noise(noise, (trials, self.circuit.population(name).size), self.phase.name)
            kept[name] = trial.machine.quantity(drawn)

    def _disturbed(self, population: str, current: Quantity, memory: Memory) -> Quantity:
        """Return the current (trial, neuron) with the noise of the phase."""
        return current + memory.noise[self.phase.name][population] if population in self._noisy else current

    def _warn(self, moved: float) -> None:
        warnings.warn(
            f"phase {self.phase.name!r} of {self.circuit.name!r} did not settle in {self.phase.settle.max_steps} steps "
            f"(last movement {moved:.1e}, allowed {self.phase.settle.tolerance:.1e}); raise max_steps or tolerance, "
            "or lower the gain of its loops.",
            RuntimeWarning,
            stacklevel=4,
        )

    def _activity(self, population: Population, u: Quantity, trial: Trial) -> Quantity:
        return self.nudged(population, _neuron(population).activity(u), trial)

    def _steady(self, population: Population, given: Activities, memory: Memory, trial: Trial) -> Quantity:
        """Return the part of a current that stays: from clamped populations, held, and noise."""
        current = self._basal(population, given, memory, trial)
        if population.name in self._feels:
            current = current + self._feedback(population, given, memory, trial)
        return self._disturbed(population.name, current, memory)

    def _moving(self, population: Population, free: Activities, memory: Memory, trial: Trial) -> Quantity:
        """Return the part of a current that comes from free populations."""
        stays = population.name in self._alone or population.name in self.phase.hold
        current = 0.0 if stays else self._basal(population, free, memory, trial)
        return current + self._feedback(population, free, memory, trial) if population.name in self._feels else current

    def _basal(self, population: Population, activity: Activities, memory: Memory, trial: Trial) -> Quantity:
        if population.name in self._alone:
            return rows_of_zeros(next(iter(activity.values())), population.size)
        if population.name in self.phase.hold:
            return memory.basal[self.held_from][population.name]
        return self.graded(population.name, "basal", activity, trial)

    def _feedback(self, population: Population, activity: Activities, memory: Memory, trial: Trial) -> Quantity:
        """Return γ (a − a₀), what the apical compartment adds to the current."""
        apical: Apical = population.apical  # type: ignore[assignment]
        return apical.feedback(self.graded(population.name, "apical", self.unbalanced(population, activity, memory), trial))


def _neuron(population: Population) -> RateNeuron:
    """Return the neuron of a population that a settling phase moves: a circuit of spiking neurons cannot settle."""
    return population.neuron  # type: ignore[return-value]
