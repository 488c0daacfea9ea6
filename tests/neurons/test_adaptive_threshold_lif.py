"""Aims at a threshold that rises by another amount, falls at another speed, or that its potential feels."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from bio_fa.neurons import LIF, AdaptiveThresholdLIF
from tests.neurons.driven import DT, driven, intervals
from tests.refusals import assert_refused

NEURON = AdaptiveThresholdLIF(adaptation=0.3, adaptation_tau=50e-3)
FALLS = 1 - DT / NEURON.adaptation_tau


def test_as_symbols_it_is_the_published_equation():
    v, a, current = sympy.symbols("v a I", real=True)
    moved = AdaptiveThresholdLIF(tau=0.5, adaptation_tau=2.0, unit_rate=8.0).derivatives({"v": v, "a": a}, current)
    assert sympy.simplify(moved["v"] - (-2 * v + 8 * current)) == 0 and sympy.simplify(moved["a"] + a / 2) == 0
    assert sympy.simplify(AdaptiveThresholdLIF(adaptation=0.25).excess({"v": v, "a": a}) - (v - 1 - a / 4)) == 0


def test_every_spike_adds_1_and_between_spikes_the_adaptation_decays():
    fired, course = driven(NEURON, 3.0, 60)
    a = 0.0
    for step, now in enumerate(course["a"], start=1):
        a = a * FALLS + (step in fired)
        assert now == pytest.approx(a, rel=1e-12)
    assert len(fired) > 3


def test_it_fires_where_the_potential_passes_the_raised_threshold():
    """v restarts at 0 at each spike: the n-th step after it fires first where v∞ (1 − qⁿ) > θ + b a qₐⁿ."""
    fired, course = driven(NEURON, 2.5, 300)
    steady, q = NEURON.tau * NEURON.unit_rate * 2.5, 1 - DT / NEURON.tau
    n = np.arange(1, 100)
    for spike, interval in zip(fired, intervals(fired), strict=False):
        above = steady * (1 - q**n) > 1 + 0.3 * course["a"][spike - 1] * FALLS**n
        assert interval == n[above][0]


def test_under_a_constant_current_its_intervals_grow():
    fired, _ = driven(NEURON, 2.5, 2000)
    periods = intervals(fired)
    assert periods[0] < 0.7 * np.mean(periods[-20:])
    assert np.ptp(periods[-20:]) <= 1, "in the end they differ by no more than a step"


def test_on_average_the_adaptation_is_the_rate_times_its_time_constant():
    """a moves by −a dt/τₐ a step and by 1 a spike; over many steps the sum of both is a's own difference, which is bounded."""
    steps = 5000
    fired, course = driven(NEURON, 2.0, steps)
    felt = np.concatenate([[0.0], course["a"][:-1]])
    exact = (len(fired) - course["a"][-1]) * NEURON.adaptation_tau / (steps * DT)
    assert felt.mean() == pytest.approx(exact, rel=1e-9)


def test_the_potential_does_not_feel_the_adaptation():
    moved = [NEURON.derivatives({"v": 0.3, "a": a}, 0.7)["v"] for a in (0.0, 5.0)]
    assert moved[0] == moved[1]


def test_without_adaptation_it_is_a_lif():
    assert driven(AdaptiveThresholdLIF(adaptation=0.0), 1.3, 500)[0] == driven(LIF(), 1.3, 500)[0]


def test_it_adapts_while_it_is_refractory():
    assert "a" not in NEURON.held


@pytest.mark.parametrize(("field", "value", "allowed"), [("adaptation", -0.1, "at least 0"), ("adaptation_tau", 0.0, "above 0 s")])
def test_adaptation_that_excites_or_takes_no_time_is_refused(field, value, allowed):
    words = f"AdaptiveThresholdLIF: {field} = {value} is not allowed", allowed
    assert_refused(lambda: AdaptiveThresholdLIF(**{field: value}), *words)
