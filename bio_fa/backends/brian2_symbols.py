"""Symbols: the equations of a circuit's parts as text for Brian2, found by calling them on symbols. Every text is compared, on
numbers, with the equation that it was read from.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import sympy
from sympy.printing.str import StrPrinter

from bio_fa.backends.brian2_library import RESERVED
from bio_fa.description import Description, field_types
from bio_fa.errors import BackendError
from bio_fa.ops import Quantity

FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(np, name) for name in ("abs", "clip", "exp", "log", "sign", "sqrt", "tanh")},
    "int": lambda condition: np.asarray(condition).astype(float),
}
"""What Brian2's expressions may call, and what it means."""
KNOWN = (sympy.Symbol, sympy.Number, sympy.NumberSymbol, sympy.Add, sympy.Mul, sympy.Pow, sympy.Abs, sympy.Max, sympy.Min)
CALLS = (sympy.exp, sympy.log, sympy.tanh, sympy.sign, sympy.Heaviside)

Equations = Callable[[Any, Mapping[str, Quantity]], Mapping[str, Quantity]]
"""A part (a neuron, a rule, …) and the values of its variables give the values of its equations, by name."""


class TranslationError(BackendError):
    """An equation that cannot be written for Brian2; the message says why, as part of a sentence."""


@dataclass(frozen=True)
class Written:
    """Equations as text."""

    texts: dict[str, str]
    parameters: dict[str, float]
    """The values of the settings that occur in the texts."""
    totals: dict[str, str]
    """By name, in order, what is summed over the whole population; texts refer to the sums by these names."""


class _Printer(StrPrinter):  # type: ignore[misc]
    """Prints SymPy as Brian2 reads it, numbers in full, what is added before what is subtracted."""

    def _as_ordered_terms(self, expression: sympy.Expr, order: str | None = None) -> list[sympy.Expr]:
        return sorted(super()._as_ordered_terms(expression, order), key=lambda term: bool(term.could_extract_minus_sign()))

    def _print_Float(self, number: sympy.Float) -> str:  # noqa: N802
        return repr(float(number))

    def _print_NumberSymbol(self, number: sympy.NumberSymbol) -> str:  # noqa: N802
        return repr(float(number))

    def _print_Exp1(self, number: sympy.Expr) -> str:  # noqa: N802
        return repr(math.e)

    def _print_Abs(self, expression: sympy.Abs) -> str:  # noqa: N802
        return f"abs({self.doprint(expression.args[0])})"

    def _print_Heaviside(self, expression: sympy.Heaviside) -> str:  # noqa: N802
        return f"int({self.doprint(expression.args[0])} > 0)"

    def _print_Max(self, expression: sympy.Max) -> str:  # noqa: N802
        return self._bounded(expression, "{x} - {bound}", "clip({x}, {bound}, inf)")

    def _print_Min(self, expression: sympy.Min) -> str:  # noqa: N802
        return self._bounded(expression, "{bound} - {x}", "clip({x}, -inf, {bound})")

    def _bounded(self, expression: sympy.Expr, larger: str, clipped: str) -> str:
        """Return a maximum or a minimum of two as a clip where one of them is a number, else as a choice."""
        if len(expression.args) != 2:
            raise TranslationError("takes the extreme of more than two quantities")
        bound, x = sorted(expression.args, key=lambda each: not each.is_number)
        texts = {"bound": self.doprint(bound), "x": self.doprint(x)}
        if bound.is_number:
            return clipped.format(**texts)
        difference = larger.format(bound=f"({texts['bound']})", x=f"({texts['x']})")
        return f"({texts['bound']} + ({texts['x']} - ({texts['bound']}))*int({difference} > 0))"


@dataclass(frozen=True)
class Style:
    """How equations are written."""

    suffix: str = ""
    """What the names of settings end in."""
    sums: bool = False
    """Whether sums over the population may occur."""
    taken: frozenset[str] = frozenset()
    """Names that no setting can have."""


def write(part: Description, equations: Equations, variables: tuple[str, ...], style: Style) -> Written:
    """Return the equations of a part as text in its ``variables``, its settings under their names.

    Raises:
        TranslationError: where an equation is not plain arithmetic of ``bio_fa.ops``.
    """
    failure = TranslationError("is no arithmetic")
    for named in (True, False):
        try:
            return _write(part, equations, variables, style, named)
        except (TypeError, AttributeError, ValueError) as error:
            failure = TranslationError(f"cannot be called on symbols ({error})")
        except TranslationError as error:
            failure = error
    raise failure


