"""Aims at a rule of tomorrow that a synapse could not compute: every registered one is proved local, holds plain numbers
only, and gives a population of synapses what it gives each of them alone.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bio_fa.description import field_types
from bio_fa.plasticity import Hebbian, Oja, Plasticity, Postsynaptic, Presynaptic, Sum, WeightDecay, prove_local
from bio_fa.plasticity.locality import symbols

# A sum holds rules, each of which is looked at itself.
EXAMPLES = {"sum": Sum((Hebbian(0.1), Oja(0.2), WeightDecay(0.3)))}
KINDS = [each for each in Plasticity.kinds().values() if each.__module__.startswith("bio_fa.")]
RULES = [EXAMPLES.get(each.kind()) or each() for each in KINDS]
PLAIN = {float, int, bool}

every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda each: each.kind())


@every_rule
def test_it_is_local(rule):
    known = {f"pre.{name}" for name in Presynaptic.__annotations__} | {f"post.{name}" for name in Postsynaptic.__annotations__}
    assert prove_local(rule) and prove_local(rule) <= known | {"w"}


@pytest.mark.parametrize("rule", [each for each in RULES if each.kind() not in EXAMPLES], ids=lambda each: each.kind())
def test_its_fields_are_plain_numbers_so_that_nothing_is_smuggled_in(rule):
    assert set(field_types(type(rule)).values()) <= PLAIN


@every_rule
def test_the_change_of_many_synapses_is_that_of_each_alone(rule):
    """Trial by trial and synapse by synapse, on numbers; then at once, on arrays."""
    rng = np.random.default_rng(1)
    pre, post, error, w = rng.random((4, 3)), rng.random((4, 2)), rng.normal(size=(4, 2)), rng.random((2, 3))
    before = Presynaptic(pre[:, None, :], pre.mean(axis=0), -1)
    after = Postsynaptic(post[:, :, None], post.mean(axis=0)[:, None], error[:, :, None])
    together = np.broadcast_to(sum(a * b * c for a, b, c in rule.factors(before, after, w)), (4, 2, 3))
    for trial, i, j in np.ndindex(4, 2, 3):
        own = Presynaptic(pre[trial, j], pre[:, j].mean(), -1), Postsynaptic(post[trial, i], post[:, i].mean(), error[trial, i])
        alone = sum(a * b * c for a, b, c in rule.factors(*own, w[i, j]))
        assert together[trial, i, j] == pytest.approx(alone, rel=1e-12, abs=1e-15)


@every_rule
def test_its_equation_in_symbols_gives_the_same_numbers(rule):
    pre, post, w = symbols()
    values = {pre.activity: 0.7, pre.mean: 0.2, pre.sign: -1, post.activity: 0.4, post.mean: 0.9, post.error: -0.3, w: 0.6}
    equation = sum(a * b * c for a, b, c in rule.factors(pre, post, w))
    number = sum(a * b * c for a, b, c in rule.factors(Presynaptic(0.7, 0.2, -1), Postsynaptic(0.4, 0.9, -0.3), 0.6))
    assert float(equation.subs(values)) == pytest.approx(number, rel=1e-12)


@pytest.mark.parametrize("rule", [each for each in RULES if hasattr(each, "rate")], ids=lambda each: each.kind())
def test_its_rate_scales_the_change(rule):
    sides = Presynaptic(0.7, 0.2, -1), Postsynaptic(0.4, 0.9, -0.3), 0.6
    half = replace(rule, rate=rule.rate / 2)
    full = sum(a * b * c for a, b, c in rule.factors(*sides))
    assert full != 0 and sum(a * b * c for a, b, c in half.factors(*sides)) == pytest.approx(full / 2)
