"""How an expression is printed in the languages of the kernels. Operations stay in the order in which they are written."""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Abs, Expr, Heaviside, Integer, Max, Min, Mul, Pow, Rational, Symbol, exp, log, sign, tanh

from bio_fa.backends.torch_scan import Choose, KernelError


@dataclass(frozen=True)
class Dialect:
    """The words of a language, with {0}, {1}, … for arguments."""

    number: str
    choose: str
    step: str
    largest: str
    """The larger of two; what is not a number comes from the first."""
    least: str
    functions: dict[type, str]

    def text(self, expression: Expr) -> str:
        """Return an expression in the language, in brackets where it is not a single word.

        Raises:
            KernelError: for a function that the language does not know.
        """
        if isinstance(expression, Symbol):
            return str(expression.name)
        if isinstance(expression, Integer | Rational):
            return self._ratio(expression)
        if expression.is_Add:
            return self._sum(expression)
        if expression.is_Mul:
            return self._product(expression)
        if isinstance(expression, Pow):
            return self._power(expression)
        return self._call(expression)

    def _ratio(self, number: Rational) -> str:
        whole = self.number.format(number.p)
        return whole if number.q == 1 else f"({whole} / {self.number.format(number.q)})"

    def _sum(self, expression: Expr) -> str:
        """Print a sum, with − for what is subtracted; the first term is one that is added, if there is any."""
        terms = sorted(expression.args, key=_is_negative)
        first, *others = terms
        text = self.text(first)
        for term in others:
            text += f" - {self.text(_negated(term))}" if _is_negative(term) else f" + {self.text(term)}"
        return f"({text})"

    def _product(self, expression: Expr) -> str:
        """Print a product, with / for what is divided by."""
        factors = expression.args
        if factors[0] == -1:
            return f"(-{self.text(_negated(expression))})"
        divisors = [each.base for each in factors if isinstance(each, Pow) and each.exp == -1]
        numerators = [each for each in factors if not (isinstance(each, Pow) and each.exp == -1)]
        text = " * ".join(self.text(each) for each in numerators) or self.number.format(1)
        return "(" + " / ".join([text, *(self.text(each) for each in divisors)]) + ")"

    def _power(self, power: Pow) -> str:
        base = self.text(power.base)
        if power.exp == -1:
            return f"({self.number.format(1)} / {base})"
        if power.exp == Rational(1, 2):
            return self._words(type(power)).format(base)
        if isinstance(power.exp, Integer) and 1 < power.exp <= 8:
            return "(" + " * ".join([base] * int(power.exp)) + ")"
        raise KernelError(f"no kernel computes the power {power.exp}")

    def _call(self, expression: Expr) -> str:
        arguments = [self.text(each) for each in expression.args]
        if isinstance(expression, Choose):
            return self.choose.format(*arguments)
        if isinstance(expression, Heaviside):
            return self.step.format(arguments[0])
        if isinstance(expression, Max | Min):
            words = self.largest if isinstance(expression, Max) else self.least
            one, other = sorted(expression.args, key=lambda each: bool(each.is_number))
            return words.format(self.text(one), self.text(other))
        return self._words(type(expression)).format(*arguments)

    def _words(self, function: type) -> str:
        if function not in self.functions:
            raise KernelError(f"no kernel computes {function.__name__}")
        return self.functions[function]


def _is_negative(term: Expr) -> bool:
    return isinstance(term, Mul) and term.args[0] == -1


def _negated(term: Expr) -> Expr:
    """Return a product without its leading −1."""
    return Mul(*term.args[1:], evaluate=False) if len(term.args) > 2 else term.args[1]


CPP = Dialect(
    number="real({0})",
    choose="({0} != 0 ? {1} : {2})",
    step="({0} > 0 ? real(1) : real(0))",
    largest="({1} > {0} ? {1} : {0})",
    least="({1} < {0} ? {1} : {0})",
    functions={
        Abs: "MATH(fabs)({0})",
        Pow: "MATH(sqrt)({0})",
        exp: "MATH(exp)({0})",
        log: "MATH(log)({0})",
        tanh: "MATH(tanh)({0})",
        sign: "real(({0} > 0) - ({0} < 0))",
    },
)
"""C++; ``real`` is float or double, and ``MATH(f)`` the function f of that precision."""

TRITON = Dialect(
    number="{0}.0",
    choose="tl.where({0} != 0, {1}, {2})",
    step="tl.where({0} > 0, 1.0, 0.0)",
    largest="tl.where({1} > {0}, {1}, {0})",
    least="tl.where({1} < {0}, {1}, {0})",
    functions={
        Abs: "tl.abs({0})",
        Pow: "tl.sqrt({0})",
        exp: "tl.exp({0})",
        log: "tl.log({0})",
        tanh: "(1 - 2 / (tl.exp(2 * ({0})) + 1))",
        sign: "tl.where({0} > 0, 1.0, tl.where({0} < 0, -1.0, 0.0))",
    },
)
"""Triton, whose ``tl`` has no hyperbolic tangent."""