def _write(part: Description, equations: Equations, variables: tuple[str, ...], style: Style, named: bool) -> Written:
    values: dict[str, float] = {}
    taken = RESERVED | style.taken.union(variables)
    symbolic = _symbolic(part, style.suffix, taken, values) if named else part
    given = {name: sympy.Symbol(name, real=True) for name in variables}
    found = {name: sympy.sympify(value) for name, value in equations(symbolic, given).items()}
    totals: dict[str, str] = {}
    texts = {name: _text(_without_sums(value, totals, style.suffix)) for name, value in found.items()}
    if totals and not style.sums:
        raise TranslationError("sums over its population where only an activity may")
    used = _used([*texts.values(), *totals.values()], values)
    written = Written(texts, used, totals)
    _compare(part, equations, variables, written)
    return written


def _symbolic(part: Description, suffix: str, taken: frozenset[str], values: dict[str, float]) -> Any:
    """Return a copy of a description whose numbers are symbols with the names of their settings; note their values."""
    copy = object.__new__(type(part))
    for field in fields(part):
        value = getattr(part, field.name)
        if isinstance(value, Description):
            value = _symbolic(value, suffix, taken, values)
        elif isinstance(value, tuple) and any(isinstance(each, Description) for each in value):
            value = tuple(_symbolic(each, f"{suffix}_{number}", taken, values) for number, each in enumerate(value, start=1))
        elif field_types(type(part))[field.name] is float:
            name = field.name + suffix
            name = f"{name}_value" if name in taken else name
            values[name], value = float(value), sympy.Symbol(name, real=True, positive=True if value > 0 else None)
        object.__setattr__(copy, field.name, value)
    return copy


def _without_sums(expression: sympy.Expr, totals: dict[str, str], suffix: str) -> sympy.Expr:
    """Replace sums over the population by names, the innermost first, and peaks, which only guard against overflow, by 0."""
    while isinstance(expression, sympy.Expr):
        calls = [each for each in expression.atoms(sympy.core.function.AppliedUndef) if each.func.__name__ in ("sum", "max")]
        if not calls:
            return expression
        inner = min(calls, key=lambda each: (sympy.count_ops(each), str(each)))
        if inner.func.__name__ == "max":
            expression = expression.xreplace({inner: sympy.Integer(0)})
        else:
            name = f"total_{len(totals) + 1}{suffix}"
            totals[name] = _text(inner.args[0])
            expression = expression.xreplace({inner: sympy.Symbol(name, real=True)})
    return expression


def _text(expression: sympy.Expr) -> str:
    """Return one expression as text."""
    if not isinstance(expression, sympy.Expr):
        raise TranslationError("does not yield an expression")
    for node in sympy.preorder_traversal(expression):
        if not isinstance(node, (*KNOWN, *CALLS)):
            raise TranslationError(f"uses {type(node).__name__}, which is not among {', '.join(sorted(FUNCTIONS))}")
    return str(_Printer().doprint(expression))


def _used(texts: list[str], values: Mapping[str, float]) -> dict[str, float]:
    """Return the values whose names occur in some text."""
    occurring = frozenset[str]().union(*(names(text) for text in texts))
    return {name: value for name, value in values.items() if name in occurring}


@functools.lru_cache(maxsize=4096)
def names(text: str) -> frozenset[str]:
    """Return the names that occur in a text."""
    return frozenset(compile(text, "equation", "eval").co_names)


def evaluate(text: str, values: Mapping[str, Quantity]) -> Quantity:
    """Return what a text means on numbers or arrays (neuron,)."""
    return eval(text, {"__builtins__": {}, "inf": np.inf, **FUNCTIONS}, dict(values))


def _compare(part: Description, equations: Equations, variables: tuple[str, ...], written: Written) -> None:
    """Refuse texts that do not give the numbers of their equations."""
    random = np.random.default_rng(0)
    given = {name: random.uniform(-2.0, 2.0, 16) for name in variables}
    with np.errstate(all="ignore"):
        right = equations(part, given)
        values = {**given, **written.parameters}
        for name, text in written.totals.items():
            values[name] = np.sum(np.broadcast_to(evaluate(text, values), 16))
        for name, text in written.texts.items():
            ours, theirs = np.broadcast_arrays(evaluate(text, values), right[name])
            if not np.allclose(ours, theirs, rtol=1e-9, atol=1e-12, equal_nan=True):
                raise TranslationError(f"reads {text!r} on symbols, which gives other numbers than on arrays")
