"""Aims at sources whose spikes are too many, too few, or remember what they should not."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bio_fa.neurons import PoissonSource, RegularSource, SpikeSource
from tests.refusals import assert_refused

DT = 1e-3


def trains(source: SpikeSource, activity: np.ndarray, steps: int, seed: int = 0) -> np.ndarray:
    """Return spikes as (step, trial, neuron)."""
    return np.array(list(islice(source.spikes(activity, DT, np.random.default_rng(seed)), steps)), dtype=float)


def test_poisson_counts_have_the_mean_and_the_variance_of_their_steps():
    """n steps of probability p: mean n p, variance n p (1 − p). Over m neurons the standard errors are √(n p (1 − p) / m) and,
    for counts that are almost normal, n p (1 − p) √(2 / m).
    """
    p, n, m = 0.04, 500, 5000
    counts = trains(PoissonSource(unit_rate=100.0), np.full((50, 100), p / (100.0 * DT)), n).sum(axis=0).ravel()
    assert counts.mean() == pytest.approx(n * p, abs=4.5 * np.sqrt(n * p * (1 - p) / m))
    assert counts.var(ddof=1) == pytest.approx(n * p * (1 - p), rel=4.5 * np.sqrt(2 / m) * 1.1)


@pytest.mark.parametrize("lag", [1, 2, 10])
def test_poisson_steps_are_independent_of_each_other(lag):
    """The correlation of N independent pairs has the standard error 1 / √N."""
    spikes = trains(PoissonSource(), np.full((20, 50), 0.5), 400)
    early, late = spikes[:-lag].ravel(), spikes[lag:].ravel()
    assert abs(np.corrcoef(early, late)[0, 1]) < 4.5 / np.sqrt(early.size)


def test_poisson_neurons_are_independent_of_each_other():
    spikes = trains(PoissonSource(), np.full((1, 30), 0.5), 4000)[:, 0]
    correlation = np.corrcoef(spikes.T)[np.triu_indices(30, 1)]
    assert np.abs(correlation).max() < 4.8 / np.sqrt(4000)


def test_poisson_intervals_are_those_of_a_geometric_distribution():
    """P(interval > k) = (1 − p)ᵏ; each share of N intervals has a standard error of at most 1 / (2 √N)."""
    spikes = trains(PoissonSource(unit_rate=100.0), np.ones((1, 100)), 2000)[:, 0]
    gaps = np.concatenate([np.diff(np.flatnonzero(train)) for train in spikes.T])
    for k in (1, 3, 10, 30):
        assert (gaps > k).mean() == pytest.approx(0.9**k, abs=4.5 / (2 * np.sqrt(gaps.size)))


@settings(max_examples=40)
@given(st.floats(0, 10), st.integers(0, 2**32 - 1))
def test_regular_counts_are_within_one_of_the_activity_times_the_time_at_every_moment(activity, seed):
    """Spike k comes when r ν₁ t + φ passes k: the count is ⌊r ν₁ t + φ⌋, with φ in [0, 1). At most one spike fits in a step."""
    counts = trains(RegularSource(unit_rate=100.0), np.full((1, 3), activity), 300, seed).cumsum(axis=0)[:, 0]
    expected = np.minimum(activity * 100.0 * DT, 1) * np.arange(1, 301)[:, None]
    assert (np.abs(counts - expected) <= 1 + 1e-9).all()


def test_regular_intervals_differ_by_no_more_than_one_step():
    spikes = trains(RegularSource(), np.array([[0.37, 0.9]]), 1000)[:, 0]
    for train, activity in zip(spikes.T, (0.37, 0.9), strict=True):
        gaps = np.diff(np.flatnonzero(train))
        assert set(gaps) <= {np.floor(10 / activity), np.ceil(10 / activity)}


def test_the_phases_of_regular_neurons_are_even_so_that_together_they_fire_in_every_step():
    """Of 2000 neurons a tenth fires in each step, with a standard error of √(0.09 · 2000) = 13.4."""
    population = trains(RegularSource(unit_rate=100.0), np.ones((1, 2000)), 10).sum(axis=(1, 2))
    assert np.abs(population - 200).max() < 4.5 * 13.5


@pytest.mark.parametrize("kind", [PoissonSource, RegularSource])
@pytest.mark.parametrize(("field", "allowed"), [("unit_rate", "a rate above 0 Hz"), ("trace_tau", "a time constant above 0 s")])
def test_a_source_of_no_rate_or_no_time_is_refused(kind, field, allowed):
    for value in (0.0, -1.0):
        assert_refused(lambda value=value: kind(**{field: value}), f"{kind.__name__}: {field} = {value} is not allowed", allowed)
