"""Aims at initial weights that are not the distribution that was asked for: another mean, another spread, a negative
magnitude, a norm that counts absent synapses.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bio_fa.circuit import Circuit
from bio_fa.constraints import Bounds, WeightNorm
from bio_fa.population import UNSIGNED, Area, Population
from bio_fa.projection import Projection
from bio_fa.weights import (
    Constant,
    Constrained,
    Exponential,
    LogNormal,
    Narrow,
    Normalised,
    Signed,
    SignedConstant,
    StartingAs,
    Uniform,
    Weights,
)
from tests.refusals import assert_refused

SHAPE = (300, 200)
DRAWS = math.prod(SHAPE)
FULL = np.ones(SHAPE, dtype=bool)


def draw(weights: Weights, mask: np.ndarray = FULL, seed: int = 0) -> np.ndarray:
    return weights.draw(mask, np.random.default_rng(seed))


MOMENTS = [
    (Constant(0.7), 0.7, 0.0),
    (Uniform(0.2, 1.4), 0.8, 1.2 / math.sqrt(12)),
    (Exponential(0.7), 0.7, 0.7),
    (LogNormal(0.7, 0.5), 0.7, 0.7 * math.sqrt(math.exp(0.25) - 1)),
    (Narrow(0.7, 0.2), 0.7, 0.14),
    (Signed(2.0), 0.0, 2.0 / math.sqrt(SHAPE[1])),
    (SignedConstant(-0.7), -0.7, 0.0),
]
"""A distribution, and its mean and standard deviation by their closed forms."""


@pytest.mark.parametrize(("weights", "mean", "deviation"), MOMENTS, ids=lambda each: getattr(each, "kind", str)())
def test_the_mean_and_the_spread_are_those_of_the_distribution(weights, mean, deviation):
    w = draw(weights)
    assert w.shape == SHAPE
    assert w.mean() == pytest.approx(mean, abs=4 * deviation / math.sqrt(DRAWS) + 1e-15)
    assert w.std() == pytest.approx(deviation, rel=0.03, abs=1e-15)


def test_the_logarithm_of_log_normal_magnitudes_is_normal_with_the_stated_spread():
    logarithms = np.log(draw(LogNormal(3.0, 0.9)))
    assert logarithms.std() == pytest.approx(0.9, rel=0.02)
    assert np.mean(((logarithms - logarithms.mean()) / 0.9) ** 4) == pytest.approx(3, abs=0.15)  # the kurtosis of a normal


def test_uniform_magnitudes_stay_within_their_range():
    w = draw(Uniform(0.25, 0.5))
    assert w.min() >= 0.25 and w.max() < 0.5


LEVELS = st.floats(0, 10, allow_subnormal=False)
MAGNITUDES = st.one_of(
    st.builds(Constant, LEVELS),
    st.builds(lambda low, more: Uniform(low, low + more), LEVELS, LEVELS),
    st.builds(Exponential, LEVELS),
    st.builds(LogNormal, st.floats(0.01, 10), LEVELS),
    st.builds(Narrow, LEVELS, LEVELS),
)


@given(MAGNITUDES, st.integers(0, 9))
def test_no_distribution_of_magnitudes_ever_draws_one_below_0(weights, seed):
    assert not weights.signed and (draw(weights, FULL[:5, :5], seed) >= 0).all()


@given(MAGNITUDES, LEVELS, st.integers(0, 9))
def test_normalised_magnitudes_of_each_neuron_sum_to_the_total_over_existing_synapses(weights, total, seed):
    mask = np.random.default_rng(seed).random((6, 8)) < 0.5
    w = draw(Normalised(weights, total), mask, seed)
    received = draw(weights, mask, seed) * mask
    expected = np.where(received.any(axis=1), total, 0.0)
    np.testing.assert_allclose(w.sum(axis=1), expected, rtol=1e-12)
    assert (w[~mask] == 0).all()


def test_normalisation_keeps_the_proportions_of_its_shape():
    w, shape = draw(Normalised(Exponential(), 5.0)), draw(Exponential())
    np.testing.assert_allclose(w / w[:, :1], shape / shape[:, :1], rtol=1e-12)


def test_signed_weights_keep_the_variance_of_a_sum_whatever_the_number_of_synapses():
    """He et al. (2015), eq. 10: K · Var[w] = gain², where K counts the synapses that exist."""
    mask = np.zeros((2, 40_000), dtype=bool)
    mask[0, :400], mask[1, :] = True, True
    w = draw(Signed(1.5), mask) * mask
    np.testing.assert_allclose((w**2).sum(axis=1), 1.5**2, rtol=4 * math.sqrt(2 / 400))
    assert Signed().signed and (w < 0).any() and (w > 0).any()


@pytest.mark.parametrize("weights", [each for each, *_ in MOMENTS], ids=lambda each: each.kind())
def test_the_same_stream_draws_the_same_weights(weights):
    assert np.array_equal(draw(weights, seed=3), draw(weights, seed=3))


@pytest.mark.parametrize(
    ("make", "fragments"),
    [
        (lambda: Constant(-1.0), ("Constant: magnitude = -1.0", "at least 0; the sign belongs to the population")),
        (lambda: Constant(float("nan")), ("magnitude = nan", "a finite number")),
        (lambda: Uniform(-0.1), ("Uniform: low = -0.1", "at least 0; the sign belongs to the population")),
        (lambda: Uniform(0.5, 0.4), ("high = 0.4", "at least low = 0.5")),
        (lambda: Exponential(-2.0), ("Exponential: mean = -2.0", "at least 0")),
        (lambda: Exponential("strong"), ("mean = 'strong'", "a finite number")),
        (lambda: LogNormal(0.0), ("LogNormal: mean = 0.0", "above 0")),
        (lambda: LogNormal(1.0, -0.1), ("spread = -0.1", "at least 0")),
        (lambda: Narrow(-1.0), ("Narrow: mean = -1.0", "at least 0")),
        (lambda: Narrow(spread=-0.2), ("spread = -0.2", "at least 0")),
        (lambda: Signed(-1.0), ("Signed: gain = -1.0", "at least 0")),
        (lambda: Normalised(Constant(), -1.0), ("Normalised: total = -1.0", "at least 0")),
        (lambda: Normalised(Signed()), ("Normalised: shape = Signed", "magnitudes of at least 0")),
        (lambda: Normalised("narrow"), ("shape = 'narrow'", "a Weights")),
    ],
)
def test_a_distribution_that_cannot_be_drawn_is_refused(make, fragments):
    assert_refused(make, *fragments, "is not allowed; give")


@given(st.floats(0.1, 10), st.integers(0, 9), st.floats(0, 1))
def test_constrained_weights_have_the_norm_over_the_synapses_that_exist_and_the_direction_of_the_draw(norm, seed, density):
    """Panjehpour & EsmaielZadeh (2022), eq. 9, once, of feedback: each neuron receives the norm γ, if it receives anything."""
    mask = np.random.default_rng(seed).random((20, 30)) < density
    w, free = (draw(each, mask, seed) for each in (Constrained(Signed(), (WeightNorm(norm),)), Signed()))
    lengths = np.linalg.norm(free * mask, axis=1, keepdims=True)
    assert (w[~mask] == 0).all()
    np.testing.assert_allclose(np.linalg.norm(w, axis=1), np.where(mask.any(axis=1), norm, 0), rtol=1e-14)
    np.testing.assert_allclose(w * lengths, free * mask * norm, rtol=1e-12, atol=1e-12)


def test_constraints_of_the_draw_are_applied_in_order():
    w = draw(Constrained(Exponential(), (WeightNorm(1.0), Bounds(0.05))))
    assert w.max() == 0.05 and (np.linalg.norm(w, axis=1) < 1).all()


def test_constrained_weights_are_signed_where_the_draw_is():
    assert Constrained(Signed(), ()).signed and not Constrained(Exponential(), ()).signed


def there_and_back(weights: Weights) -> Circuit:
    """Return input ⇄ output, 3 and 2 unsigned neurons, whose way back starts with these weights."""
    populations = Population("input", 3, UNSIGNED), Population("output", 2, UNSIGNED)
    projections = Projection("input", "output", weights=Signed()), Projection("output", "input", weights=weights)
    return Circuit("there_and_back", (Area("all", populations),), projections, "input", "output")


@pytest.mark.parametrize("seed", [0, 1])
def test_weights_that_start_as_others_are_those_of_the_other_projection(seed):
    drawn = there_and_back(StartingAs("input_to_output", -2.0, transposed=True)).sample(seed)
    np.testing.assert_array_equal(drawn["output_to_input"].w, -2 * drawn["input_to_output"].w.T)
    assert np.abs(drawn["input_to_output"].w).max() > 0


def test_weights_of_another_shape_or_of_nobody_are_refused_as_a_start():
    assert_refused(lambda: there_and_back(StartingAs("input_to_output")).sample(0), "weights (2, 3), but (3, 2) are needed")
    assert_refused(lambda: there_and_back(StartingAs("nobody")).sample(0), "no projection is called 'nobody'")
    assert_refused(lambda: draw(StartingAs("input_to_output")), "not drawn again")
