"""Aims at a threshold or a ceiling in the wrong place, or a gain other than 1 between them."""

from __future__ import annotations

import numpy as np
import sympy

from bio_fa.neurons import HardSigmoidRate
from bio_fa.population import INHIBITORY, Population

U = np.array([-1e6, -0.1, 0.0, 0.25, 1.0, 1.1, 1e6])


def test_activity_is_the_potential_between_0_and_1_and_stays_there():
    assert HardSigmoidRate().activity(U).tolist() == [0, 0, 0, 0.25, 1, 1, 1]


def test_the_slope_is_1_inside_and_0_at_the_kinks_and_outside():
    assert HardSigmoidRate().slope(U).tolist() == [0, 0, 0, 1, 0, 0, 0]


def test_as_symbols_it_is_the_published_equation():
    u = sympy.Symbol("u", real=True)
    assert sympy.simplify(HardSigmoidRate().activity(u) - sympy.Min(sympy.Max(u, 0), 1)) == 0


def test_it_is_allowed_under_dales_law():
    assert Population("I", 3, INHIBITORY, HardSigmoidRate()).neuron.ceiling == 1
