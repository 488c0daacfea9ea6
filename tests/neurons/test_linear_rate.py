"""Aims at a line with another slope, or an activity that changes when its potential does."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from bio_fa.neurons import LinearRate


def test_activity_is_the_potential_and_its_slope_1_everywhere():
    u = np.array([-40.0, -0.5, 0.0, 3.0])
    assert LinearRate().activity(u).tolist() == u.tolist()
    assert LinearRate().slope(u).tolist() == [1, 1, 1, 1]


def test_it_has_no_ceiling():
    assert LinearRate.ceiling is None


def test_a_potential_that_moves_on_leaves_the_activity_that_was_read_from_it():
    torch = pytest.importorskip("torch")
    for u in (np.ones(3), torch.ones(3)):
        activity = LinearRate().activity(u)
        u += 1
        assert activity.tolist() == [1, 1, 1]


def test_as_symbols_it_is_a_line():
    u = sympy.Symbol("u", real=True)
    assert LinearRate().activity(u) == u and LinearRate().slope(u) == 1
