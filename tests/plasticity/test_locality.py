"""Aims at a rule that passes for local although a synapse could not compute it: it peeks at another side, at other
neurons or trials, or hides its arithmetic from the proof.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from bio_fa import ops
from bio_fa.errors import PlasticityError
from bio_fa.plasticity import (
    Covariance,
    DendriticError,
    Eligibility,
    Hebbian,
    Homeostasis,
    Oja,
    PairSTDP,
    Plasticity,
    ThreeFactor,
    WeightDecay,
    momentary,
    prove_local,
    senses_now,
)
from tests.refusals import assert_refused


def rule_of(product: Callable) -> Plasticity:
    """Return the rule whose only product is ``product(pre, post, w)``."""

    @dataclass(frozen=True)
    class TestedRule(Plasticity):
        def factors(self, pre, post, w):
            yield product(pre, post, w)

    return TestedRule()


def refused(product: Callable, *fragments: str) -> None:
    assert_refused(lambda: prove_local(rule_of(product)), "TestedRule", *fragments, error=PlasticityError)


@pytest.mark.parametrize(
    ("product", "side", "foreign"),
    [
        (lambda pre, post, w: (pre.activity, 1, 1), "postsynaptic", "pre.activity"),
        (lambda pre, post, w: (post.error * pre.sign, 1, 1), "postsynaptic", "pre.sign"),
        (lambda pre, post, w: (post.activity * w, 1, 1), "postsynaptic", "w"),
        (lambda pre, post, w: (1, post.error, 1), "presynaptic", "post.error"),
        (lambda pre, post, w: (1, pre.activity * w, 1), "presynaptic", "w"),
        (lambda pre, post, w: (1, post.mean * w, 1), "presynaptic", "post.mean, w"),
        (lambda pre, post, w: (1, 1, w * post.activity), "synaptic", "post.activity"),
        (lambda pre, post, w: (1, 1, ops.relu(w - pre.mean)), "synaptic", "pre.mean"),
        (lambda pre, post, w: (ops.exp(-pre.activity), 1, 1), "postsynaptic", "pre.activity"),
        (lambda pre, post, w: (post.spike * pre.trace, 1, 1), "postsynaptic", "pre.trace"),
        (lambda pre, post, w: (1, pre.spike * post.sensitivity, 1), "presynaptic", "post.sensitivity"),
        (lambda pre, post, w: (post.trace, pre.signal() * post.apical, 1), "presynaptic", "post.apical"),
    ],
)
def test_a_factor_that_peeks_at_another_side_is_refused_with_what_it_peeks_at(product, side, foreign):
    refused(product, f"the {side} factor of product 1 uses {foreign}, which", "move it to the factor of its own side")


@pytest.mark.parametrize(
    "product",
    [
        lambda pre, post, w: (ops.total(post.activity), 1, 1),
        lambda pre, post, w: (post.activity / ops.peak(post.activity), 1, 1),
        lambda pre, post, w: (1, 1, ops.total(w)),
        lambda pre, post, w: (np.mean(post.error), 1, 1),
        lambda pre, post, w: (1, pre.activity - np.sum(2 * pre.activity), 1),
    ],
)
def test_a_factor_that_mixes_neurons_or_trials_is_refused(product):
    refused(product, "a factor mixes neurons or trials", "write it elementwise")


@pytest.mark.parametrize(
    "product",
    [
        lambda pre, post, w: (post.activity if post.activity > 0 else 0, 1, 1),
        lambda pre, post, w: (1 if post.activity == 0 else 2, 1, 1),
        lambda pre, post, w: (max(post.activity, 0), 1, 1),
        lambda pre, post, w: (float(post.activity), 1, 1),
        lambda pre, post, w: (math.exp(post.activity), 1, 1),
        lambda pre, post, w: (np.exp(post.activity), 1, 1),
        lambda pre, post, w: (np.maximum(post.activity, 0), 1, 1),
        lambda pre, post, w: (post.activity[0], 1, 1),
        lambda pre, post, w: (post.activity.mean(), 1, 1),
        lambda pre, post, w: (post.voltage, 1, 1),
        lambda pre, post, w: (1, 1, None),
        lambda pre, post, w: 1,
    ],
)
def test_a_rule_that_hides_its_arithmetic_is_refused_with_how_to_write_it(product):
    refused(product, "cannot be read as an equation (", "write its factors with +, −, ·, / and bio_fa.ops.")


@pytest.mark.parametrize(
    "product", [lambda *_: (), lambda pre, post, w: (post.activity, pre.activity), lambda pre, post, w: (1, 1, w, w)]
)
def test_a_product_without_three_factors_is_refused(product):
    refused(product, "a product without three factors", "yield (post, pre, synapse)")


def test_the_product_that_peeks_is_named_by_its_number():
    rule = Hebbian() + Oja() + rule_of(lambda pre, post, w: (pre.activity, 1, 1))
    assert_refused(lambda: prove_local(rule), "Sum: the postsynaptic factor of product 4 uses pre.activity", error=PlasticityError)


@pytest.mark.parametrize(
    ("rule", "sensed"),
    [
        (Hebbian(), {"pre.activity", "post.activity"}),
        (Oja(), {"pre.activity", "post.activity", "w"}),
        (Covariance(), {"pre.activity", "pre.mean", "post.activity", "post.mean"}),
        (Homeostasis(), {"post.mean", "pre.sign", "w"}),
        (ThreeFactor(), {"post.error", "pre.activity", "pre.sign"}),
        (ThreeFactor(centred=True), {"post.error", "pre.activity", "pre.mean", "pre.sign"}),
        (PairSTDP(), {"post.spike", "pre.trace", "post.trace", "pre.spike"}),
        (Eligibility(), {"post.apical", "post.sensitivity", "pre.trace", "pre.sign"}),
        (DendriticError(), {"post.apical", "post.sensitivity", "pre.activity", "pre.sign"}),
        (WeightDecay(), {"w"}),
        (WeightDecay() + ThreeFactor(), {"w", "post.error", "pre.activity", "pre.sign"}),
    ],
)
def test_the_proof_tells_what_a_rule_senses(rule, sensed):
    assert prove_local(rule) == sensed


@pytest.mark.parametrize(
    "product",
    [
        lambda pre, post, w: (ops.step(post.activity - post.mean) * ops.tanh(post.error), ops.sqrt(pre.activity), ops.exp(-w)),
        lambda pre, post, w: (post.activity * (post.activity - post.mean), pre.activity, 1),
        lambda pre, post, w: (1, ops.log(1 + pre.activity), ops.minimum(w, 1.0) / (1 + w)),
    ],
)
def test_any_arithmetic_on_one_side_is_local(product):
    assert prove_local(rule_of(product))


@pytest.mark.parametrize(
    ("rule", "integrated"),
    [
        (PairSTDP(), (True, True)),
        (Eligibility(), (True,)),
        (DendriticError(), (False,)),
        (ThreeFactor(), (False,)),
        (Oja(), (False, False)),
        (Hebbian() + PairSTDP() + WeightDecay(), (False, True, True, False)),
        (rule_of(lambda pre, post, w: (post.trace, 1, w)), (True,)),
        (rule_of(lambda pre, post, w: (post.apical, pre.sign, w)), (False,)),
    ],
)
def test_products_with_spikes_or_traces_are_integrated_and_no_others(rule, integrated):
    assert momentary(rule) == integrated


@pytest.mark.parametrize(
    ("product", "now", "lasting"),
    [
        (lambda pre, post, w: (post.spike, pre.activity, 1), "post.spike", "pre.activity"),
        (lambda pre, post, w: (post.error, pre.trace, 1), "pre.trace", "post.error"),
        (lambda pre, post, w: (post.trace * post.mean, pre.mean, w), "post.trace", "post.mean, pre.mean"),
        (lambda pre, post, w: (post.activity, pre.spike * pre.trace, 1), "pre.spike, pre.trace", "post.activity"),
    ],
)
def test_a_product_of_what_is_known_now_and_what_is_known_once_a_trial_is_refused(product, now, lasting):
    words = f"product 1 multiplies {now}, sensed moment by moment, with {lasting}, known once a trial", "use factors of one kind"
    assert_refused(lambda: momentary(rule_of(product)), "TestedRule", *words, error=PlasticityError)


@pytest.mark.parametrize(
    ("rule", "sensed"),
    [
        (Eligibility(), {"post.apical", "post.sensitivity", "pre.trace", "pre.sign"}),
        (DendriticError(), set()),
        (DendriticError() + PairSTDP(), {"post.spike", "pre.trace", "post.trace", "pre.spike"}),
    ],
)
def test_what_is_sensed_now_is_what_the_integrated_products_contain(rule, sensed):
    assert senses_now(rule) == sensed
