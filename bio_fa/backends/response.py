"""Response: how an infinitely small error of the output spreads through the feedback of a circuit of rates.

Each population answers δ = φ′(u) ⊙ current, where the current comes through its apical compartment, or, of a feedback
population, through all that it hears; δ of the output is target − r. It is what an activity difference divided by the coupling
γ tends to, which ``SignedError`` takes for the error itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from bio_fa.backends.phases import Activities, Inlet, Machine, afferents
from bio_fa.circuit import Circuit
from bio_fa.errors import DescriptionError
from bio_fa.neurons import RateNeuron
from bio_fa.ops import Quantity, rows_of_zeros
from bio_fa.population import TONIC, Population
from bio_fa.projection import Projection


@dataclass(frozen=True)
class Response:
    """The feedback of one circuit, ready to carry errors.

    Raises:
        DescriptionError: when the populations that feedback reaches drive each other in a circle.
    """

    circuit: Circuit

    @cached_property
    def senders(self) -> dict[str, tuple[Projection, ...]]:
        """The projections that carry errors, by the population onto which they do: only those that errors reach."""
        onto = {each.name: tuple(self._onto(each)) for each in self.circuit.populations if each.name != self.circuit.output}
        reached, grown = {self.circuit.output}, True
        while grown:
            found = {name for name, senders in onto.items() if any(each.pre in reached for each in senders)}
            grown, reached = not found <= reached, reached | found
        return {name: senders for name, senders in onto.items() if name in reached and senders}

    def _onto(self, population: Population) -> Iterator[Projection]:
        feedback = {each.name for area in self.circuit.areas for each in area.feedback}
        compartment = "basal" if population.name in feedback else "apical"
        yield from (each for each in self.circuit.onto(population.name, compartment) if not each.from_tonic)

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The populations that errors reach, each after those that send them, the output first."""
        heard = {name: {each.pre for each in senders if each.pre in self.senders} for name, senders in self.senders.items()}
        try:
            return tuple(TopologicalSorter(heard).static_order())
        except CycleError as error:
            circle = " and ".join(repr(name) for name in sorted(set(error.args[1])))
            raise DescriptionError(
                f"{self.circuit.title()}: signed errors go in a circle through {circle}; use an activity difference there."
            ) from error

    @cached_property
    def inlets(self) -> dict[str, Inlet]:
        """Where errors arrive, by population."""
        arrive = {}
        for inlet, senders in afferents(self.circuit).items():
            carries = {each.name for each in self.senders.get(inlet.population, ())}
            if carries & {each.name for each in senders}:
                arrive[inlet.population] = inlet
        return arrive

    def spread(
        self, error: Quantity, sent: Quantity, potentials: Activities, weights: Mapping[str, Quantity], machine: Machine
    ) -> Activities:
        """Return δ (trial, neuron) of every population that errors reach.

        ``error`` is that of the output, ``sent`` what its feedback synapses carry, and ``potentials`` u, all (trial, neuron).
        """
        output = self.circuit.output
        spread: Activities = {output: sent}
        silent = {each.name: rows_of_zeros(error, each.size) for each in self.circuit.populations} | {TONIC: error[:, :1] * 0}
        for name in self.order:
            population = self.circuit.population(name)
            neuron: RateNeuron = population.neuron  # type: ignore[assignment]
            current = machine.currents(self.inlets[name], {**silent, **spread}, weights)
            felt = current if population.apical is None else population.apical.feedback(current)
            spread[name] = neuron.slope(potentials[name]) * felt
        return {**spread, output: error}
