"""Passage: one phase on one batch of trials under way: what is given, kept, summed and told to others."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from bio_fa.backends.phases import Afferent, Memory, Trial
from bio_fa.backends.torch_pieces import Pieces
from bio_fa.backends.torch_plan import Plan
from bio_fa.neurons import RateNeuron

if TYPE_CHECKING:
    from bio_fa.backends.torch_windows import Windows

KINDS = {"spike": "activity", "basal": "basal", "apical": "apical", "feedback": "feedback", "sensitivity": "sensitivity"}
"""What is summed over the phase's window, and what ``Memory`` calls its mean."""


class Passage(ABC):
    """A phase under way, chunk by chunk of time steps. Steps count from the beginning of the chunk."""

    def __init__(self, windows: Windows, memory: Memory, trial: Trial) -> None:
        self.windows, self.memory, self.trial = windows, memory, trial
        self.constant = windows.given(trial)
        self.trials = len(next(iter(self.constant.values())))
        self.sources = windows.drawn(trial)
        self.counts = {name: self.zeros(windows.circuit.population(name).size) for name in self.sources}
        self.kept = [self._kept(plan) for plan in windows.plans]
        self.fixed = [self._fixed(plan) for plan in windows.plans]
        self.sums = [{f"{name}_sum": self._nothing(plan) for name in plan.site.summed} for plan in windows.plans]
        graded = [each.name for each in windows.free if isinstance(each.neuron, RateNeuron)]
        self.rates = {name: Pieces(self._rate(name, memory.states[name]["u"][None])) for name in graded}
        self.totals = {name: self.zeros(windows.circuit.population(name).size) for name in graded}

    @abstractmethod
    def feed(self, name: str, spikes: np.ndarray) -> None:
        """Take the spikes of a source in the chunk: boolean (step, trial, neuron)."""

    @abstractmethod
    def advance(self, number: int, start: int, stop: int, first: int) -> None:
        """Move a node from step ``start`` to ``stop``; sums are taken from step ``first`` on."""

    @abstractmethod
    def spikes(self, name: str, start: int, stop: int) -> Tensor:
        """Return the spikes of a population in some steps: (step, trial, neuron), 0 or 1."""

    @abstractmethod
    def emitted(self, name: str, kind: str, start: int, stop: int) -> Tensor:
        """Return what a population's program emits in some steps: (step, trial, neuron)."""

    @abstractmethod
    def roll(self, steps: int) -> None:
        """Begin a new chunk after one of so many steps."""

    def run(self, steps: int, first: int) -> None:
        """Run a chunk; sums are taken from its step ``first`` on."""
        window = slice(max(first, 0), steps)
        for name, drawn in self.sources.items():
            spikes = np.stack([next(drawn) for _ in range(steps)])
            counts = spikes[window].view(np.uint8).sum(axis=0, dtype=np.uint8 if steps < 256 else np.int64)
            self.counts[name] += torch.from_numpy(counts).to(self.counts[name].device)
            self.feed(name, spikes)
        for numbers, spans in self.windows.order(steps):
            for start, stop in spans:
                for number in numbers:
                    self.advance(number, start, stop, first)
        for name, rates in self.rates.items():
            self.totals[name] = self.totals[name] + rates.span(0, steps)[window].sum(0)

    def rate(self, name: str, u: Tensor) -> None:
        """Take the potentials (step, trial, neuron) of rate neurons after some steps."""
        self.rates[name].append(self._rate(name, u))

    def _rate(self, name: str, u: Tensor) -> Tensor:
        population = self.windows.circuit.population(name)
        neuron: RateNeuron = population.neuron  # type: ignore[assignment]
        rates: Tensor = self.windows.nudged(population, neuron.activity(u), self.trial)
        return rates

    def _kept(self, plan: Plan) -> dict[str, Tensor]:
        """Return what a node keeps from step to step, (trial, neuron) by name."""
        name, memory = plan.name, self.memory
        kept = {f"x{number}": memory.synapse[each.inlet] for number, each in enumerate(plan.arriving)}
        if plan.node.soma:
            kept |= {f"s_{variable}": value for variable, value in memory.states[name].items()}
            kept |= {"resting": memory.resting[name]} if plan.site.rest else {}
            kept |= {"trace": memory.trace[name]} if plan.site.trace_tau else {}
        return kept

    def _fixed(self, plan: Plan) -> dict[str, Tensor]:
        """Return what a node is given once: constant currents, the pull to a target, and the balance of its dendrite."""
        windows, name, memory = self.windows, plan.name, self.memory
        held = plan.node.soma and name in windows.phase.hold
        fixed = {
            "constant_basal": memory.basal[windows.held_from][name] if held else self._constant(plan, "basal"),
            "constant_apical": self._constant(plan, "apical"),
        }
        if plan.site.pulled:
            fixed["pull"] = windows.pulls[name](memory.activity[windows.held_from][name], self.trial.inputs[name])
        if plan.site.feels is not None:
            fixed["balance"] = self._nothing(plan) + windows.balance(plan.node.population, memory, self.trial)
        shape = (self.trials, plan.node.population.size)
        return {key: value.expand(shape).contiguous() for key, value in fixed.items()}

    def _constant(self, plan: Plan, compartment: str) -> Tensor:
        """Return the graded current of what does not change in this phase."""
        afferents = plan.constant[compartment]
        return self.sum(afferents, self.constant) if afferents else self._nothing(plan)

    def graded(self, plan: Plan, compartment: str, start: int, stop: int) -> Tensor:
        """Return the graded current of what changes: (step, trial, neuron)."""
        afferents = plan.changing[compartment]
        felt = {each.pre: self.rates[each.pre].span(start - 1, stop - 1).flatten(0, 1) for each in afferents}
        return self.sum(afferents, felt).view(stop - start, self.trials, -1)

    def sum(self, afferents: tuple[Afferent, ...], signals: dict[str, Tensor]) -> Tensor:
        """Return Σ factor · w · signal, one matrix product a projection."""
        current = self.windows.engine.nothing
        for name, pre, factor in afferents:
            current = torch.addmm(current, signals[pre], self.trial.weights[name].T, alpha=factor)
        return current

    def zeros(self, neurons: int) -> Tensor:
        """Return zeros (trial, neurons)."""
        return self.windows.engine.nothing.new_zeros((self.trials, neurons))

    def _nothing(self, plan: Plan) -> Tensor:
        return self.zeros(plan.node.population.size)

    def close(self, steps: int) -> None:
        """Leave in memory what later phases and rules read; sums were taken over so many steps."""
        phase, memory = self.windows.phase.name, self.memory
        for kind in KINDS.values():
            getattr(memory, kind)[phase] = {}
        memory.activity[phase] |= {**self.constant, **{name: total / steps for name, total in self.totals.items()}}
        for name, count in self.counts.items():
            memory.activity[phase][name] = self.activity(name, count) / steps
        for plan, kept, sums in zip(self.windows.plans, self.kept, self.sums, strict=True):
            self._keep(plan, kept)
            for name, total in sums.items():
                value = self.activity(plan.name, total) if name == "spike_sum" else total
                getattr(memory, KINDS[name.removesuffix("_sum")])[phase][plan.name] = value / steps

    def activity(self, name: str, spikes: Tensor) -> Tensor:
        """Return the activity of spikes in one time step, S(t) / ν₁."""
        unit_rate: float = self.windows.circuit.population(name).neuron.unit_rate  # type: ignore[attr-defined]
        activity: Tensor = spikes / (unit_rate * self.windows.protocol.dt)
        return activity

    def _keep(self, plan: Plan, kept: dict[str, Tensor]) -> None:
        for number, each in enumerate(plan.arriving):
            self.memory.synapse[each.inlet] = kept[f"x{number}"]
        if plan.node.soma:
            variables = plan.node.population.neuron.variables
            self.memory.states[plan.name] = {variable: kept[f"s_{variable}"] for variable in variables}
            self.memory.resting |= {plan.name: kept["resting"]} if "resting" in kept else {}
            self.memory.trace |= {plan.name: kept["trace"]} if "trace" in kept else {}
