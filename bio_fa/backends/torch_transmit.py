"""Transmission of many time steps of spikes at once, with gradients: Σ factor · w · spike.

On a CPU, where spikes are sparse, only those that were fired are visited, forwards and for the gradient of the weights.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from bio_fa.backends.torch_lists import list_spikes
from bio_fa.backends.torch_visits import gather, scatter

SPARSE = 0.2
"""The share of spikes below which visiting them is faster than a matrix product. Choice: measured on one core with AVX-512."""


class Events(NamedTuple):
    """Spikes (step and trial, neuron), 0 or 1, and where they are: who fired and how many, row by row; None on a GPU."""

    spikes: Tensor
    lists: tuple[Tensor, Tensor] | None

    @classmethod
    def of(cls, spikes: Tensor) -> Events:
        """Return the events of spikes."""
        if spikes.device.type != "cpu":
            return cls(spikes, None)
        fired = torch.empty(spikes.shape, dtype=torch.int32)
        count = torch.empty(len(spikes), dtype=torch.int32)
        list_spikes((spikes.detach() != 0).numpy(), fired, count)
        sparse = float(count.sum()) < SPARSE * max(spikes.numel(), 1)
        return cls(spikes, (fired, count) if sparse else None)


def transmit(events: Events, w: Tensor, factor: float) -> Tensor:
    """Return factor · spikes · wᵀ, (step and trial, post), for weights (post, pre)."""
    if events.lists is None:
        return factor * (events.spikes @ w.T)
    current: Tensor = _Transmit.apply(events.spikes, w, *events.lists, factor)  # type: ignore[no-untyped-call]
    return current


class _Transmit(torch.autograd.Function):
    """The product with a sparse left side."""

    @staticmethod
    def forward(ctx: Any, spikes: Tensor, w: Tensor, fired: Tensor, count: Tensor, factor: float) -> Tensor:
        """Visit every spike."""
        ctx.factor = factor
        ctx.save_for_backward(w, fired, count)
        return gather((factor * w).T.contiguous(), (fired, count))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of the spikes, by a matrix product, and of the weights, by visiting every spike."""
        w, fired, count = ctx.saved_tensors
        wanted_spikes, wanted_w, *_ = ctx.needs_input_grad
        spikes = ctx.factor * (gradient @ w) if wanted_spikes else None
        change = gradient.new_zeros((w.shape[1], w.shape[0])) if wanted_w else None
        if change is not None:
            scatter(change, gradient[:, None], (fired, count), keep=0.0, first=0)
            change = (ctx.factor * change).T
        return spikes, change, None, None, None
