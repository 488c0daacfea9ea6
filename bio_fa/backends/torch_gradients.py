"""Gradients through a scan: torch asks for them, and the adjoint program answers, many time steps at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from bio_fa.backends.torch_adjoint import differentiable, output
from bio_fa.backends.torch_kernels import kernel
from bio_fa.backends.torch_scan import Site
from bio_fa.ops import step

if TYPE_CHECKING:
    from bio_fa.backends.torch_windows import Engine

Tensors = dict[str, Tensor]
Surrogate = Callable[[Tensor], Tensor]
"""A function that is 1 where its argument is positive and else 0, with a derivative that is not 0."""


class Differentiable:
    """The scan of a site, with gradients.

    Raises:
        KernelError: when it cannot be compiled.
    """

    def __init__(self, site: Site, engine: Engine) -> None:
        self.engine, self.out = engine, output(site)
        self.program, self.adjoint = differentiable(site)
        self.told = tuple(dict.fromkeys((self.out, *site.emitted)))
        self.given = (*self.program.kept, *self.program.fixed, *self.program.moving)
        self._forwards, self._backwards = (kernel(each, engine.device, engine.precision) for each in (self.program, self.adjoint))

    def __call__(self, tensors: Tensors, sums: Tensors, steps: int, first: int) -> tuple[Tensors, Tensors]:
        """Run a stretch of time steps, and return what is kept after it and what it emits; only its output has a gradient.

        ``tensors`` as for ``Kernel``, and ``sums``, which are written into and have no gradient.
        """
        results = _Scan.apply(self, sums, steps, first, *(tensors[name] for name in self.given))  # type: ignore[no-untyped-call]
        kept, told = results[: len(self.program.kept)], results[len(self.program.kept) :]
        return dict(zip(self.program.kept, kept, strict=True)), dict(zip(self.told, told, strict=True))

    def forwards(self, tensors: Tensors, sums: Tensors, steps: int, first: int) -> tuple[Tensors, Tensors]:
        """Return what is kept, in new arrays, and what is emitted: also all that the way back needs."""
        kept = {name: tensors[name].clone() for name in self.program.kept}
        shape = (steps, *next(iter(tensors.values())).shape[-2:])
        emitted = {name: self.engine.nothing.new_empty(shape) for name in self.program.emitted}
        self._forwards({**tensors, **kept, **sums, **{f"{name}_out": each for name, each in emitted.items()}}, steps, first)
        return kept, emitted

    def backwards(self, known: Tensors, gradient: Tensor, kept: Tensors) -> Tensors:
        """Return the gradients of what was given, by name, from those of the output and of what was kept."""
        steps, *shape = gradient.shape
        tensors = {**known, "gradient": gradient.contiguous()}
        if "slope" in self.adjoint.moving:
            tensors["slope"] = slope(self.engine.surrogate, known["excess"])
        carried = {name: _copied(kept[name.removeprefix("d_")]) for name in self.adjoint.kept}
        emitted = {name: gradient.new_empty((steps, *shape)) for name in self.adjoint.emitted}
        summed = {name: gradient.new_zeros(shape) for name in self.adjoint.summed}
        outs = {f"{name}_out": each for name, each in emitted.items()} | {f"{name}_sum": each for name, each in summed.items()}
        self._backwards({**tensors, **carried, **outs}, steps)
        return {name.removeprefix("d_"): each for name, each in {**carried, **emitted, **summed}.items()}


def _copied(tensor: Tensor) -> Tensor:
    """Return a copy whose numbers lie in order."""
    return tensor.clone(memory_format=torch.contiguous_format)


class _Scan(torch.autograd.Function):
    """A scan as a function of torch."""

    @staticmethod
    def forward(ctx: Any, scan: Differentiable, sums: Tensors, steps: int, first: int, *given: Tensor) -> tuple[Tensor, ...]:
        """Run the program."""
        named = dict(zip(scan.given, given, strict=True))
        kept, emitted = scan.forwards(named, sums, steps, first)
        known = {name: value for name, value in {**named, **emitted}.items() if name in (*scan.adjoint.moving, *scan.adjoint.fixed)}
        known |= {"excess": emitted["excess"]} if "excess" in emitted else {}
        ctx.scan, ctx.known = scan, tuple(known)
        ctx.save_for_backward(*known.values())
        others = [emitted[name] for name in scan.told[1:]]
        ctx.mark_non_differentiable(*others, *(kept[name] for name in ("resting",) if name in kept))
        return (*kept.values(), emitted[scan.out], *others)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Run the adjoint."""
        scan: Differentiable = ctx.scan
        known = dict(zip(ctx.known, ctx.saved_tensors, strict=True))
        kept = dict(zip(scan.program.kept, gradients, strict=False))
        results = scan.backwards(known, gradients[len(kept)], kept)
        return (None, None, None, None, *(results.get(name) for name in scan.given))


class Fire(torch.autograd.Function):
    """A spike where the excess is positive, with the surrogate's derivative."""

    @staticmethod
    def forward(ctx: Any, excess: Tensor, surrogate: Surrogate) -> Tensor:
        """Return 1 where the excess is positive, else 0."""
        ctx.surrogate = surrogate
        ctx.save_for_backward(excess)
        spikes: Tensor = step(excess)
        return spikes

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """Return the gradient times the slope."""
        (excess,) = ctx.saved_tensors
        return gradient * slope(ctx.surrogate, excess), None


def slope(surrogate: Surrogate, excess: Tensor) -> Tensor:
    """Return the derivative of the surrogate at every excess."""
    with torch.enable_grad():
        at = excess.detach().requires_grad_()
        (derivative,) = torch.autograd.grad(surrogate(at).sum(), at)
    return derivative.contiguous()
