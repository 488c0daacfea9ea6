"""Aims at a neuron of tomorrow whose activity turns negative, passes its ceiling, or that settles where it still drifts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bio_fa.neurons import Neuron, RateNeuron

NEURONS = [each() for each in Neuron.kinds().values() if each.__module__.startswith("bio_fa.")]
RATE_NEURONS = [each for each in NEURONS if isinstance(each, RateNeuron)]
POTENTIALS = arrays(float, (2, 4), elements=st.floats(-1e6, 1e6, allow_subnormal=False))


@given(st.sampled_from(NEURONS), POTENTIALS)
def test_under_a_constant_current_a_settled_neuron_does_not_drift(neuron, current):
    np.testing.assert_allclose(neuron.drift(neuron.settled(current), current), 0, atol=1e-9)


@given(st.sampled_from(NEURONS), POTENTIALS)
def test_no_potential_makes_an_activity_negative_or_infinite(neuron, u):
    activity = neuron.activity(u)
    assert activity.shape == u.shape and (activity >= 0).all() and np.isfinite(activity).all()


@given(st.sampled_from([each for each in NEURONS if each.ceiling is not None]), POTENTIALS)
def test_no_potential_drives_a_neuron_above_its_ceiling(neuron, u):
    assert (neuron.activity(u) <= neuron.ceiling).all()


@given(st.sampled_from(NEURONS), POTENTIALS, st.floats(0, 1e3, allow_subnormal=False))
def test_more_potential_never_means_less_activity(neuron, u, more):
    driven = u.copy()
    driven[:, 0] += more
    assert (neuron.activity(driven)[:, 0] >= neuron.activity(u)[:, 0] - 1e-15).all()


@pytest.mark.parametrize("neuron", RATE_NEURONS, ids=lambda each: each.kind())
@pytest.mark.parametrize("steps", [20, 200, 2000])
def test_after_one_time_constant_it_is_1_minus_1_over_e_of_the_way(neuron, steps):
    """Euler gives 1 − (1 − 1/n)ⁿ, which differs from 1 − 1/e by at most 1 / (2 e n) to first order; 1 / (4 n) is above it."""
    u, current, dt = np.array([1.0, -2.0]), np.array([3.0, 4.0]), neuron.tau / steps
    start = u.copy()
    for _ in range(steps):
        u = u + dt * neuron.drift(u, current)
    np.testing.assert_allclose((u - start) / (current - start), 1 - math.exp(-1), atol=1 / (4 * steps))


@pytest.mark.parametrize("neuron", NEURONS, ids=lambda each: each.kind())
def test_arrays_tensors_and_symbols_follow_the_same_equations(neuron):
    torch, sympy = pytest.importorskip("torch"), pytest.importorskip("sympy")
    u, current = np.random.default_rng(0).normal(size=(2, 3, 4))
    tensors = torch.tensor(u), torch.tensor(current)
    np.testing.assert_allclose(neuron.drift(*tensors).numpy(), neuron.drift(u, current), rtol=1e-14)
    np.testing.assert_allclose(neuron.activity(tensors[0]).numpy(), neuron.activity(u), rtol=1e-14)
    symbols = sympy.symbols("u I", real=True)
    np.testing.assert_allclose(sympy.lambdify(symbols, neuron.drift(*symbols))(u, current), neuron.drift(u, current), rtol=1e-14)
    assert neuron.activity(symbols[0]).free_symbols == {symbols[0]}
