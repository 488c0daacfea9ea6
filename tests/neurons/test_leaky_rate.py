"""Aims at a threshold in the wrong place or a gain other than 1."""

from __future__ import annotations

import numpy as np
import sympy

from bio_fa.neurons import LeakyRate


def test_activity_is_the_potential_above_the_threshold_and_0_below():
    assert LeakyRate().activity(np.array([-2.0, 0.0, 0.5, 40.0])).tolist() == [0.0, 0.0, 0.5, 40.0]


def test_the_slope_is_1_above_the_threshold_and_0_at_it_and_below():
    assert LeakyRate().slope(np.array([-2.0, 0.0, 0.5, 40.0])).tolist() == [0, 0, 1, 1]


def test_there_is_no_ceiling():
    assert LeakyRate.ceiling is None


def test_as_symbols_it_is_the_published_equation():
    u, current = sympy.symbols("u I", real=True)
    assert sympy.simplify(LeakyRate(tau=0.5).drift(u, current) - 2 * (current - u)) == 0
    assert LeakyRate().activity(u) == sympy.Max(u, 0)
