"""The proof that a rule is local: it is called with symbols, and each factor may contain only its own side's."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from bio_fa.errors import PlasticityError
from bio_fa.plasticity.base import Plasticity, Postsynaptic, Presynaptic

if TYPE_CHECKING:
    from sympy import Expr

SIDES = ("postsynaptic", "presynaptic", "synaptic")


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
        PlasticityError: when a factor contains a variable of another side, or is not plain arithmetic.
    """
    sensed: set[str] = set()
    for number, product in enumerate(_products(rule)):
        for side, factor in zip(SIDES, product, strict=True):
            names = {symbol.name for symbol in factor.free_symbols}
            foreign = sorted(name for name in names if not _belongs(name, side))
            if foreign:
                raise PlasticityError(
                    f"{type(rule).__name__}: the {side} factor of product {number + 1} uses {', '.join(foreign)}, which the "
                    f"{side} side of a synapse cannot sense; move it to the factor of its own side."
                )
            sensed |= names
    return frozenset(sensed)


def _belongs(name: str, side: str) -> bool:
    return name.startswith({"postsynaptic": "post.", "presynaptic": "pre.", "synaptic": "w"}[side])


def _products(rule: Plasticity) -> list[tuple[Expr, Expr, Expr]]:
    from sympy import sympify

    try:
        products = [tuple(sympify(factor) for factor in product) for product in rule.factors(*symbols())]
    except (TypeError, AttributeError, ValueError) as error:
        reason = f"{type(rule).__name__} cannot be read as an equation ({error}); write its factors with +, −, ·, / and bio_fa.ops."
        raise PlasticityError(reason) from error
    if any(len(product) != 3 for product in products):
        raise PlasticityError(f"{type(rule).__name__} yields a product without three factors; yield (post, pre, synapse).")
    return products  # type: ignore[return-value]
