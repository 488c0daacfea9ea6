"""Aims at a multiplicative step that adds, that flips a sign by rounding, or that wakes a synapse that does not exist."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bio_fa.updates import CosineDecay, ExponentiatedGradient, chain
from tests.updates.taken import CHANGES, START, path, steps

ANY = st.floats(-1e30, 1e30, allow_subnormal=False)
WEIGHTS = arrays(float, (2, 3), elements=st.one_of(st.just(0.0), ANY))


@given(WEIGHTS, arrays(float, (3, 2, 3), elements=ANY), st.floats(0, 1e3))
def test_no_sign_ever_changes_and_zeros_stay_zero(w, changes, rate):
    """Each factor e^x is above 0; where it is below the resolution of numbers the weight becomes 0, never another sign."""
    for update in (ExponentiatedGradient(rate), chain(ExponentiatedGradient(rate), CosineDecay(3))):
        with np.errstate(over="ignore"):
            passed = path(update, changes, w)
        assert (passed * np.sign(w) >= 0).all() and (passed[:, w == 0] == 0).all()


@given(WEIGHTS, arrays(float, (2, 3), elements=st.floats(-5, 5)))
def test_the_step_goes_where_the_change_points(w, change):
    (step,) = steps(ExponentiatedGradient(1.0), change[None], w)
    assert (step * change >= 0).all()


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_constant_change_grows_weights_exponentially(sign):
    """w(t) = w(0) exp(±η Δw t)."""
    passed = path(ExponentiatedGradient(0.1), np.full((20, 1, 1), 0.5), np.array([[2.0 * sign]]))
    np.testing.assert_allclose(passed.ravel(), 2.0 * sign * np.exp(sign * 0.05 * np.arange(21)), rtol=1e-13)


def test_where_many_changes_lead_does_not_depend_on_their_order():
    """log |w(T)| = log |w(0)| + η sign(w) Σ Δw: the changes commute."""
    there, back = (path(ExponentiatedGradient(0.1), each, START)[-1] for each in (CHANGES, CHANGES[::-1]))
    np.testing.assert_allclose(there, back, rtol=1e-12)
    np.testing.assert_allclose(there, START * np.exp(0.1 * np.sign(START) * CHANGES.sum(axis=0)), rtol=1e-12)


def test_independent_normal_changes_leave_log_normal_weights_from_whatever_is_equal_at_the_start():
    """log w(T) is normal with variance T (η σ)²; its skewness and excess kurtosis are 0 within 5 standard errors."""
    changes, synapses = np.random.default_rng(0).standard_normal((40, 100, 200)), 20_000
    logarithms = np.log(path(ExponentiatedGradient(0.1), changes, np.ones((100, 200)))[-1])
    z = (logarithms - logarithms.mean()) / logarithms.std()
    assert logarithms.std() == pytest.approx(0.1 * np.sqrt(40), rel=5 / np.sqrt(2 * synapses))
    assert abs(np.mean(z**3)) < 5 * np.sqrt(6 / synapses) and abs(np.mean(z**4) - 3) < 5 * np.sqrt(24 / synapses)


def test_a_small_step_is_a_gradient_step_in_proportion_to_the_weight():
    """exp(x) − 1 → x: the step is η |w| Δw, as in mirror descent with the entropy of the weights."""
    (step,) = steps(ExponentiatedGradient(1e-7), CHANGES[:1], START)
    np.testing.assert_allclose(step, 1e-7 * np.abs(START) * CHANGES[0], rtol=1e-6, atol=1e-16)
