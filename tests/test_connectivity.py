"""Aims at wiring that is not what was asked: too dense, uneven over neurons, biased towards some, or of wrong shape."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bio_fa.connectivity import AllToAll, Connectivity, FixedInDegree, FixedProbability, OneToOne
from tests.refusals import assert_refused

PATTERNS = [AllToAll(), FixedProbability(0.3), FixedInDegree(0.3), OneToOne()]
SIZES = st.integers(1, 30)
DENSITIES = st.floats(0.01, 1.0)


def draw(connectivity: Connectivity, post: int, pre: int, seed: int = 0) -> np.ndarray:
    return connectivity.draw(post, pre, np.random.default_rng(seed))


@pytest.mark.parametrize("density", [0, -0.5, 1.0000001, 2, float("nan"), float("inf"), "half", True])
@pytest.mark.parametrize("kind", [FixedProbability, FixedInDegree])
def test_a_density_outside_0_to_1_is_refused(kind, density):
    assert_refused(lambda: kind(density), f"{kind.__name__}: density = {density!r} is not allowed", "give")


@pytest.mark.parametrize("connectivity", PATTERNS, ids=lambda each: each.kind())
@pytest.mark.parametrize(("post", "pre"), [(7, 4), (4, 7), (5, 5), (1, 1)])
def test_a_mask_is_boolean_with_a_row_for_each_postsynaptic_neuron(connectivity, post, pre):
    mask = draw(connectivity, post, pre)
    assert mask.shape == (post, pre) and mask.dtype == bool


@pytest.mark.parametrize("connectivity", PATTERNS, ids=lambda each: each.kind())
def test_the_stated_in_degree_is_the_mean_of_the_drawn_one(connectivity):
    post, pre = 2000, 40 if connectivity.kind() != "one_to_one" else 2000
    deviation = math.sqrt(pre * 0.3 * 0.7 / post)  # of the binomial mean; the other patterns have none
    assert draw(connectivity, post, pre).sum(axis=1).mean() == pytest.approx(connectivity.in_degree(pre), abs=4 * deviation)


@given(SIZES, SIZES)
def test_all_to_all_leaves_no_synapse_out(post, pre):
    assert draw(AllToAll(), post, pre).all() and AllToAll().in_degree(pre) == pre


def test_fixed_probability_draws_each_synapse_independently():
    """The number of synapses of a neuron is binomial: its variance is K p (1 − p), whereas a fixed in-degree has none."""
    degrees = draw(FixedProbability(0.3), 4000, 100).sum(axis=1)
    assert degrees.mean() == pytest.approx(30, abs=4 * math.sqrt(21 / 4000))
    assert degrees.var() == pytest.approx(21, rel=4 * math.sqrt(2 / 4000))


@given(SIZES, SIZES, DENSITIES, st.integers(0, 5))
def test_fixed_in_degree_gives_every_neuron_the_same_share_and_none_nothing(post, pre, density, seed):
    degrees = draw(FixedInDegree(density), post, pre, seed).sum(axis=1)
    assert (degrees == max(1, round(density * pre))).all()


def test_fixed_in_degree_prefers_no_presynaptic_neuron():
    """Each partner is chosen with probability K/n, so that its number of synapses is binomial over the neurons."""
    post, pre = 4000, 20
    chosen = draw(FixedInDegree(0.5), post, pre).sum(axis=0)
    np.testing.assert_allclose(chosen, post / 2, atol=4.5 * math.sqrt(post / 4))


def test_full_density_is_all_to_all():
    assert draw(FixedInDegree(1.0), 5, 8).all() and draw(FixedProbability(1.0), 5, 8).all()


def test_one_to_one_is_the_identity_and_wraps_around_the_smaller_population():
    assert np.array_equal(draw(OneToOne(), 4, 4), np.eye(4))
    assert np.array_equal(draw(OneToOne(), 4, 2), np.tile(np.eye(2), (2, 1)))
    assert np.array_equal(draw(OneToOne(), 2, 4), np.tile(np.eye(2), (1, 2)))


@pytest.mark.parametrize("connectivity", PATTERNS, ids=lambda each: each.kind())
def test_the_same_stream_draws_the_same_mask(connectivity):
    assert np.array_equal(draw(connectivity, 9, 8, seed=3), draw(connectivity, 9, 8, seed=3))


@pytest.mark.parametrize("connectivity", [FixedProbability(), FixedInDegree()], ids=lambda each: each.kind())
def test_another_stream_draws_another_mask(connectivity):
    assert not np.array_equal(draw(connectivity, 9, 8, seed=3), draw(connectivity, 9, 8, seed=4))
