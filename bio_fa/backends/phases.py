"""What a phase is to a backend that computes on arrays: who is free, held, nudged or balanced in it, and what it leaves.

Settling phases are in ``settling``, those that last in ``stepping``. The backend brings only its kind of array and its way
to sum currents (``Machine``); the equations are those of the neurons, transmissions, compartments and nudges.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from bio_fa.circuit import Circuit
from bio_fa.credit import SignedError
from bio_fa.draws import Draws
from bio_fa.ops import Quantity, rows_of_zeros
from bio_fa.phase import Phase
from bio_fa.plasticity import Postsynaptic, Presynaptic
from bio_fa.population import TONIC, Apical, Population
from bio_fa.projection import Projection
from bio_fa.protocol import Protocol
from bio_fa.transmission import Graded, Transmission

Activities = dict[str, Quantity]
"""(trial, neuron) by population."""


class Inlet(NamedTuple):
    """Where projections of one kind arrive together: a compartment of a population."""

    population: str
    compartment: str
    transmission: Transmission
    sign: int
    """+1 or −1, the sign of those who arrive by spikes; 0 where graded currents of both signs are summed."""


class Afferent(NamedTuple):
    """A projection as its target sees it."""

    name: str
    pre: str
    factor: float
    """What its weights are multiplied by: the sign of a graded one, the jump of a synapse that transmits spikes."""


@dataclass
class Memory:
    """What a trial remembers of its phases; a new trial starts with a new one."""

    states: dict[str, Activities] = field(default_factory=dict)
    """State variables of free populations, by population and variable: u of rate neurons, v and others of spiking ones."""
    resting: Activities = field(default_factory=dict)
    """For how many time steps neurons stay refractory, of populations that can be."""
    synapse: dict[Inlet, Quantity] = field(default_factory=dict)
    """The synaptic variables."""
    trace: Activities = field(default_factory=dict)
    flying: dict[str, list[Quantity]] = field(default_factory=dict)
    """Spikes of the last time steps, the newest first: those that delays still hold back."""
    activity: dict[str, Activities] = field(default_factory=dict)
    """By phase, at its end or averaged over its window; so are the following."""
    basal: dict[str, Activities] = field(default_factory=dict)
    """The basal currents, where a later phase holds them."""
    apical: dict[str, Activities] = field(default_factory=dict)
    """The apical currents, of phases that last."""
    feedback: dict[str, Activities] = field(default_factory=dict)
    """γ (a − a₀), what feedback adds to currents, where it is felt."""
    sensitivity: dict[str, Activities] = field(default_factory=dict)
    """ψ, where a rule senses it."""
    u: dict[str, Activities] = field(default_factory=dict)
    """The potentials at its end, of the rate neurons that are free."""
    noise: dict[str, Activities] = field(default_factory=dict)
    """What disturbed it: (trial, neuron) by noisy population, (post, pre) by noisy projection."""
    response: dict[SignedError, Activities] = field(default_factory=dict)
    """δ of the populations that signed errors reach, by what is sent."""
    changes: Activities = field(default_factory=dict)
    """Integrated momentary products (post, pre), by projection."""
    spikes: dict[str, list[np.ndarray]] = field(default_factory=dict)
    """Of the last phase that was recorded: [step, trial, neuron] of each spike, by population."""

    def record(self, step: int, spikes: Activities, machine: Machine) -> None:
        """Keep the spikes of one time step."""
        for name, fired in spikes.items():
            where = np.argwhere(machine.numpy(fired) > 0)
            self.spikes.setdefault(name, []).append(np.insert(where, 0, step, axis=1))


class Machine(ABC):
    """What a backend brings: its kind of array, and the sums over synapses."""

    @abstractmethod
    def quantity(self, array: np.ndarray) -> Quantity:
        """Return a NumPy array as this backend's own kind, copied."""

    @abstractmethod
    def numpy(self, quantity: Quantity) -> np.ndarray:
        """Return this backend's own kind as a NumPy array, which may share its memory."""

    @abstractmethod
    def currents(self, inlet: Inlet, signals: Activities, weights: Mapping[str, Quantity]) -> Quantity:
        """Return Σ factor · w · signal over the afferents of an inlet whose signals are given: (trial, post)."""

    @abstractmethod
    def fire(self, excess: Quantity) -> Quantity:
        """Return 1 where a neuron exceeds its threshold, else 0; (..., neuron)."""

    def begin(self, memory: Memory, step: int) -> None:
        """Prepare for a time step of a phase, counted from 0: nothing is done, unless a backend cuts gradients there."""
        return

    @abstractmethod
    def products(
        self, projection: Projection, pre: Presynaptic, post: Postsynaptic, w: Quantity, moment: bool
    ) -> Quantity:
        """Return Σ post · pre · synapse, averaged over trials, of a rule's momentary or of its other products: (post, pre)."""


class Trial(NamedTuple):
    """What one batch of trials is given."""

    inputs: Activities
    """The activity of clamped populations and the target of nudged ones, (trial, neuron)."""
    weights: Mapping[str, Quantity]
    """(post, pre) by projection."""
    draws: Draws
    machine: Machine

    def currents(self, inlet: Inlet, signals: Activities) -> Quantity:
        """Return Σ factor · w · signal over the afferents of an inlet whose signals are given: (trial, post)."""
        return self.machine.currents(inlet, signals, self.weights)


