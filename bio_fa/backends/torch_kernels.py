"""Kernels: programs that run on tensors, compiled for the CPU by g++ or for a GPU by Triton."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from ctypes import c_void_p

import numpy as np
import torch
from torch import Tensor

from bio_fa.backends.torch_compiler import compiled
from bio_fa.backends.torch_cpp import arrays, cpp_text
from bio_fa.backends.torch_scan import Program
from bio_fa.backends.torch_triton import launcher

WORTH_A_THREAD = 20_000
"""How many time steps of a neuron are worth starting one more thread. Choice: some 40 µs of work."""


class Kernel(ABC):
    """A program that is ready to run."""

    @abstractmethod
    def __call__(self, tensors: Mapping[str, Tensor], steps: int, first: int = 0) -> None:
        """Run a stretch of time steps; sums are taken from its step ``first`` on.

        ``tensors``, by the names of ``torch_cpp.arrays``: (trial, neuron) for what is kept, fixed or summed, (step, trial,
        neuron) for what is given or emitted at every step. What is kept, emitted and summed is written into.
        """


def kernel(program: Program, device: str, precision: str) -> Kernel:
    """Return the kernel of a program.

    Raises:
        KernelError: when it cannot be compiled.
    """
    return CppKernel(program, precision) if device == "cpu" else TritonKernel(program, precision)


class CppKernel(Kernel):
    """A kernel on the CPU."""

    def __init__(self, program: Program, precision: str) -> None:
        self._names = arrays(program)
        self._function = compiled(cpp_text(program, precision))
        self._constants = np.array(program.constants, dtype=precision)

    def __call__(self, tensors: Mapping[str, Tensor], steps: int, first: int = 0) -> None:
        """Run it."""
        given = [tensors[name] for name in self._names]
        *_, trials, neurons = given[0].shape
        pointers = np.array([each.data_ptr() for each in given], dtype=np.int64)
        sizes = np.array([trials, neurons, steps, first, _threads(trials * neurons * steps)], dtype=np.int64)
        self._function(_address(pointers), _address(sizes), _address(self._constants))


class TritonKernel(Kernel):
    """A kernel on a GPU."""

    def __init__(self, program: Program, precision: str) -> None:
        self._launch = launcher(program, precision)

    def __call__(self, tensors: Mapping[str, Tensor], steps: int, first: int = 0) -> None:
        """Run it."""
        self._launch(tensors, steps, first)


Synapses = tuple[Tensor, Tensor, Tensor]
"""The weights (pre, neuron) of a projection, and the lists of spikes: who fired (step, trial, pre), how many (step, trial)."""


class GatheringKernel:
    """A kernel on the CPU that sums over synapses itself. ``arriving`` names the sums, ``listed`` says whether it lists spikes."""

    def __init__(self, program: Program, precision: str, arriving: tuple[str, ...], listed: bool) -> None:
        self.program, self.names = program, arrays(program, arriving, listed)
        self.function = compiled(cpp_text(program, precision, arriving, listed))
        self.constants = np.array(program.constants, dtype=precision)
        stays = {*program.kept, *program.fixed, *(f"{name}_sum" for name in program.summed)}
        self.moves = [name not in stays for name in self.names]

    def bind(self, tensors: Mapping[str, Tensor], arriving: list[list[Synapses]]) -> BoundKernel:
        """Return the kernel on the arrays of a chunk of steps.

        ``tensors`` are as those of ``Kernel``, with the lists ``fired`` and ``count`` of the spikes that it emits; the lists of
        the synapses through which spikes arrive begin with those that arrive first.
        """
        return BoundKernel(self, tensors, arriving)


class BoundKernel:
    """A gathering kernel on arrays."""

    def __init__(self, kernel: GatheringKernel, tensors: Mapping[str, Tensor], arriving: list[list[Synapses]]) -> None:
        synapses = [each for inlet in arriving for triple in inlet for each in triple]
        self._tensors = [*(tensors[name] for name in kernel.names), *synapses]
        moves = kernel.moves + [False, True, True] * (len(synapses) // 3)
        strides = [each.stride(0) * each.element_size() * move for each, move in zip(self._tensors, moves, strict=True)]
        self._origins = np.array([each.data_ptr() for each in self._tensors], dtype=np.int64)
        self._strides, self._pointers = np.array(strides, dtype=np.int64), self._origins.copy()
        *_, trials, neurons = self._tensors[0].shape
        sizes = [size for inlet in arriving for size in (len(inlet), *(len(w) for w, _, _ in inlet))]
        self._sizes = np.array([trials, neurons, 0, 0, 1, *sizes], dtype=np.int64)
        self._function, self._neurons = kernel.function, trials * neurons
        self._addresses = [_address(each) for each in (self._pointers, self._sizes, kernel.constants)]

    def __call__(self, start: int, stop: int, first: int) -> None:
        """Run the steps from ``start`` to ``stop`` of the chunk; sums are taken from its step ``first`` on."""
        np.multiply(self._strides, start, out=self._pointers)
        self._pointers += self._origins
        self._sizes[2:5] = stop - start, first - start, _threads(self._neurons * (stop - start))
        self._function(*self._addresses)


def _threads(work: int) -> int:
    """Return how many threads a kernel starts for so many time steps of a neuron."""
    return max(1, min(torch.get_num_threads(), work // WORTH_A_THREAD))


def _address(array: np.ndarray) -> c_void_p:
    return c_void_p(array.__array_interface__["data"][0])
