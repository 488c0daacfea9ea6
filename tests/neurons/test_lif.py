"""Aims at a membrane that leaks, fires or resets otherwise than the equations say. Forward Euler solves them exactly:
v_n = v∞ − (v∞ − v_0) qⁿ with q = 1 − dt/τ and v∞ = v_rest + τ ν₁ (θ − v_reset) I.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from bio_fa.neurons import LIF
from tests.neurons.driven import DT, driven, intervals

Q = 1 - DT / LIF().tau
RHEOBASE = 1 / (LIF().tau * LIF().unit_rate)
"""θ = τ ν₁ I: the largest current under which a normalised neuron never fires; 0.5 by default."""


def period(current: float, neuron: LIF = LIF(), dt: float = DT) -> int:
    """Return the first n with v∞ (1 − qⁿ) > θ, for rest and reset at 0."""
    steady = neuron.tau * neuron.unit_rate * neuron.threshold * current
    return math.floor(math.log(1 - neuron.threshold / steady) / math.log(1 - dt / neuron.tau)) + 1


def test_as_symbols_it_is_the_published_equation():
    v, current = sympy.symbols("v I", real=True)
    neuron = LIF(tau=0.5, unit_rate=8.0, rest=-1.0, reset_to=-2.0)
    moved = neuron.derivatives({"v": v}, current)["v"]
    assert sympy.simplify(moved - ((-1 - v) / 0.5 + 3 * 8 * current)) == 0


@pytest.mark.parametrize("current", [0.0, 0.2, -0.3, 0.49])
@pytest.mark.parametrize("start", [0.0, 0.9])
def test_below_threshold_it_follows_its_exponential_step_by_step(current, start):
    fired, course = driven(LIF(), current, 100, v=start)
    steady = LIF().tau * LIF().unit_rate * current
    assert fired == [] and (course["v"] <= 1).all()
    np.testing.assert_allclose(course["v"], steady - (steady - start) * Q ** np.arange(1, 101), rtol=1e-11, atol=1e-14)


def test_the_potential_decays_to_its_rest_within_the_time_constant():
    """(1 − dt/τ)^(τ/dt) → 1/e as dt → 0; Euler's error is of first order, dt / (2 τ) of it."""
    _, course = driven(LIF(), 0.0, 2000, v=0.8, dt=1e-5)
    assert course["v"][-1] == pytest.approx(0.8 / math.e, rel=1e-3)


@pytest.mark.parametrize("share", [0.9, 0.999])
def test_below_the_rheobase_it_never_fires(share):
    assert driven(LIF(), share * RHEOBASE, 5000)[0] == []


@pytest.mark.parametrize("share", [1.001, 1.1])
def test_above_the_rheobase_it_fires(share):
    assert driven(LIF(), share * RHEOBASE, 5000)[0] != []


@pytest.mark.parametrize("current", [0.51, 0.6, 1.0, 3.0, 10.0])
def test_under_a_constant_current_it_fires_with_the_period_of_the_closed_form(current):
    fired, _ = driven(LIF(), current, 1500)
    assert fired[0] == period(current)
    assert set(intervals(fired)) <= {period(current)} and len(fired) == 1500 // period(current)


@given(st.floats(1.5, 20))
def test_its_rate_follows_the_textbook_formula_as_the_step_shrinks(current):
    """T = −τ ln(1 − θ / v∞) without refractory time (Gerstner et al. 2014, section 1.3), to half a step and Euler's error."""
    dt, neuron = 1e-5, LIF()
    exact = -neuron.tau * math.log(1 - 1 / (neuron.tau * neuron.unit_rate * current))
    assert period(current, dt=dt) * dt == pytest.approx(exact, rel=1e-3, abs=1.5 * dt)


def test_under_strong_currents_its_activity_approaches_the_current_less_half_of_the_rheobase():
    """−1 / ln(1 − a) = 1/a − 1/2 − a/12 − …, with a = I_rh / I: r = ν / ν₁ = I − I_rh/2 − I_rh²/(12 I) − …, a rate neuron's.

    Counting whole steps of dt costs at most ν dt of the rate ν.
    """
    dt, neuron = 1e-6, LIF()
    for current in (2.0, 4.0, 8.0):
        activity = 1 / (period(current, dt=dt) * dt * neuron.unit_rate)
        beyond, counting = 1.5 * RHEOBASE**2 / (12 * current), 2 * current**2 * neuron.unit_rate * dt
        assert abs(activity - (current - RHEOBASE / 2)) < beyond + counting


def test_a_spike_sets_the_potential_to_its_reset():
    neuron = LIF(reset_to=-0.5)
    assert neuron.reset({"v": np.array([1.2, 3.0])})["v"].tolist() == [-0.5, -0.5]


def test_with_carry_over_a_spike_subtracts_what_separates_threshold_from_reset():
    neuron = LIF(reset_to=-0.5, carry_over=True)
    np.testing.assert_allclose(neuron.reset({"v": np.array([1.2, 3.0])})["v"], [-0.3, 1.5])


@given(st.floats(0.05, 9.5))
def test_with_carry_over_and_without_a_leak_no_charge_is_lost(current):
    """ν₁ I t spikes, to one: what a current brings in is either fired or still there. dt ν₁ = 0.1, so that I < 10 can be fired."""
    neuron, steps = LIF(tau=1e9, carry_over=True), 400
    fired, course = driven(neuron, current, steps)
    assert len(fired) + course["v"][-1] == pytest.approx(neuron.unit_rate * current * steps * DT, rel=1e-6)


def test_without_carry_over_what_exceeds_the_threshold_is_lost():
    """Steps of 0.6 pass 1 in every second one; with carry-over there are 0.6 spikes a step, the last of which may be due."""
    plain, carrying = (len(driven(LIF(tau=1e9, carry_over=carries), 6.0, 100)[0]) for carries in (False, True))
    assert plain == 50 and carrying in (59, 60)


@pytest.mark.parametrize("current", [0.7, 2.5])
def test_in_volts_it_fires_when_the_normalised_neuron_does(current):
    volts = LIF(rest=-70e-3, reset_to=-70e-3, threshold=-50e-3)
    fired, course = driven(volts, current, 500)
    normalised, same = driven(LIF(), current, 500)
    assert fired == normalised
    np.testing.assert_allclose((course["v"] + 70e-3) / 20e-3, same["v"], rtol=1e-9, atol=1e-12)


def test_apical_current_adds_to_that_of_the_soma():
    both, soma = driven(LIF(), 0.4, 200, apical=0.8), driven(LIF(), 1.2, 200)
    assert both[0] == soma[0]
    np.testing.assert_allclose(both[1]["v"], soma[1]["v"], rtol=1e-12)
