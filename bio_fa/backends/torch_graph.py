"""Who must be computed before whom in a phase: nodes, and the components in which they wait for one another.

A spike is felt one step later at the earliest, plus its delay, and so is a rate. Where no loop is active, a population can
therefore be computed for many time steps at once, after those that drive it; around a loop, for as many as its shortest lag.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter

from bio_fa.backends.phases import Inlet, PhaseRun
from bio_fa.backends.stepping import Stepping
from bio_fa.neurons import RateNeuron
from bio_fa.population import Population
from bio_fa.transmission import ConductanceSynapse, SpikeTransmission


@dataclass(frozen=True)
class Node:
    """What of a population is computed together: its soma and what the soma feels, or the synapses that it does not feel."""

    population: Population
    soma: bool
    basal: tuple[Inlet, ...] = ()
    """The inlets, by compartment, through which spikes arrive."""
    apical: tuple[Inlet, ...] = ()
    averaged: bool = False
    """Whether the apical current is averaged, though the soma does not feel it."""

    @property
    def inlets(self) -> tuple[Inlet, ...]:
        """All inlets, in the order in which their synaptic variables are numbered."""
        return self.basal + self.apical

    @property
    def watches(self) -> bool:
        """Whether its currents depend on the potential of a soma that is computed elsewhere."""
        return not self.soma and any(isinstance(each.transmission, ConductanceSynapse) for each in self.apical)


@dataclass(frozen=True)
class Component:
    """Nodes that wait for one another."""

    nodes: tuple[Node, ...]
    lag: int | None
    """The number of steps for which they can be computed one after the other; None: any."""

    def spans(self, steps: int) -> Iterator[tuple[int, int]]:
        """Yield the stretches (from, to) of a window of so many steps."""
        stride = min(self.lag or steps, steps)
        for start in range(0, steps, stride):
            yield start, min(start + stride, steps)


@dataclass(frozen=True)
class Graph:
    """The nodes of a phase."""

    run: PhaseRun

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """Every soma that is free, and after them the synapses that no soma feels now but a later phase wants."""
        somas = [self._soma(each) for each in self.run.free]
        unfelt = [self._unfelt(soma) for soma in somas]
        return (*somas, *(each for each in unfelt if each.inlets or each.averaged))

    def _soma(self, population: Population) -> Node:
        felt = {"basal": population.name not in self.run.phase.hold, "apical": population.name in self.run.feels_apical}
        basal, apical = (self._spiking(population, where) if felt[where] else () for where in ("basal", "apical"))
        return Node(population, True, basal, apical)

    def _unfelt(self, soma: Node) -> Node:
        population = soma.population
        averaged = population.name in self.run.balances
        basal, apical = (
            tuple(each for each in self._spiking(population, where) if each not in soma.inlets and (wanted or self._later(each)))
            for where, wanted in (("basal", False), ("apical", averaged))
        )
        return Node(population, False, basal, apical, averaged)

    def _spiking(self, population: Population, compartment: str) -> tuple[Inlet, ...]:
        inlets = self.run.inlets.get((population.name, compartment), ())
        return tuple(each for each in inlets if isinstance(each.transmission, SpikeTransmission))

    def _later(self, inlet: Inlet) -> bool:
        """Return whether a later phase feels or averages what arrives through an inlet."""
        phases = self.run.protocol.phases
        later = [Stepping(self.run.circuit, self.run.protocol, each) for each in phases[phases.index(self.run.phase) + 1 :]]
        if inlet.compartment == "basal":
            return any(inlet.population not in each.phase.hold for each in later)
        return any(inlet.population in each.feels_apical | each.balances for each in later)

    def computes(self, node: Node, compartment: str) -> bool:
        """Return whether a node computes the current onto a compartment: its soma feels it, or it is averaged."""
        name = node.population.name
        felt = name not in self.run.phase.hold if compartment == "basal" else name in self.run.feels_apical
        return (node.soma and felt) or (node.averaged and compartment == "apical")

    def changing(self, node: Node, compartment: str) -> tuple[str, ...]:
        """Return the free rate populations whose graded current onto a compartment the node computes."""
        inlets = self.run.inlets.get((node.population.name, compartment), ()) if self.computes(node, compartment) else ()
        graded = [each.pre for inlet in inlets if inlet.sign == 0 for each in self.run.afferents[inlet]]
        free = {each.name for each in self.run.free if isinstance(each.neuron, RateNeuron)}
        return tuple(name for name in graded if name in free)

    def drivers(self, node: Node) -> dict[str, int]:
        """Return the free populations whose activity a node needs, and after how many steps at the earliest."""
        free = {each.name for each in self.run.free}
        lags = {name: 1 for compartment in ("basal", "apical") for name in self.changing(node, compartment)}
        for inlet in node.inlets:
            lag = 1 + self.run.protocol.steps(inlet.transmission.delay)  # type: ignore[attr-defined]
            heard = [each.pre for each in self.run.afferents[inlet] if each.pre in free]
            lags |= {name: min(lag, lags.get(name, lag)) for name in heard}
        return lags | ({node.population.name: 0} if node.watches else {})

    @cached_property
    def components(self) -> tuple[Component, ...]:
        """The components of the phase, each after those that it needs."""
        somas = {node.population.name: node for node in self.nodes if node.soma}
        needs = {node: {somas[name] for name in self.drivers(node)} for node in self.nodes}
        reached = {node: _reached(node, needs) for node in self.nodes}
        groups = {node: tuple(each for each in self.nodes if each == node or _mutual(each, node, reached)) for node in self.nodes}
        order = TopologicalSorter[tuple[Node, ...]]()
        for node in self.nodes:
            order.add(groups[node], *({groups[each] for each in needs[node]} - {groups[node]}))
        return tuple(Component(group, self._lag(group)) for group in order.static_order())

    def _lag(self, group: tuple[Node, ...]) -> int | None:
        inside = {node.population.name for node in group if node.soma}
        lags = [lag for node in group for name, lag in self.drivers(node).items() if name in inside and lag > 0]
        return min(lags, default=None)

    def upstream(self, population: str) -> frozenset[str]:
        """Return the free populations on which the activity of one depends, itself included."""
        somas = {node.population.name: node for node in self.nodes if node.soma}
        needs = {node: {somas[name] for name in self.drivers(node)} for node in somas.values()}
        return frozenset({population} | {node.population.name for node in _reached(somas[population], needs)})


def _reached(node: Node, needs: dict[Node, set[Node]]) -> set[Node]:
    """Return the nodes that a node needs, directly or not."""
    reached, frontier = set[Node](), set(needs[node])
    while frontier:
        reached |= frontier
        frontier = {further for each in frontier for further in needs[each]} - reached
    return reached


def _mutual(one: Node, other: Node, reached: dict[Node, set[Node]]) -> bool:
    return one in reached[other] and other in reached[one]
