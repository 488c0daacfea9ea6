"""Aims at a sum of rules that is not their sum: one left out, one applied twice, an order that matters."""

from __future__ import annotations

import numpy as np

from bio_fa.plasticity import Hebbian, Homeostasis, Oja, Plasticity, Sum, WeightDecay
from tests.plasticity.change import change
from tests.refusals import assert_refused


def test_the_change_of_a_sum_is_the_sum_of_the_changes():
    np.testing.assert_allclose(change(Hebbian(0.5) + WeightDecay(0.1)), change(Hebbian(0.5)) + change(WeightDecay(0.1)), rtol=1e-15)


def test_adding_is_associative_and_commutative_in_what_it_changes():
    a, b, c = Hebbian(0.5), WeightDecay(0.1), Oja(0.2)
    for rule in ((a + b) + c, a + (b + c), c + a + b):
        np.testing.assert_allclose(change(rule), change(Sum((a, b, c))), rtol=1e-14)


def test_hebbian_growth_and_a_decay_of_the_postsynaptic_square_are_ojas_rule():
    """Oja (1982) is Hebb's term and −η y² w; for activities of 1 the decay is the plain one."""
    ones = np.ones((1, 2))
    np.testing.assert_allclose(change(Oja(0.3), ones, ones), change(Hebbian(0.3) + WeightDecay(0.3), ones, ones), rtol=1e-14)


def test_a_sum_of_nothing_is_refused():
    assert_refused(lambda: Sum(()), "Sum: rules = () is not allowed", "give at least one rule")


def test_what_is_no_rule_cannot_be_added():
    assert_refused(lambda: Hebbian() + 1, "Sum: rules = (", "each item is a Plasticity")


def test_a_misspelt_rule_is_answered_with_the_nearest():
    misspelt = {"kind": "hebian"}
    assert_refused(lambda: Plasticity.from_table(misspelt), "'hebian' is no kind of Plasticity", "did you mean 'hebbian'?")


def test_a_misspelt_setting_is_answered_with_the_nearest():
    misspelt = {"setpoint": 0.2}
    assert_refused(lambda: Homeostasis.from_table(misspelt), "Homeostasis has no setting 'setpoint'", "did you mean 'set_point'?")
