"""A phase on a GPU, or with gradients: spikes are numbers 0 and 1, and currents one matrix product a projection and chunk."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from bio_fa.backends.phases import Memory, Trial
from bio_fa.backends.torch_adjoint import output
from bio_fa.backends.torch_gradients import Differentiable
from bio_fa.backends.torch_kernels import Kernel, kernel
from bio_fa.backends.torch_passage import Passage
from bio_fa.backends.torch_pieces import Pieces
from bio_fa.backends.torch_plan import Plan
from bio_fa.backends.torch_scan import scan
from bio_fa.backends.torch_transmit import Events, transmit

if TYPE_CHECKING:
    from bio_fa.backends.torch_windows import Windows


class Dense(Passage):
    """A phase under way, with gradients where they are enabled and reach the output."""

    def __init__(self, windows: Windows, memory: Memory, trial: Trial) -> None:
        super().__init__(windows, memory, trial)
        spiking = [*self.sources, *(each.name for each in windows.free if each.spiking)]
        self.told = {name: Pieces(self._before(name)) for name in spiking}
        self.counted: dict[str, Tensor] = {}
        self.cut = False
        self._found: dict[tuple[str, int, int], Events] = {}
        self._emitted: dict[tuple[str, str], list[Tensor]] = {}

    @staticmethod
    def prepared(windows: Windows, plan: Plan) -> Kernel | Differentiable:
        """Return the kernel of a node: one with gradients where they will be asked for."""
        if windows.phase == windows.protocol.phases[0] and plan.upstream and not windows.engine.local:
            return Differentiable(plan.site, windows.engine)
        return kernel(scan(plan.site), windows.engine.device, windows.engine.precision)

    def _before(self, name: str) -> Tensor:
        """Return the spikes of the last steps of the phase before: (step, trial, neuron)."""
        nothing = self.zeros(self.windows.circuit.population(name).size)
        flying = [*self.memory.flying.get(name, []), *[nothing] * self.windows.history][: self.windows.history]
        return torch.stack(flying[::-1])

    def feed(self, name: str, spikes: np.ndarray) -> None:
        """Take the spikes of a source, and let its trace follow them."""
        nothing = self.windows.engine.nothing
        dense = torch.from_numpy(spikes).to(nothing.device).to(nothing.dtype)
        self.told[name].append(dense)
        if name in self.windows.traced:
            trace = torch.empty_like(dense)
            tensors = {"spike": dense, "trace": self.memory.trace[name], "trace_next_out": trace}
            self.windows.tracers[name](tensors, len(spikes))
            self._emitted[name, "trace_next"] = [trace]

    def advance(self, number: int, start: int, stop: int, first: int) -> None:
        """Move a node; what the output does not depend on leaves no graph behind."""
        plan, ready = self.windows.plans[number], self.windows.kernels[number]
        with torch.set_grad_enabled(isinstance(ready, Differentiable) and torch.is_grad_enabled()):
            tensors = {**self.kept[number], **self.fixed[number], **self._moving(plan, start, stop)}
            if isinstance(ready, Differentiable):
                self.kept[number], emitted = ready(tensors, self.sums[number], stop - start, first - start)
            else:
                emitted = self._move(plan, ready, {**tensors, **self.sums[number]}, stop - start, first - start)
            self._tell(plan, emitted)

    def _moving(self, plan: Plan, start: int, stop: int) -> dict[str, Tensor]:
        """Return what a node is given at every step: (step, trial, neuron) by name."""
        weights = self.trial.weights
        moving = {f"graded_{compartment}": self.graded(plan, compartment, start, stop) for compartment in plan.site.moving}
        for number, (_, afferents, lag) in enumerate(plan.arriving):
            felt = {each.pre: self._events(each.pre, start - lag, stop - lag) for each in afferents}
            currents = [transmit(felt[pre], weights[name], factor) for name, pre, factor in afferents]
            arriving = functools.reduce(torch.add, currents).view(stop - start, self.trials, -1)
            moving[f"arriving{number}"] = self._cut(arriving) if start == 0 and self.cut else arriving
        if plan.node.watches:
            moving["s_v"] = self.emitted(plan.name, "s_v", start, stop)
        return moving

    def _events(self, name: str, start: int, stop: int) -> Events:
        """Return the spikes of a population in some steps; they are looked for once."""
        key = name, start, stop
        if key not in self._found:
            self._found[key] = Events.of(self.told[name].span(start, stop).flatten(0, 1))
        return self._found[key]

    @staticmethod
    def _cut(arriving: Tensor) -> Tensor:
        """Return what arrives with no gradient at its first step: that arrived before the cut, and is felt after it."""
        return torch.cat([arriving[:1].detach(), arriving[1:]])

    def _move(self, plan: Plan, kernel: Kernel, tensors: dict[str, Tensor], steps: int, first: int) -> dict[str, Tensor]:
        """Run a kernel, which writes into what the node keeps."""
        shape = (steps, self.trials, plan.node.population.size)
        emitted = {name: self.windows.engine.nothing.new_empty(shape) for name in plan.site.emitted}
        kernel({**tensors, **{f"{name}_out": value for name, value in emitted.items()}}, steps, first)
        return emitted

    def _tell(self, plan: Plan, emitted: dict[str, Tensor]) -> None:
        if plan.node.soma and plan.name in self.rates:
            self.rate(plan.name, emitted["s_u_next"])
        elif plan.node.soma:
            self.told[plan.name].append(emitted[output(plan.site)])
        for name, values in emitted.items():
            self._emitted.setdefault((plan.name, name), []).append(values)

    def run(self, steps: int, first: int) -> None:
        """Run a chunk."""
        super().run(steps, first)
        if torch.is_grad_enabled():
            self._count(steps, max(first, 0))

    def _count(self, steps: int, first: int) -> None:
        """Count spikes where gradients pass through them."""
        for plan, sums in zip(self.windows.plans, self.sums, strict=True):
            if plan.upstream and "spike_sum" in sums:
                counted = self.told[plan.name].span(0, steps)[first:].sum(0)
                before = self.counted.get(plan.name)
                self.counted[plan.name] = counted if before is None else before + counted

    def spikes(self, name: str, start: int, stop: int) -> Tensor:
        """Return the spikes of a population."""
        return self.told[name].span(start, stop)

    def emitted(self, name: str, kind: str, start: int, stop: int) -> Tensor:
        """Return what a population's program emits."""
        if kind == "spike":
            return self.spikes(name, start, stop)
        return torch.cat(self._emitted[name, kind])[start:stop]

    def roll(self, steps: int) -> None:
        """Begin a new chunk, from which no gradient flows back."""
        self.cut = torch.is_grad_enabled()
        self._emitted.clear()
        self._found.clear()
        for pieces in (*self.told.values(), *self.rates.values()):
            pieces.roll(detach=True)
        for kept in self.kept:
            kept.update({name: value.detach() for name, value in kept.items()})

    def close(self, steps: int) -> None:
        """Leave in memory what later phases and rules read, and the output with its gradient."""
        super().close(steps)
        for name, counted in self.counted.items():
            self.memory.activity[self.windows.phase.name][name] = self.activity(name, counted) / steps
        for name, told in self.told.items():
            self.memory.flying[name] = [*told.span(-self.windows.history, 0).flip(0)]
