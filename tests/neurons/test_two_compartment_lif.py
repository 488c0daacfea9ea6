"""Aims at a dendrite that forgets at a spike, hears its own soma, or reaches the soma other than as a current."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from bio_fa.neurons import LIF, TwoCompartmentLIF
from tests.neurons.driven import DT, driven
from tests.refusals import assert_refused

NEURON = TwoCompartmentLIF(apical_tau=25e-3)


def test_as_symbols_it_is_the_stated_equation():
    v, d, current, apical = sympy.symbols("v d I A", real=True)
    moved = TwoCompartmentLIF(tau=0.5, apical_tau=2.0, unit_rate=8.0).derivatives({"v": v, "d": d}, current, apical)
    assert sympy.simplify(moved["v"] - (-2 * v + 8 * (current + d))) == 0
    assert sympy.simplify(moved["d"] - (apical - d) / 2) == 0


def test_the_dendrite_follows_its_exponential_whatever_the_soma_does():
    """d_n = A (1 − (1 − dt/τ_d)ⁿ), exactly, for a soma that is silent and for one that fires."""
    expected = 0.7 * (1 - (1 - DT / 25e-3) ** np.arange(1, 201))
    for current in (-5.0, 4.0):
        fired, course = driven(NEURON, current, 200, apical=0.7)
        assert (len(fired) > 10) == (current > 0)
        np.testing.assert_allclose(course["d"], expected, rtol=1e-12)


def test_a_spike_leaves_the_dendrite_as_it_is():
    assert set(NEURON.reset({"v": 1.5, "d": 0.3})) == {"v"}
    assert "d" not in NEURON.held


def test_a_settled_dendrite_drives_the_soma_as_a_current_does():
    settled = driven(NEURON, 0.6, 300, apical=0.9, d=0.9)
    soma = driven(LIF(), 1.5, 300)
    assert settled[0] == soma[0] and len(soma[0]) > 10
    np.testing.assert_allclose(settled[1]["v"], soma[1]["v"], rtol=1e-12)


def test_apical_current_reaches_the_soma_a_step_later():
    _, course = driven(NEURON, 0.0, 2, apical=1.0)
    assert course["v"][0] == 0
    assert course["v"][1] == pytest.approx(DT * NEURON.unit_rate * DT / NEURON.apical_tau)


def test_without_feedback_it_is_a_lif():
    assert driven(NEURON, 1.3, 500)[0] == driven(LIF(), 1.3, 500)[0]


def test_a_dendrite_that_takes_no_time_is_refused():
    assert_refused(lambda: TwoCompartmentLIF(apical_tau=0.0), "TwoCompartmentLIF: apical_tau = 0.0 is not allowed", "above 0 s")
