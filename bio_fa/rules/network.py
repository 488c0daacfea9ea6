"""Network: the layered network on which learning rules of the literature are defined and compared."""

from __future__ import annotations

import itertools
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from bio_fa.circuit import Circuit, tonic_drive
from bio_fa.connectivity import AllToAll, Connectivity
from bio_fa.description import Description
from bio_fa.neurons import DivisiveNormalisation, Neuron, TanhRate
from bio_fa.population import UNSIGNED, Apical, Area, Population
from bio_fa.projection import Projection
from bio_fa.weights import Signed, Weights

INPUT, OUTPUT = "input", "output"


@dataclass(frozen=True)
class LayeredNetwork(Description, abstract=True):
    """input → H1 → H2 → … → output. A learning rule adds feedback and plasticity to it."""

    inputs: int = 64
    hidden: tuple[int, ...] = (500, 500)
    outputs: int = 10

    @property
    def layers(self) -> tuple[str, ...]:
        """The names of the hidden populations, in order."""
        return tuple(f"H{number}" for number in range(1, len(self.hidden) + 1))

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The populations before and after each step of the way up."""
        return tuple(itertools.pairwise((INPUT, *self.layers, OUTPUT)))

    @property
    def returns(self) -> tuple[tuple[str, str], ...]:
        """The populations before and after each step of the way back: from above, onto a hidden one."""
        return tuple((above, below) for below, above in self.pairs[1:])

    @abstractmethod
    def forward(self, pre: str, post: str, **learning: Any) -> Iterable[Projection]:
        """Return the projections of a step of the way up, with these settings where they can learn."""

    @abstractmethod
    def feedback(self, above: str, below: str, connectivity: Connectivity, weights: Weights) -> Iterable[Projection]:
        """Return fixed random feedback from a population to the apical compartments of another, below."""

    @abstractmethod
    def circuit(self, name: str, projections: Iterable[Projection], apical: Apical | None) -> Circuit:
        """Return the circuit of these projections, whose hidden populations have this apical compartment."""


@dataclass(frozen=True)
class Network(LayeredNetwork):
    """The network without constraints: every population unsigned.

    Choice: errors reach hidden populations through apical compartments, which is where a rule says how they are felt.
    """

    neuron: Neuron = field(default_factory=TanhRate)
    """Of the hidden populations."""
    output_neuron: Neuron = field(default_factory=DivisiveNormalisation)
    connectivity: Connectivity = field(default_factory=AllToAll)
    """Of the projections on the way up."""
    weights: Weights = field(default_factory=Signed)
    """Of the projections on the way up, at the start."""

    def forward(self, pre: str, post: str, **learning: Any) -> Iterator[Projection]:
        """Yield the projection of a step of the way up, and the excitability of those on whom it ends."""
        yield Projection(pre, post, connectivity=self.connectivity, weights=self.weights, **learning)
        yield tonic_drive(post, **learning)

    def feedback(self, above: str, below: str, connectivity: Connectivity, weights: Weights) -> Iterator[Projection]:
        """Yield B, from one population to the other."""
        yield Projection(above, below, "apical", connectivity, weights)

    def circuit(self, name: str, projections: Iterable[Projection], apical: Apical | None) -> Circuit:
        """Return the circuit of these projections, whose hidden populations have this apical compartment."""
        sizes = zip(self.layers, self.hidden, strict=True)
        hidden = [Population(layer, size, UNSIGNED, self.neuron, apical) for layer, size in sizes]
        output = Population(OUTPUT, self.outputs, UNSIGNED, self.output_neuron)
        populations = (Population(INPUT, self.inputs, UNSIGNED), *hidden, output)
        areas = tuple(Area(f"{each.name}_area", (each,)) for each in populations)
        return Circuit(name, areas, tuple(projections), INPUT, OUTPUT)
