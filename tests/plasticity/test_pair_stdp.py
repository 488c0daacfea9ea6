"""Aims at a window of the wrong sign, size or time constant, and at pairs that are left out or counted twice."""

from __future__ import annotations

import numpy as np
import pytest

from bio_fa.plasticity import PairSTDP, momentary, prove_local
from bio_fa.population import INHIBITORY
from tests.plasticity.change import integrated

RULE = PairSTDP(potentiation=2e-3, depression=3e-3)
STEPS = 200
Q = 1 - 1e-3 / 20e-3
"""What a trace keeps of itself in a step: Euler's e^(−dt/τ)."""


def train(*steps: int) -> np.ndarray:
    """Return the spikes of a neuron that fires in these steps."""
    spikes = np.zeros(STEPS)
    spikes[list(steps)] = 1
    return spikes


def test_it_senses_spikes_and_traces_moment_by_moment():
    assert prove_local(RULE) == {"post.spike", "pre.trace", "post.trace", "pre.spike"}
    assert momentary(RULE) == (True, True)


@pytest.mark.parametrize("lag", [1, 2, 10, 50])
def test_a_presynaptic_spike_before_a_postsynaptic_one_strengthens_by_the_exponential_window(lag):
    """Δw = A₊ e^(−Δt/τ) (Song, Miller & Abbott 2000), with Euler's exponential."""
    assert integrated(RULE, train(20), train(20 + lag)) == pytest.approx(2e-3 * Q**lag, rel=1e-12)


@pytest.mark.parametrize("lag", [1, 2, 10, 50])
def test_a_presynaptic_spike_after_a_postsynaptic_one_weakens_by_the_exponential_window(lag):
    assert integrated(RULE, train(20 + lag), train(20)) == pytest.approx(-3e-3 * Q**lag, rel=1e-12)


def test_spikes_in_one_step_count_as_both():
    assert integrated(RULE, train(20), train(20)) == pytest.approx(2e-3 - 3e-3, rel=1e-12)


def test_every_pair_of_spikes_counts():
    """Morrison, Diesmann & Gerstner (2008), all-to-all: the sum over pairs of A₊ Qᵏ and −A₋ Qᵏ."""
    before, after = (10, 30, 33, 90), (12, 31, 33, 60, 61)
    pairs = [(late - early) for early in before for late in after]
    expected = sum(2e-3 * Q**lag for lag in pairs if lag >= 0) - sum(3e-3 * Q**-lag for lag in pairs if lag <= 0)
    assert integrated(RULE, train(*before), train(*after)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("pre", "post"), [((), (5, 9)), ((5, 9), ()), ((), ())])
def test_without_spikes_on_both_sides_nothing_changes(pre, post):
    assert integrated(RULE, train(*pre), train(*post)) == 0


def test_the_change_of_a_pair_does_not_depend_on_the_time_step():
    """S = 1/dt in the step of a spike, so that dt S = 1: only the decay in between is Euler's, of first order in dt."""
    pre, post = np.zeros(2000), np.zeros(2000)
    pre[200], post[300] = 1, 1
    assert integrated(RULE, train(20), train(30)) == pytest.approx(2e-3 * np.exp(-10 / 20), rel=2e-2)
    assert integrated(RULE, pre, post, dt=1e-4) == pytest.approx(2e-3 * np.exp(-10 / 20), rel=2e-3)


def test_between_independent_regular_trains_the_mean_change_is_the_area_of_the_window():
    """Uncorrelated rates ν, ν' for T seconds: Δw ≈ (A₊ − A₋) τ ν ν' T; here every lag occurs equally often."""
    changes = [integrated(PairSTDP(1.0, 1.0), train(100), train(lag)) for lag in range(STEPS)]
    potentiation = [integrated(PairSTDP(1.0, 0.0), train(100), train(lag)) for lag in range(STEPS)]
    assert sum(potentiation) == pytest.approx(20, rel=0.01)  # τ / dt lags of weight 1
    assert abs(sum(changes)) < 0.02 * 20


def test_the_sign_of_the_presynaptic_neuron_does_not_matter():
    """It is the magnitude that pairs of spikes move, of excitation as of inhibition."""
    assert integrated(RULE, train(20), train(25), sign=INHIBITORY) == integrated(RULE, train(20), train(25))