@dataclass(frozen=True)
class PhaseRun(ABC):
    """One phase of one circuit, ready to run on any batch of trials."""

    circuit: Circuit
    protocol: Protocol
    phase: Phase

    @abstractmethod
    def run(self, memory: Memory, trial: Trial, every: int = 0) -> list[Activities]:
        """Run the phase on a batch of trials and write into ``memory`` what it leaves.

        Returns, with ``every`` ≥ 1, the activities of every so many steps (one frame where the phase settles).
        """

    @cached_property
    def free(self) -> tuple[Population, ...]:
        """The populations that the phase does not clamp."""
        return tuple(each for each in self.circuit.populations if each.name not in self.phase.clamp)

    @cached_property
    def afferents(self) -> dict[Inlet, tuple[Afferent, ...]]:
        """Who arrives at each inlet."""
        return afferents(self.circuit)

    @cached_property
    def inlets(self) -> dict[tuple[str, str], tuple[Inlet, ...]]:
        """The inlets of each compartment of each population that has any."""
        found: dict[tuple[str, str], tuple[Inlet, ...]] = {}
        for inlet in self.afferents:
            place = inlet.population, inlet.compartment
            found[place] = (*found.get(place, ()), inlet)
        return found

    @cached_property
    def feels_apical(self) -> frozenset[str]:
        """The populations whose soma apical input reaches: not in the phase in which inhibition balances it."""
        gains = {each.name: each.apical.gain for each in self.free if each.apical is not None}
        felt = frozenset(name for name, gain in gains.items() if gain > 0 and (name, "apical") in self.inlets) - self.balances
        return felt - self.told

    @cached_property
    def balances(self) -> frozenset[str]:
        """The populations whose apical current this phase balances."""
        apicals = {each.name: each.apical for each in self.free if each.apical is not None}
        return frozenset(name for name, apical in apicals.items() if apical.balanced_in == self.phase.name)

    @cached_property
    def told(self) -> frozenset[str]:
        """The populations whose apical input is a signed error, which travels beside the activities and disturbs none."""
        return frozenset(each.post for each in self.circuit.plastic if isinstance(each.error, SignedError))

    @cached_property
    def nudges(self) -> dict[str, Callable[[Quantity, Quantity], Quantity]]:
        """How the activity of nudged rate neurons is drawn to its target, by population."""
        return {nudge.population: nudge.apply for nudge in self.phase.nudge}

    @cached_property
    def pulls(self) -> dict[str, Callable[[Quantity, Quantity], Quantity]]:
        """What is added to the current of nudged spiking neurons, by population."""
        spiking = [nudge for nudge in self.phase.nudge if self.circuit.population(nudge.population).spiking]
        return {nudge.population: nudge.pull for nudge in spiking}

    @cached_property
    def held_from(self) -> str:
        """The phase whose basal currents this one holds."""
        return self.protocol.held_from(self.phase)

    @cached_property
    def held_later(self) -> frozenset[str]:
        """The populations whose basal currents a later phase holds."""
        later = [each for each in self.protocol.phases if each.hold and self.protocol.held_from(each) == self.phase.name]
        return frozenset(name for each in later for name in each.hold)

    def given(self, trial: Trial) -> Activities:
        """Return the activities that the phase is given: clamped ones, and the tonic drive."""
        given = {name: trial.inputs[name] for name in self.phase.clamp}
        return given | {TONIC: rows_of_zeros(next(iter(given.values())), 1) + 1}

    def nudged(self, population: Population, activity: Quantity, trial: Trial) -> Quantity:
        """Return the activity of rate neurons, drawn to its target where the phase nudges it."""
        nudge = self.nudges.get(population.name)
        return activity if nudge is None else nudge(activity, trial.inputs[population.name])

    def graded(self, population: str, compartment: str, activity: Activities, trial: Trial) -> Quantity:
        """Return the graded current onto a compartment from the populations whose activity is given: (trial, neuron)."""
        inlets = [each for each in self.inlets.get((population, compartment), ()) if each.sign == 0]
        senders = {each.pre for inlet in inlets for each in self.afferents[inlet]}
        if senders.isdisjoint(activity):
            return rows_of_zeros(next(iter(trial.inputs.values())), self.circuit.population(population).size)
        return trial.currents(inlets[0], activity)

    def unbalanced(self, population: Population, activity: Activities, memory: Memory) -> Activities:
        """Return the rates that drive an apical compartment, less those that inhibition has learned to cancel."""
        apical: Apical = population.apical  # type: ignore[assignment]
        balance = memory.activity.get(apical.balanced_in or "")
        if balance is None:
            return activity
        drivers = [each.pre for each in self.circuit.onto(population.name, "apical") if each.pre in activity]
        return {name: activity[name] - balance[name] for name in drivers}


def afferents(circuit: Circuit) -> dict[Inlet, tuple[Afferent, ...]]:
    """Return who arrives at each inlet."""
    arrive: dict[Inlet, tuple[Afferent, ...]] = {}
    for each in circuit.projections:
        sign, graded = circuit.sign(each) or 1, isinstance(each.transmission, Graded)
        inlet = Inlet(each.post, each.compartment, each.transmission, 0 if graded else sign)
        factor = sign if graded else each.transmission.jump(circuit.population(each.pre).neuron.unit_rate)  # type: ignore[attr-defined]
        arrive[inlet] = (*arrive.get(inlet, ()), Afferent(each.name, each.pre, factor))
    return arrive
