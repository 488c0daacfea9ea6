"""The adjoint of a scan: the program that carries gradients backwards in time.

It is derived, statement by statement, from the program that runs forwards, so that no derivative is written by hand. Only
a spike has a derivative of its own, ``slope``: that of a surrogate, which is given at every step. Resets are not
differentiated: a gradient flows through the value that a reset sets, not through the decision to reset.

Source: Griewank & Walther (2008) Evaluating Derivatives, section 3.2, reverse mode; Neftci, Mostafa & Zenke (2019) IEEE
    Signal Process. Mag. 36(6):51–63, surrogate gradients; Zenke & Vogels (2021) Neural Comput. 33:899–925, resets.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import lru_cache

from sympy import Add, Expr, Function, Heaviside

from bio_fa.backends.torch_scan import Program, Site, assemble, scan, symbol
from bio_fa.neurons import RateNeuron


class Fire(Function):  # type: ignore[misc]
    """Fire(excess): 1 where it is positive, with the surrogate's slope as derivative."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> Expr:
        """Return the slope."""
        return symbol("slope")


def output(site: Site) -> str:
    """Return the name of what a population tells others: its spikes, or the potential that its rate follows."""
    return "s_u_next" if isinstance(site.neuron, RateNeuron) else "spike"


@lru_cache(maxsize=1024)
def differentiable(site: Site) -> tuple[Program, Program]:
    """Return the program of a site that emits all that its adjoint needs to know, and the adjoint.

    The adjoint is given the ``gradient`` of that output at every step, and carries ``d_<name>`` of what the site keeps; it
    emits ``d_<name>`` of what changes from step to step, and sums that of the constant currents.
    """
    plain = scan(replace(site, emitted=(output(site),)))
    backwards = adjoint(plain, output(site))
    known = tuple(name for name in backwards.moving if name not in ("slope", "gradient"))
    excess = ("excess",) if "slope" in backwards.moving else ()
    emitted = tuple(dict.fromkeys((output(site), *site.emitted, *excess, *known)))
    return scan(replace(site, emitted=emitted)), backwards


def adjoint(program: Program, out: str) -> Program:
    """Return the program that turns gradients after each step, and those of ``out``, into gradients before it."""
    kept = [name for name in program.kept if name not in ("resting", "trace")]
    terms = defaultdict[str, list[Expr]](list)
    for name in kept:
        terms[f"{name}_next"] = [symbol(f"d_{name}")]
    terms[out].append(symbol("gradient"))
    statements: dict[str, Expr] = {}
    for name, value in reversed(program.statements):
        if name in terms:
            statements[f"bar_{name}"] = Add(*terms[name])
            _spread(name, value, terms)
    statements |= {f"d_{name}_next": Add(*terms[name]) for name in kept}
    given = [name for name in (*program.moving, *program.fixed) if name in terms]
    statements |= {f"d_{name}": Add(*terms[name]) for name in given}
    emitted = tuple(f"d_{name}" for name in program.moving if name in terms)
    summed = tuple(f"d_{name}" for name in program.fixed if name in terms)
    carried = [f"d_{name}" for name in kept]
    wanted = [f"{name}_next" for name in carried] + [*emitted, *summed]
    constants = {symbol(f"k{number}"): value for number, value in enumerate(program.constants)}
    return assemble(statements, carried, wanted, emitted, summed, constants, backwards=True)


def _spread(name: str, value: Expr, terms: defaultdict[str, list[Expr]]) -> None:
    """Add what the gradient of a statement contributes to those of the names in it."""
    smooth = value.replace(Heaviside, lambda excess, *_: Fire(excess)) if name == "spike" else value
    for each in sorted(smooth.free_symbols, key=str):
        slope = smooth.diff(each)
        if slope != 0 and not each.name.removeprefix("k").isdigit():
            terms[each.name].append(symbol(f"bar_{name}") * slope)
