"""A program as Triton: a block of neurons of all trials keeps its state in registers, step after step.

Triton comes with a torch that has CUDA. It reads a kernel's source from a file, so the text is written beside the compiled
kernels of the CPU and imported.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from types import ModuleType

import torch
from torch import Tensor

from bio_fa.backends.torch_compiler import cache
from bio_fa.backends.torch_cpp import arrays
from bio_fa.backends.torch_dialects import TRITON
from bio_fa.backends.torch_scan import KernelError, Program

BLOCK = 128
"""Neurons per block. Choice: blocks small enough to fill a GPU with the populations of a circuit."""

FRAME = """\
import triton
import triton.language as tl


@triton.jit
def scan({pointers}, constants, width, steps, first, BLOCK: tl.constexpr):
    lane = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    valid = lane < width
{before}
    for turn in range(steps):
        at = tl.cast({step}, tl.int64) * width + lane
        inside = ({step} >= first).to({real})
{body}
{after}
"""


@lru_cache(maxsize=256)
def triton_text(program: Program, precision: str) -> str:
    """Return the Triton text of a program.

    Raises:
        KernelError: for a function that no kernel computes.
    """
    return FRAME.format(
        pointers=", ".join(f"{name}_row" for name in arrays(program)),
        before="\n".join(f"    {line}" for line in _before(program)),
        step="(steps - 1 - turn)" if program.backwards else "turn",
        real="tl.float32" if precision == "float32" else "tl.float64",
        body="\n".join(f"        {line}" for line in _body(program)),
        after="\n".join(f"    {line}" for line in _after(program)),
    )


def _before(program: Program) -> Iterator[str]:
    """Load constants, what is kept and what is given once."""
    for number in range(len(program.constants)):
        yield f"k{number} = tl.load(constants + {number})"
    for name in (*program.kept, *program.fixed, *(f"{name}_sum" for name in program.summed)):
        yield f"{name} = tl.load({name}_row + lane, mask=valid, other=0.0)"


def _body(program: Program) -> Iterator[str]:
    """Compute a step."""
    for name in program.moving:
        yield f"{name} = tl.load({name}_row + at, mask=valid, other=0.0)"
    for name, value in program.statements:
        yield f"{name} = {TRITON.text(value)}"
    for name in program.emitted:
        yield f"tl.store({name}_out_row + at, {name}, mask=valid)"
    for name in program.summed:
        yield f"{name}_sum += inside * {name}"
    for name in program.kept:
        yield f"{name} = {name}_next"


def _after(program: Program) -> Iterator[str]:
    """Store what is kept and summed."""
    for name in (*program.kept, *(f"{name}_sum" for name in program.summed)):
        yield f"tl.store({name}_row + lane, {name}, mask=valid)"


@lru_cache(maxsize=256)
def launcher(program: Program, precision: str) -> Callable[[Mapping[str, Tensor], int, int], None]:
    """Return what runs a program on tensors, as ``torch_kernels.Kernel`` says.

    Raises:
        KernelError: when Triton is not installed, or for a function that no kernel computes.
    """
    scan, names = _load(triton_text(program, precision)).scan, arrays(program)
    constants = dict[torch.device, Tensor]()

    def launch(tensors: Mapping[str, Tensor], steps: int, first: int) -> None:
        given = [tensors[name] for name in names]
        device, width = given[0].device, given[0].shape[-2] * given[0].shape[-1]
        if device not in constants:
            constants[device] = torch.tensor([*program.constants, 0.0], dtype=given[0].dtype, device=device)
        grid = ((width + BLOCK - 1) // BLOCK,)
        scan[grid](*given, constants[device], width, steps, first, BLOCK=BLOCK, enable_fp_fusion=False)

    return launch


def _load(text: str) -> ModuleType:
    """Import a text as a module."""
    if importlib.util.find_spec("triton") is None:
        raise KernelError("Triton is not installed")
    name = f"scan_{hashlib.sha256(text.encode()).hexdigest()[:32]}"
    path = cache() / f"{name}.py"
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
            file.write(text)
        os.replace(file.name, path)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
