"""The proof that a rule is local: called with symbols, each factor may contain only its own side's; called with numbers,
each may depend on its own neuron and trial only.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np

from bio_fa.errors import PlasticityError
from bio_fa.plasticity.base import EITHER, MOMENTARY, Plasticity, Postsynaptic, Presynaptic

if TYPE_CHECKING:
    from sympy import Expr

SIDES = {"postsynaptic": "post.", "presynaptic": "pre.", "synaptic": "w"}
"""How the names of what each side senses begin, in the order of the factors."""
PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43)
"""By how much the examples of what is sensed differ."""


def symbols() -> tuple[Presynaptic, Postsynaptic, Expr]:
    """Return both sides of a synapse and its weight as SymPy symbols, named such as ``pre.activity``."""
    from sympy import Symbol

    pre = Presynaptic(**{name: Symbol(f"pre.{name}", real=True) for name in Presynaptic.__annotations__})
    post = Postsynaptic(**{name: Symbol(f"post.{name}", real=True) for name in Postsynaptic.__annotations__})
    return pre, post, Symbol("w", real=True)


@functools.lru_cache(maxsize=1024)
def prove_local(rule: Plasticity) -> frozenset[str]:
    """Return the names of what the rule senses, such as ``post.error``.

    Raises:
        PlasticityError: when a factor contains a variable of another side, mixes neurons or trials, or is not plain arithmetic.
    """
    sensed: set[str] = set()
    for number, product in enumerate(_names(rule), start=1):
        for side, names in zip(SIDES, product, strict=True):
            foreign = sorted(name for name in names if not name.startswith(SIDES[side]))
            if foreign:
                raise PlasticityError(
                    f"{type(rule).__name__}: the {side} factor of product {number} uses {', '.join(foreign)}, which the "
                    f"{side} side of a synapse cannot sense; move it to the factor of its own side."
                )
            sensed |= names
    _refuse_mixing(rule)
    return frozenset(sensed)


@functools.lru_cache(maxsize=1024)
def momentary(rule: Plasticity) -> tuple[bool, ...]:
    """Return, product by product, whether it is integrated over moments rather than taken once a trial.

    Raises:
        PlasticityError: for a product of both kinds of factors.
    """
    products = [frozenset[str]().union(*names) for names in _names(rule)]
    for number, sensed in enumerate(products, start=1):
        lasting = sorted(sensed - MOMENTARY - EITHER)
        if sensed & MOMENTARY and lasting:
            raise PlasticityError(
                f"{type(rule).__name__}: product {number} multiplies {', '.join(sorted(sensed & MOMENTARY))}, sensed moment by "
                f"moment, with {', '.join(lasting)}, known once a trial; use factors of one kind in a product."
            )
    return tuple(bool(sensed & MOMENTARY) for sensed in products)


def senses_error(rule: Plasticity) -> bool:
    """Return whether the rule senses the error of one of its two neurons."""
    return not prove_local(rule).isdisjoint({"post.error", "pre.error"})


def senses_now(rule: Plasticity) -> frozenset[str]:
    """Return the names of what the rule senses in the products that are integrated over moments."""
    moments = zip(_names(rule), momentary(rule), strict=True)
    return frozenset[str]().union(*(names for product, moment in moments if moment for names in product))


def _names(rule: Plasticity) -> list[tuple[set[str], ...]]:
    """Return the names of the symbols in each factor of each product."""
    from sympy import sympify

    with _reading(rule):
        products = [tuple(sympify(factor).free_symbols for factor in product) for product in rule.factors(*symbols())]
    if any(len(product) != len(SIDES) for product in products):
        raise PlasticityError(f"{type(rule).__name__} yields a product without three factors; yield (post, pre, synapse).")
    return [tuple({symbol.name for symbol in factor} for factor in product) for product in products]


def _refuse_mixing(rule: Plasticity) -> None:
    """Compare each factor of three neurons in three trials with the same factor of one neuron in one trial."""
    among = _numbers(rule, slice(None))
    for own in range(3):
        alone = _numbers(rule, slice(own, own + 1))
        if not np.allclose(among[..., own, own], alone[..., 0, 0], rtol=1e-9, equal_nan=True):
            raise PlasticityError(
                f"{type(rule).__name__}: a factor mixes neurons or trials, but a synapse senses only its own two neurons now; "
                "write it elementwise, without sums, means or peaks over arrays."
            )


def _numbers(rule: Plasticity, kept: slice) -> np.ndarray:
    """Return the factors (product, side, trial, neuron) of the ``kept`` trials and neurons of an example."""
    example = (1 / np.arange(2, 11)).reshape(3, 3)[kept, kept]
    pre = Presynaptic(*(example * scale for scale in PRIMES[: len(fields(Presynaptic))]))
    post = Postsynaptic(*(example * scale for scale in PRIMES[-len(fields(Postsynaptic)) :]))
    with _reading(rule), np.errstate(all="ignore"):
        factors = [[np.broadcast_to(factor, example.shape) for factor in product] for product in rule.factors(pre, post, example)]
    return np.array(factors, dtype=float)


@contextmanager
def _reading(rule: Plasticity) -> Iterator[None]:
    """Turn what cannot be computed into the error that says how to write a rule."""
    try:
        yield
    except (TypeError, AttributeError, ValueError) as error:
        reason = f"{type(rule).__name__} cannot be read as an equation ({error}); write its factors with +, −, ·, / and bio_fa.ops."
        raise PlasticityError(reason) from error
