"""Aims at a rule of tomorrow that a synapse could not compute: every registered one is proved local, holds plain numbers
only, and gives a population of synapses what it gives each of them alone.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bio_fa.description import field_types
from bio_fa.plasticity import (
    MOMENTARY,
    Hebbian,
    Oja,
    Plasticity,
    Postsynaptic,
    Presynaptic,
    Sum,
    WeightDecay,
    momentary,
    prove_local,
    senses_now,
)
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


def example(seed: int = 1) -> tuple[Presynaptic, Postsynaptic, np.ndarray]:
    """Return what 4 trials of 3 presynaptic and 2 postsynaptic neurons know, generic numbers throughout, and w[post, pre]."""
    rng = np.random.default_rng(seed)
    pre = {name: rng.random((4, 1, 3)) for name in Presynaptic.__annotations__}
    post = {name: rng.random((4, 2, 1)) - 0.3 for name in Postsynaptic.__annotations__}
    return Presynaptic(**{**pre, "sign": -1}), Postsynaptic(**post), rng.random((2, 3))


def alone(side: Presynaptic | Postsynaptic, trial: int, i: int, j: int) -> Presynaptic | Postsynaptic:
    """Return what one synapse of one trial knows of a side."""
    return type(side)(**{name: np.broadcast_to(each, (4, 2, 3))[trial, i, j].item() for name, each in vars(side).items()})


def change(rule: Plasticity, pre: Presynaptic, post: Postsynaptic, w: object) -> object:
    return sum(a * b * c for a, b, c in rule.factors(pre, post, w))


@every_rule
def test_the_change_of_many_synapses_is_that_of_each_alone(rule):
    """Trial by trial and synapse by synapse, on numbers; then at once, on arrays."""
    pre, post, w = example()
    together = np.broadcast_to(change(rule, pre, post, w), (4, 2, 3))
    for place in np.ndindex(4, 2, 3):
        expected = change(rule, alone(pre, *place), alone(post, *place), w[place[1:]])
        assert together[place] == pytest.approx(expected, rel=1e-12, abs=1e-15)


@every_rule
def test_its_equation_in_symbols_gives_the_same_numbers(rule):
    pre, post, w = example()
    sides, known = symbols(), (alone(pre, 0, 0, 0), alone(post, 0, 0, 0), w[0, 0])
    values = {sides[2]: known[2]}
    for symbolic, numbers in zip(sides[:2], known[:2], strict=True):
        values |= {getattr(symbolic, name): getattr(numbers, name) for name in vars(symbolic)}
    assert float(change(rule, *sides).subs(values)) == pytest.approx(change(rule, *known), rel=1e-12)


@pytest.mark.parametrize("rule", [each for each in RULES if hasattr(each, "rate")], ids=lambda each: each.kind())
def test_its_rate_scales_the_change(rule):
    full, half = (change(each, *example()) for each in (rule, replace(rule, rate=rule.rate / 2)))
    assert np.all(full != 0)
    np.testing.assert_allclose(half, full / 2, rtol=1e-14)


@every_rule
def test_it_changes_a_synapse_whose_factors_are_generic(rule):
    assert np.all(change(rule, *example()) != 0)


@every_rule
def test_none_of_its_products_mixes_what_is_known_now_with_what_is_known_once_a_trial(rule):
    products = list(rule.factors(*example()))
    assert len(momentary(rule)) == len(products)
    assert senses_now(rule) <= prove_local(rule)
    assert bool(senses_now(rule) & MOMENTARY) == any(momentary(rule)) == bool(prove_local(rule) & MOMENTARY)


@every_rule
def test_for_the_tonic_drive_it_leaves_out_nothing_but_the_average(rule):
    """The drive is 1 and so is its average: of a centred rule nothing would be left."""
    uncentred = rule.uncentred()
    assert uncentred.uncentred() == uncentred
    assert type(uncentred) is type(rule)
    assert rule == uncentred, "by default no rule is centred"


@pytest.mark.parametrize("rule", [each for each in RULES if hasattr(each, "centred")], ids=lambda each: each.kind())
def test_a_centred_rule_counts_presynaptic_activity_from_its_average(rule):
    pre, post, w = example()
    centred = replace(rule, centred=True)
    shifted = replace(pre, activity=pre.activity - pre.mean)
    np.testing.assert_allclose(change(centred, pre, post, w), change(rule, shifted, post, w), rtol=1e-14)
    assert prove_local(centred) == prove_local(rule) | {"pre.mean"}
    assert centred.uncentred() == rule
    assert (centred + Hebbian(0.1)).uncentred() == rule + Hebbian(0.1)
