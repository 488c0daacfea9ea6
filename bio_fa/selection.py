"""Selection: which neurons of a population are recorded."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from bio_fa.description import Description
from bio_fa.population import Population
from bio_fa.randomness import stream


@dataclass(frozen=True)
class Selection(Description, abstract=True):
    """A choice among the neurons of each recorded population."""

    @abstractmethod
    def of(self, population: Population, seed: int) -> tuple[int, ...]:
        """Return the chosen neurons of a population, ascending; ``seed`` is that of the run.

        Raises:
            DescriptionError: when none is chosen, or one that the population does not have.
        """


@dataclass(frozen=True)
class NeuronSlice(Selection):
    """Neurons ``start``, ``start + step``, … up to, but without, ``stop``."""

    start: int = 0
    stop: int | None = None
    """None: to the end."""
    step: int = 1

    def validate(self) -> None:
        """Refuse bounds that no neuron lies between, and a step backwards."""
        self.require(self.start >= 0, "start", "at least 0")
        self.require(self.stop is None or self.stop > self.start, "stop", f"more than start = {self.start}, or nothing")
        self.require(self.step >= 1, "step", "at least 1")

    def of(self, population: Population, seed: int) -> tuple[int, ...]:
        """Return those between the bounds that there are."""
        last = f"at most {population.size - 1}, the last neuron of {population.name!r}"
        self.require(self.start < population.size, "start", last)
        return tuple(range(population.size)[self.start : self.stop : self.step])


@dataclass(frozen=True)
class NeuronList(Selection):
    """Neurons by their numbers, counted from 0."""

    neurons: tuple[int, ...]

    def validate(self) -> None:
        """Refuse an empty list, negative numbers and a neuron that comes twice."""
        self.require(len(self.neurons) > 0 and min(self.neurons) >= 0, "neurons", "at least one number, none below 0")
        self.require(len(set(self.neurons)) == len(self.neurons), "neurons", "each number once")

    def of(self, population: Population, seed: int) -> tuple[int, ...]:
        """Return them in order."""
        last = population.size - 1
        self.require(max(self.neurons) <= last, "neurons", f"numbers up to {last}, the last neuron of {population.name!r}")
        return tuple(sorted(self.neurons))


@dataclass(frozen=True)
class RandomNeurons(Selection):
    """So many neurons of each population, drawn without replacement; all of a smaller one."""

    count: int

    def validate(self) -> None:
        """Refuse to draw nobody."""
        self.require(self.count >= 1, "count", "at least 1 neuron")

    def of(self, population: Population, seed: int) -> tuple[int, ...]:
        """Return those drawn, the same in every run of this seed."""
        draws = stream(seed, "recorded", population.name)
        chosen = draws.choice(population.size, min(self.count, population.size), replace=False)
        return tuple(np.sort(chosen).tolist())
