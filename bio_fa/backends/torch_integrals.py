"""Integrals of momentary products over time steps: dw = ∫ post · pre · synapse dt.

In general that is one matrix product a product and chunk. Where the presynaptic factor is the spike train or its trace, times
a number, and spikes are listed, each is visited once: with x_t = k x_{t−1} + S_t and q_t = p_t + k q_{t+1},
Σ_t p_t x_t = Σ_t q_t S_t + q_{−1} x_{−1}.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from bio_fa.backends.torch_common import sum_of_products
from bio_fa.backends.torch_listed import Listed
from bio_fa.backends.torch_products import EMITTED, Sparse, dense, sparse
from bio_fa.backends.torch_visits import scatter
from bio_fa.plasticity import Plasticity, Postsynaptic, Presynaptic, Product
from bio_fa.projection import Projection

if TYPE_CHECKING:
    from bio_fa.backends.torch_passage import Passage


class Integral:
    """What one projection's momentary products add up to in a phase."""

    def __init__(self, passage: Passage, projection: Projection) -> None:
        windows, self.passage, self.projection = passage.windows, passage, projection
        self.w, self.dt = passage.trial.weights[projection.name], windows.protocol.dt
        self.sign = windows.circuit.sign(projection) or 1
        self.rule: Plasticity = projection.plasticity  # type: ignore[assignment]
        self.sparse = sparse(self.rule, self.sign) if windows.listed else ()
        self.dense = dense(self.rule, self.sign, windows.listed)
        self.visited = [self.w.new_zeros(self.w.T.shape) for _ in self.sparse]
        self.total = torch.zeros_like(self.w)

    def add(self, steps: int, first: int) -> None:
        """Add a chunk of steps, from its step ``first`` on."""
        if self.sparse:
            products = self._products(0, steps)
            for each, change in zip(self.sparse, self.visited, strict=True):
                self._visit(each, products[each.number][0], change, steps, first)
        if self.dense:
            products = self._products(first, steps, pre=True)
            trials = (steps - first) * self.passage.trials
            change = sum_of_products([products[number] for number in self.dense], trials, self.w, torch.empty_like(self.w))
            self.total += self.dt * (steps - first) * change

    def change(self) -> Tensor:
        """Return Δw (post, pre) so far, averaged over trials."""
        total = self.total
        products = list(self.rule.factors(Presynaptic(0.0, 0.0, self.sign), Postsynaptic(0.0, 0.0, 0.0), self.w))
        for each, visited in zip(self.sparse, self.visited, strict=True):
            _, _, synapse = products[each.number]
            scale = each.scale * (self.dt if each.traced else 1.0) / self.passage.trials
            total = total + scale * visited.T * synapse
        return total

    def _products(self, start: int, stop: int, pre: bool = False) -> list[Product]:
        """Return the rule's products in some steps, (step and trial, neuron); without ``pre`` only their postsynaptic factors."""
        before = self._sensed("pre", start, stop) if pre else {}
        after = self._sensed("post", start, stop)
        sides = Presynaptic(0.0, 0.0, self.sign, **before), Postsynaptic(0.0, 0.0, 0.0, **after)
        return list(self.rule.factors(*sides, self.w))

    def _sensed(self, side: str, start: int, stop: int) -> dict[str, Tensor]:
        """Return what a side of the synapses senses in some steps, by name."""
        name: str = getattr(self.projection, side)
        kinds = self.passage.windows.planner.sensed_by(self.projection, side)
        sensed = {kind: self.passage.emitted(name, EMITTED[kind], start, stop).flatten(0, 1) for kind in sorted(kinds)}
        return {kind: values / self.dt if kind == "spike" else values for kind, values in sensed.items()}

    def _visit(self, product: Sparse, factor: Tensor | float, change: Tensor, steps: int, first: int) -> None:
        """Add the postsynaptic factor (step and trial, post), as it is at the spikes, to a change (pre, post)."""
        assert isinstance(self.passage, Listed)
        name, shape = self.projection.pre, (steps, self.passage.trials, self.w.shape[0])
        factor = factor if isinstance(factor, Tensor) else torch.full(shape, factor, dtype=self.w.dtype)
        keep = self.passage.windows.persistence(name) if product.traced else 0.0
        rest = scatter(change, factor.view(shape), self.passage.lists[name].since(0), keep, first)
        if product.traced:
            change.addmm_(self.passage.before[name].T, rest)
