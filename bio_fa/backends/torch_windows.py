"""Windows: a phase that lasts, computed population by population for many time steps at once wherever causality allows.

What happens in a step, and in which order, is what ``stepping`` says; here it is compiled. Memory does not grow with the
number of steps, unless gradients need all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bio_fa.backends.moments import Averages
from bio_fa.backends.phases import Activities, Memory, Trial
from bio_fa.backends.stepping import Stepping, traced
from bio_fa.backends.torch_dense import Dense
from bio_fa.backends.torch_graph import Component
from bio_fa.backends.torch_integrals import Integral
from bio_fa.backends.torch_kernels import Kernel, kernel
from bio_fa.backends.torch_listed import Listed, Room
from bio_fa.backends.torch_passage import Passage
from bio_fa.backends.torch_plan import Plan, Planner
from bio_fa.backends.torch_scan import Site, scan
from bio_fa.neurons import SpikingNeuron
from bio_fa.ops import Quantity
from bio_fa.population import Population
from bio_fa.projection import Projection

LONGEST = 32
"""The largest number of steps in a chunk. Choice: enough for efficient matrix products, few enough for a cache."""
ROOM = 2**21
"""Numbers of an array (step, trial, neuron) beyond which a chunk has fewer steps. Choice: 8 MiB in single precision."""


@dataclass(frozen=True, eq=False)
class Engine:
    """What the phases of a simulation share."""

    nothing: Tensor
    """A zero of the simulation's device and precision."""
    surrogate: Callable[[Tensor], Tensor]
    local: bool
    """Whether local rules learn, rather than a gradient."""
    truncation: int = 0
    """The number of steps after which gradients are cut; 0: never."""
    room: Room = field(default_factory=Room)

    @property
    def device(self) -> str:
        """The kind of device: cpu or cuda."""
        return self.nothing.device.type

    @property
    def precision(self) -> str:
        """The precision: float32 or float64."""
        return str(self.nothing.dtype).removeprefix("torch.")


