"""Products of momentary rules: what they sense of every time step, and for which of them only spikes need to be visited."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from sympy import expand, sympify

from bio_fa.plasticity import Plasticity, momentary
from bio_fa.plasticity.locality import symbols

EMITTED = {"spike": "spike", "trace": "trace_next", "apical": "feedback", "sensitivity": "sensitivity"}
"""What momentary rules sense, and what a program calls it."""


class Sparse(NamedTuple):
    """A product whose presynaptic factor is a number times the spike train, or its trace."""

    number: int
    """Which of the rule's products."""
    scale: float
    traced: bool


@lru_cache(maxsize=256)
def sparse(rule: Plasticity, sign: int) -> tuple[Sparse, ...]:
    """Return the momentary products of a rule for which only spikes need to be visited."""
    pre, post, w = symbols()
    found = []
    for number, (product, moment) in enumerate(zip(rule.factors(pre, post, w), momentary(rule), strict=True)):
        factor = expand(sympify(product[1]).subs(pre.sign, sign))
        for variable in (pre.spike, pre.trace) if moment else ():
            scale = factor.coeff(variable)
            if scale.is_number and scale != 0 and expand(factor - scale * variable) == 0:
                found.append(Sparse(number, float(scale), variable == pre.trace))
    return tuple(found)


def dense(rule: Plasticity, sign: int, listed: bool) -> tuple[int, ...]:
    """Return which momentary products of a rule need all steps of the presynaptic side."""
    visited = {each.number for each in sparse(rule, sign)} if listed else set()
    return tuple(number for number, moment in enumerate(momentary(rule)) if moment and number not in visited)
