"""Aims at a sigmoid that overflows, that is not centred at 0, or that passes its bounds."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy

from bio_fa.neurons import SigmoidRate
from bio_fa.population import EXCITATORY, Population


def test_activity_is_the_logistic_function():
    """1 / (1 + e^−ln 3) = 3/4, and 1/4 on the other side."""
    activity = SigmoidRate().activity(np.array([-math.log(3), 0.0, math.log(3)]))
    np.testing.assert_allclose(activity, [0.25, 0.5, 0.75], rtol=1e-15)


def test_a_neuron_without_current_is_half_active_and_most_sensitive():
    """r (1 − r) is largest, 1/4, at r = 1/2."""
    slope = SigmoidRate().slope(np.linspace(-3, 3, 61))
    assert slope[30] == slope.max() == 0.25


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_no_potential_overflows(precision):
    torch = pytest.importorskip("torch")
    strong = np.array([-1e30, -800.0, 800.0, 1e30], dtype=precision)
    with np.errstate(all="raise"):
        assert SigmoidRate().activity(strong).tolist() == [0, 0, 1, 1]
        assert SigmoidRate().slope(strong).tolist() == [0, 0, 0, 0]
    tensor = torch.tensor(strong, requires_grad=True)
    SigmoidRate().activity(tensor).sum().backward()
    assert tensor.grad.tolist() == [0, 0, 0, 0]


def test_as_symbols_it_is_the_published_equation():
    u = sympy.Symbol("u", real=True)
    published = 1 / (1 + sympy.exp(-u))
    assert sympy.simplify((SigmoidRate().activity(u) - published).rewrite(sympy.exp)) == 0
    assert sympy.simplify((SigmoidRate().slope(u) - published * (1 - published)).rewrite(sympy.exp)) == 0


def test_it_is_allowed_under_dales_law():
    assert Population("E", 3, EXCITATORY, SigmoidRate()).neuron.ceiling == 1