@dataclass(frozen=True)
class Windows(Stepping):
    """A phase that lasts, compiled."""

    engine: Engine

    def run(self, memory: Memory, trial: Trial, every: int = 0) -> list[Activities]:
        """Run every time step, as ``Stepping`` does."""
        self._start(memory, trial)
        passage = (Listed if self.listed else Dense)(self, memory, trial)
        steps, frames, bin_ = self.protocol.steps(self.phase.duration), list[Activities](), Averages()
        first = steps - (self.protocol.steps(self.phase.window) or 1)
        stride, integrals = self.chunk(passage.trials), {each.name: Integral(passage, each) for each in self.momentary}
        for begin in range(0, steps, stride):
            length = min(stride, steps - begin)
            passage.run(length, first - begin)
            for integral in integrals.values() if begin + length > first else ():
                integral.add(length, max(first - begin, 0))
            for step in range(length) if every else ():
                bin_ = self._record(passage, begin, step, every, bin_, frames)
            passage.roll(length)
        passage.close(steps - first)
        memory.changes |= {name: integral.change() for name, integral in integrals.items()}
        return frames

    def _record(
        self, passage: Passage, begin: int, step: int, every: int, bin_: Averages, frames: list[Activities]
    ) -> Averages:
        """Keep the spikes of a step, and a frame where one ends; return the averages since."""
        names = [*passage.sources, *(each.name for each in self.free if each.spiking)]
        spikes = {name: passage.spikes(name, step, step + 1)[0] for name in names}
        passage.memory.record(begin + step, spikes, passage.trial.machine)
        bin_.add(spiking={name: passage.activity(name, fired) for name, fired in spikes.items()})
        if (begin + step + 1) % every:
            return bin_
        rates = {name: pieces.span(step, step + 1)[0] for name, pieces in passage.rates.items()}
        frames.append(passage.constant | rates | bin_.means("spiking"))
        return Averages()

    def prepare(self) -> int:
        """Compile everything, and return how many kernels there are.

        Raises:
            KernelError: when one cannot be compiled.
        """
        return len(self.kernels) + len(self.tracers)

    @cached_property
    def kernels(self) -> tuple[Any, ...]:
        """The compiled kernels of the nodes, of the kind that the passage runs."""
        passage = Listed if self.listed else Dense
        return tuple(passage.prepared(self, plan) for plan in self.plans)

    @cached_property
    def tracers(self) -> dict[str, Kernel]:
        """The kernels of the traces of sources, by source."""
        wanted = [name for name in self.phase.clamp if name in self.traced and (name in self.planner.sensed or not self.listed)]
        named = [self.circuit.population(name) for name in wanted]
        taus = {each.name: each.neuron.trace_tau for each in named}  # type: ignore[attr-defined]
        sites = {name: Site(self.protocol.dt, trace_tau=tau, emitted=("trace_next",)) for name, tau in taus.items()}
        return {name: kernel(scan(site), self.engine.device, self.engine.precision) for name, site in sites.items()}

    @cached_property
    def planner(self) -> Planner:
        """What every node is given, emits and sums."""
        return Planner(self, self.engine.local, self.listed)

    @property
    def plans(self) -> tuple[Plan, ...]:
        """The nodes, ready to be computed."""
        return self.planner.plans

    @property
    def listed(self) -> bool:
        """Whether spikes are kept in lists rather than as numbers 0 and 1."""
        return self.engine.local and self.engine.device == "cpu"

    def order(self, steps: int) -> Iterator[tuple[tuple[int, ...], Iterator[tuple[int, int]]]]:
        """Yield the numbers of the nodes that wait for one another, and the stretches in which they are computed."""
        for numbers, component in self._order:
            yield numbers, component.spans(steps)

    @cached_property
    def _order(self) -> tuple[tuple[tuple[int, ...], Component], ...]:
        nodes, components = self.planner.graph.nodes, self.planner.graph.components
        return tuple((tuple(nodes.index(node) for node in each.nodes), each) for each in components)

    def chunk(self, trials: int) -> int:
        """Return the number of steps in a chunk: all that a gradient flows through, else few."""
        if not self.engine.local and torch.is_grad_enabled():
            return self.engine.truncation or self.protocol.steps(self.phase.duration)
        largest = max(each.size for each in self.circuit.populations)
        return max(1, min(LONGEST, ROOM // (trials * largest)))

    @cached_property
    def history(self) -> int:
        """For how many steps a spike may be on its way."""
        return self._longest + 1

    @cached_property
    def continues(self) -> bool:
        """Whether a phase follows."""
        return self.phase != self.protocol.phases[-1]

    @property
    def momentary(self) -> tuple[Projection, ...]:
        """The projections whose rule integrates products over this phase."""
        return self._momentary if self.engine.local else ()

    @property
    def traced(self) -> frozenset[str]:
        """The populations whose trace some rule senses."""
        return self._traced if self.engine.local else frozenset()

    def persistence(self, population: str) -> float:
        """Return by what the trace of a population is multiplied in a time step."""
        tau: float = self.circuit.population(population).neuron.trace_tau  # type: ignore[attr-defined]
        return float(traced(1.0, 0.0, tau, self.protocol.dt))

    def rest(self, neuron: SpikingNeuron) -> int:
        """Return for how many steps after that of a spike its neuron rests."""
        return max(self._rest(neuron), 0)

    def balance(self, population: Population, memory: Memory, trial: Trial) -> Quantity:
        """Return a₀, the apical current that inhibition has learned to cancel."""
        return self._balance(population, memory, trial)

    def drawn(self, trial: Trial) -> dict[str, Iterator[np.ndarray]]:
        """Return, by source, its spikes step after step: boolean (trial, neuron)."""
        return self._drawn(trial)
