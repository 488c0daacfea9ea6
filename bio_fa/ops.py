"""Functions that mean the same on NumPy arrays, torch tensors and SymPy symbols.

They are the one seam between an equation and the machine that computes it: a neuron or a plasticity rule is written
with them once. torch and SymPy are looked up among the modules already loaded, so nothing heavy is imported here.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

Quantity = Any
"""A float, an array (..., neuron), a tensor of the same shape, or a symbol."""


def _is(x: Quantity, module: str, name: str) -> bool:
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(x, getattr(loaded, name))


def is_tensor(x: Quantity) -> bool:
    """Whether ``x`` is a torch tensor."""
    return _is(x, "torch", "Tensor")


def is_symbol(x: Quantity) -> bool:
    """Whether ``x`` is a SymPy expression."""
    return _is(x, "sympy", "Basic")


def _call(name: str, x: Quantity) -> Quantity:
    """Apply the function that NumPy, torch and SymPy know under one name."""
    if is_tensor(x):
        return getattr(x, name)()
    if is_symbol(x):
        return getattr(sys.modules["sympy"], name)(x)
    return getattr(np, name)(x)


def exp(x: Quantity) -> Quantity:
    """Return eˣ, elementwise."""
    return _call("exp", x)


def log(x: Quantity) -> Quantity:
    """Return the natural logarithm, elementwise."""
    return _call("log", x)


def tanh(x: Quantity) -> Quantity:
    """Return the hyperbolic tangent, elementwise."""
    return _call("tanh", x)


def sqrt(x: Quantity) -> Quantity:
    """Return the square root, elementwise."""
    return _call("sqrt", x)


def sign(x: Quantity) -> Quantity:
    """Return −1, 0 or 1, elementwise."""
    return _call("sign", x)


def relu(x: Quantity) -> Quantity:
    """Return [x]₊ = max(x, 0), elementwise."""
    if is_tensor(x):
        return x.clamp(min=0)
    return sys.modules["sympy"].Max(x, 0) if is_symbol(x) else np.maximum(x, 0)


def rectify(x: Quantity) -> Quantity:
    """Return [x]₊ written into ``x``, an array or a tensor."""
    return x.clamp_(min=0) if is_tensor(x) else np.maximum(x, 0, out=x)


def approach(x: Quantity, goal: Quantity, share: float) -> Quantity:
    """Return x + share · (goal − x) written into ``x``, an array or a tensor."""
    if is_tensor(x):
        return x.lerp_(goal, share)
    x += share * (goal - x)
    return x


def inverse_root(x: Quantity, floor: float, into: Quantity) -> Quantity:
    """Return 1 / √(x + floor) written into ``into``, an array or a tensor of the same shape."""
    if is_tensor(x):
        return sys.modules["torch"].add(x, floor, out=into).rsqrt_()
    return np.divide(1, np.sqrt(x + floor), out=into)


def minimum(x: Quantity, ceiling: float) -> Quantity:
    """Return min(x, ceiling), elementwise."""
    if is_tensor(x):
        return x.clamp(max=ceiling)
    return sys.modules["sympy"].Min(x, ceiling) if is_symbol(x) else np.minimum(x, ceiling)


def choose(where: Quantity, one: Quantity, other: Quantity) -> Quantity:
    """Return ``one`` where ``where`` ≠ 0, else ``other``, elementwise; arrays or tensors."""
    if is_tensor(where):
        return sys.modules["torch"].where(where != 0, one, other)
    return np.where(where != 0, one, other)


def step(x: Quantity) -> Quantity:
    """Return 1 where x > 0, else 0, elementwise."""
    if is_tensor(x):
        return (x > 0).to(x.dtype)
    return sys.modules["sympy"].Heaviside(x, 0) if is_symbol(x) else np.where(np.asarray(x) > 0, 1.0, 0.0)


def total(x: Quantity) -> Quantity:
    """Return the sum over the last axis, which is kept: (..., n) → (..., 1)."""
    return _reduce("sum", x)


def peak(x: Quantity) -> Quantity:
    """Return the maximum over the last axis, which is kept: (..., n) → (..., 1)."""
    return _reduce("amax" if is_tensor(x) else "max", x)


def _reduce(name: str, x: Quantity) -> Quantity:
    if is_tensor(x):
        return getattr(x, name)(-1, keepdim=True)
    if is_symbol(x):
        return sys.modules["sympy"].Function(name)(x)
    return getattr(np.asarray(x), name)(-1, keepdims=True)


def rows_of_zeros(like: Quantity, neurons: int) -> Quantity:
    """Return zeros (trial, neurons) with the trials, the precision and the device of ``like`` (trial, any)."""
    shape = (like.shape[0], neurons)
    return like.new_zeros(shape) if is_tensor(like) else np.zeros(shape, dtype=like.dtype)
