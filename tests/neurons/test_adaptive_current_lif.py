"""Aims at an adaptation current that jumps or decays otherwise than stated, or that is not felt as a current."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from bio_fa.neurons import LIF, AdaptiveCurrentLIF
from tests.neurons.driven import DT, driven, intervals
from tests.refusals import assert_refused

NEURON = AdaptiveCurrentLIF(adaptation=0.2, adaptation_tau=80e-3)
FALLS = 1 - DT / NEURON.adaptation_tau


def test_as_symbols_it_is_the_published_equation():
    v, a, current = sympy.symbols("v a I", real=True)
    neuron = AdaptiveCurrentLIF(tau=0.5, adaptation_tau=2.0, coupling=3.0, unit_rate=8.0)
    moved = neuron.derivatives({"v": v, "a": a}, current)
    assert sympy.simplify(moved["v"] - (-2 * v + 8 * (current - a))) == 0
    assert sympy.simplify(moved["a"] - (3 * v - a) / 2) == 0


def test_every_spike_adds_b_and_between_spikes_the_current_decays():
    fired, course = driven(NEURON, 3.0, 100)
    a = 0.0
    for step, now in enumerate(course["a"], start=1):
        a = a * FALLS + 0.2 * (step in fired)
        assert now == pytest.approx(a, rel=1e-12)
    assert len(fired) > 3


def test_on_average_the_adaptation_is_b_times_the_rate_times_its_time_constant():
    """a moves by −a dt/τₐ a step and by b a spike; over many steps the sum of both is a's own difference, which is bounded."""
    steps = 5000
    fired, course = driven(NEURON, 2.0, steps)
    felt = np.concatenate([[0.0], course["a"][:-1]])
    exact = 0.2 * len(fired) * NEURON.adaptation_tau / (steps * DT) - course["a"][-1] * NEURON.adaptation_tau / (steps * DT)
    assert felt.mean() == pytest.approx(exact, rel=1e-9)


def test_in_the_long_run_its_rate_is_that_of_a_lif_under_the_current_that_is_left():
    """A slow adaptation is almost constant, so that ν = f(I − a), with f the rate of a LIF; steps are fine to count finely."""
    slow, dt = AdaptiveCurrentLIF(adaptation=0.01, adaptation_tau=0.5), 1e-4
    fired, course = driven(slow, 3.0, 40_000, dt=dt)
    left = 3.0 - course["a"][20_000:].mean()
    expected, _ = driven(LIF(), left, 20_000, dt=dt)
    assert sum(step > 20_000 for step in fired) == pytest.approx(len(expected), rel=0.02)
    assert intervals(fired)[0] < 0.8 * intervals(fired)[-1]


def test_below_threshold_the_coupling_pulls_the_potential_to_where_both_rest():
    """v∞ = τ ν₁ (I − a) and a∞ = c v∞ give v∞ = τ ν₁ I / (1 + c τ ν₁): 0.8 / (1 + 0.5 · 2) = 0.4."""
    neuron = AdaptiveCurrentLIF(coupling=0.5)
    fired, course = driven(neuron, 0.4, 3000)
    assert fired == []
    assert (course["v"][-1], course["a"][-1]) == pytest.approx((0.4, 0.2), rel=1e-6)


def test_in_volts_the_coupling_is_normalised_as_the_current_is():
    volts = AdaptiveCurrentLIF(coupling=0.5, rest=-70e-3, reset_to=-70e-3, threshold=-50e-3)
    fired, course = driven(volts, 1.4, 400)
    normalised, same = driven(AdaptiveCurrentLIF(coupling=0.5), 1.4, 400)
    assert fired == normalised and len(fired) > 5
    np.testing.assert_allclose(course["a"], same["a"], rtol=1e-9)


def test_without_adaptation_it_is_a_lif():
    assert driven(AdaptiveCurrentLIF(adaptation=0.0), 1.3, 500)[0] == driven(LIF(), 1.3, 500)[0]


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [("adaptation", -0.1, "at least 0"), ("coupling", -1.0, "at least 0"), ("adaptation_tau", -1.0, "above 0 s")],
)
def test_adaptation_that_excites_or_takes_no_time_is_refused(field, value, allowed):
    words = f"AdaptiveCurrentLIF: {field} = {value} is not allowed", allowed
    assert_refused(lambda: AdaptiveCurrentLIF(**{field: value}), *words)
