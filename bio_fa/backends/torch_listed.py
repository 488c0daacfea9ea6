"""A phase on the CPU: kernels pass lists of spikes to one another, and touch only the synapses of neurons that fired."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from bio_fa.backends.phases import Memory, Trial
from bio_fa.backends.torch_kernels import BoundKernel, GatheringKernel, Synapses
from bio_fa.backends.torch_lists import Lists
from bio_fa.backends.torch_passage import Passage
from bio_fa.backends.torch_plan import Arriving, Plan
from bio_fa.backends.torch_scan import scan
from bio_fa.backends.torch_visits import follow

if TYPE_CHECKING:
    from bio_fa.backends.torch_windows import Windows


class Room:
    """Arrays that trials use again, so that none are allocated trial after trial."""

    def __init__(self) -> None:
        self._tensors: dict[tuple[object, ...], Tensor] = {}
        self._lists: dict[str, Lists] = {}

    def tensor(self, like: Tensor, shape: tuple[int, ...], *purpose: object) -> Tensor:
        """Return an array for a purpose; what it holds is left over."""
        kept = self._tensors.get(purpose)
        if kept is None or kept.shape != shape:
            kept = self._tensors[purpose] = torch.empty(shape, dtype=like.dtype)
        return kept

    def lists(self, name: str, steps: int, trials: int, neurons: int, history: int) -> Lists:
        """Return the lists of a population, empty before the chunk."""
        kept = self._lists.get(name)
        if kept is None or kept.fits != (steps, trials, neurons, history):
            kept = self._lists[name] = Lists(steps, trials, neurons, history)
        kept.clear()
        return kept


class Listed(Passage):
    """A phase under way on the CPU, without gradients."""

    def __init__(self, windows: Windows, memory: Memory, trial: Trial) -> None:
        super().__init__(windows, memory, trial)
        self.room, self.steps, self.history = windows.engine.room, windows.chunk(self.trials), windows.history
        spiking = [*self.sources, *(each.name for each in windows.free if each.spiking)]
        self.lists = {name: self._lists(name) for name in spiking}
        self.before: dict[str, Tensor] = {}
        self._emitted: dict[tuple[str, str], Tensor] = {}
        self._graded: dict[tuple[int, str], Tensor] = {}
        self._weights: dict[str, Tensor] = {}
        self.kernels = [self._bind(number, plan) for number, plan in enumerate(windows.plans)]

    @staticmethod
    def prepared(windows: Windows, plan: Plan) -> GatheringKernel:
        """Return the kernel of a node."""
        arriving = tuple(f"arriving{number}" for number in range(len(plan.arriving)))
        listed = plan.node.soma and plan.node.population.spiking
        return GatheringKernel(scan(plan.site), windows.engine.precision, arriving, listed)

    def _lists(self, name: str) -> Lists:
        neurons = self.windows.circuit.population(name).size
        lists = self.room.lists(name, self.steps, self.trials, neurons, self.history)
        for ago, fired in enumerate(self.memory.flying.get(name, []), start=1):
            lists.write(-ago, fired.numpy()[None] > 0)
        return lists

    def _bind(self, number: int, plan: Plan) -> BoundKernel:
        """Return the kernel of a node, bound to its arrays."""
        kernel: GatheringKernel = self.windows.kernels[number]
        neurons = plan.node.population.size
        tensors = {**self.kept[number], **self.fixed[number], **self.sums[number]}
        for name in kernel.program.emitted:
            tensors[f"{name}_out"] = self._emitted[plan.name, name] = self._sequence(neurons, plan.name, name)
        for compartment in plan.site.moving:
            graded = self._graded[number, compartment] = self._sequence(neurons, plan.name, "graded", compartment)
            tensors[f"graded_{compartment}"] = graded
        if plan.node.watches:
            tensors["s_v"] = self._sequence(neurons, plan.name, "s_v")
        if plan.node.soma and plan.node.population.spiking:
            tensors["fired"], tensors["count"] = self.lists[plan.name].since(0)
        return kernel.bind(tensors, [self._synapses(each) for each in plan.arriving])

    def _sequence(self, neurons: int, *purpose: object) -> Tensor:
        return self.room.tensor(self.windows.engine.nothing, (self.steps, self.trials, neurons), *purpose)

    def _synapses(self, arriving: Arriving) -> list[Synapses]:
        """Return the synapses through which spikes arrive at an inlet."""
        return [(self._scaled(name, factor), *self.lists[pre].since(arriving.lag)) for name, pre, factor in arriving.afferents]

    def _scaled(self, name: str, factor: float) -> Tensor:
        """Return factor · w as (pre, post), so that what one spike adds lies together."""
        if name not in self._weights:
            w = self.trial.weights[name]
            room = self.room.tensor(w, (w.shape[1], w.shape[0]), name)
            self._weights[name] = torch.mul(w.T, factor, out=room)
        return self._weights[name]

    def run(self, steps: int, first: int) -> None:
        """Run a chunk, and remember the traces before it."""
        self.before = {name: self.memory.trace[name].clone() for name in self.windows.traced}
        super().run(steps, first)

    def feed(self, name: str, spikes: np.ndarray) -> None:
        """List the spikes of a source, and let its trace follow them."""
        self.lists[name].write(0, spikes)
        if name in self.windows.planner.sensed:
            dense = self._emitted[name, "spike"] = self._sequence(spikes.shape[-1], name, "spike")[: len(spikes)]
            dense.copy_(torch.from_numpy(spikes))
        if name in self.windows.tracers:
            trace = self._emitted[name, "trace_next"] = self._sequence(spikes.shape[-1], name, "trace_next")
            tensors = {"spike": dense, "trace": self.memory.trace[name], "trace_next_out": trace}
            self.windows.tracers[name](tensors, len(spikes))
        elif name in self.windows.traced:
            follow(self.memory.trace[name], self.lists[name].since(0), self.windows.persistence(name), len(spikes))

    def advance(self, number: int, start: int, stop: int, first: int) -> None:
        """Move a node."""
        plan = self.windows.plans[number]
        for compartment in plan.site.moving:
            self._graded[number, compartment][start:stop] = self.graded(plan, compartment, start, stop)
        self.kernels[number](start, stop, first)
        if plan.name in self.rates and plan.node.soma:
            self.rate(plan.name, self._emitted[plan.name, "s_u_next"][start:stop])

    def spikes(self, name: str, start: int, stop: int) -> Tensor:
        """Return the spikes of a population."""
        return torch.from_numpy(self.lists[name].dense(start, stop)).to(self.windows.engine.nothing.dtype)

    def emitted(self, name: str, kind: str, start: int, stop: int) -> Tensor:
        """Return what a population's program emits."""
        return self._emitted[name, kind][start:stop]

    def roll(self, steps: int) -> None:
        """Begin a new chunk."""
        for lists in self.lists.values():
            lists.roll(steps)
        for rates in self.rates.values():
            rates.roll()

    def close(self, steps: int) -> None:
        """Leave in memory what later phases and rules read."""
        super().close(steps)
        if self.windows.continues:
            for name in self.lists:
                spikes = self.spikes(name, -self.history, 0)
                self.memory.flying[name] = [*spikes.flip(0)]
