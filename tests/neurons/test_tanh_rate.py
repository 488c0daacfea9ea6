"""Aims at a hyperbolic tangent that loses its negative half, its bounds or its gain."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy

from bio_fa.neurons import SaturatingRate, TanhRate
from bio_fa.population import EXCITATORY, INHIBITORY, UNSIGNED, Population
from tests.refusals import assert_refused


def test_activity_is_the_hyperbolic_tangent_on_both_sides():
    """tanh(ln 3) = (9 − 1) / (9 + 1)."""
    activity = TanhRate().activity(np.array([-1e6, -math.log(3), 0.0, math.log(3), 1e6]))
    np.testing.assert_allclose(activity, [-1, -0.8, 0, 0.8, 1], rtol=1e-15)


def test_the_slope_is_1_at_rest_and_falls_alike_on_both_sides():
    np.testing.assert_allclose(TanhRate().slope(np.array([-math.log(3), 0.0, math.log(3)])), [9 / 25, 1, 9 / 25], rtol=1e-14)


def test_above_0_it_is_a_saturating_rate():
    u = np.linspace(0.1, 3, 30)
    assert (TanhRate().activity(u) == SaturatingRate().activity(u)).all()


def test_as_symbols_it_is_the_published_equation():
    u = sympy.Symbol("u", real=True)
    assert TanhRate().activity(u) == sympy.tanh(u) and TanhRate().slope(u) == sympy.diff(sympy.tanh(u), u)


@pytest.mark.parametrize("sign", [EXCITATORY, INHIBITORY])
def test_dales_law_refuses_it(sign):
    words = "Population 'E': neuron = TanhRate(tau=0.02) is not allowed; give neurons", "never negative", f"sign = {sign}"
    assert_refused(lambda: Population("E", 3, sign, TanhRate()), *words)
    assert Population("E", 3, UNSIGNED, TanhRate()).neuron.signed
