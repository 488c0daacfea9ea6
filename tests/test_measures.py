"""Aims at measures that flatter: an angle below 90° that only a shared mean explains, absent synapses that count,
a degenerate input that reads as a number, and chance levels that are not the chance of the quantity they stand beside.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bio_fa import measures
from bio_fa.errors import DataError

SHAPE = (400, 300)
"""Large enough that a random angle stands within 1° of its expectation: one standard deviation is about 0.2°."""


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def independent(rng: np.random.Generator, kind: str) -> tuple[np.ndarray, np.ndarray]:
    draw = {"uniform": rng.random, "half_normal": lambda shape: np.abs(rng.standard_normal(shape))}[kind]
    return draw(SHAPE), draw(SHAPE)


# cos = μ² / E[x²]: (1/2)² / (1/3) = 3/4 for the uniform law, (2/π) / 1 for the half-normal one.
COSINE_OF_INDEPENDENT = {"uniform": 3 / 4, "half_normal": 2 / math.pi}


@pytest.mark.parametrize("kind", COSINE_OF_INDEPENDENT)
def test_independent_non_negative_matrices_read_far_below_90_degrees(rng, kind):
    expected = math.degrees(math.acos(COSINE_OF_INDEPENDENT[kind]))
    assert measures.angle(*independent(rng, kind)) == pytest.approx(expected, abs=1)


@pytest.mark.parametrize("kind", COSINE_OF_INDEPENDENT)
def test_independent_half_masks_halve_the_cosine(rng, kind):
    # cos = p² μ² / (p E[x²]), with p = 1/2 the density of each mask.
    a, b = (each * (rng.random(SHAPE) < 0.5) for each in independent(rng, kind))
    expected = math.degrees(math.acos(COSINE_OF_INDEPENDENT[kind] / 2))
    assert measures.angle(a, b) == pytest.approx(expected, abs=1)


@pytest.mark.parametrize("kind", COSINE_OF_INDEPENDENT)
def test_centred_angle_of_independent_matrices_is_90_degrees(rng, kind):
    a, b = independent(rng, kind)
    assert measures.centred_angle(a, b, rng.random(SHAPE) < 0.5) == pytest.approx(90, abs=1)


@given(arrays(float, (3, 4), elements=st.floats(-5, 5)), st.floats(0.5, 3), st.floats(-2, 2))
def test_centred_angle_ignores_scale_and_offset(a, scale, offset):
    a = a + np.arange(12.0).reshape(3, 4)
    if np.ptp(a) > 1e-3:
        assert measures.centred_angle(a, scale * a + offset) == pytest.approx(0, abs=1e-4)
        assert measures.centred_angle(a, offset - scale * a) == pytest.approx(180, abs=1e-4)


@given(st.floats(0, math.pi))
def test_angle_between_two_directions_of_the_plane_is_the_one_that_was_drawn(theta):
    assert measures.angle([1, 0], [math.cos(theta), math.sin(theta)]) == pytest.approx(math.degrees(theta), abs=1e-5)


def test_absent_synapses_take_no_part(rng):
    a, mask = rng.random(SHAPE), rng.random(SHAPE) < 0.5
    b = np.where(mask, a, 100 * rng.random(SHAPE))
    assert measures.centred_angle(a, b, mask) == pytest.approx(0, abs=1e-4)
    assert measures.correlation(a, b, mask) == pytest.approx(1)


def test_correlation_is_that_of_numpy(rng):
    a, b = independent(rng, "uniform")
    assert measures.correlation(a, a + b) == pytest.approx(np.corrcoef(a.ravel(), (a + b).ravel())[0, 1])


def test_shuffled_null_has_the_spread_of_the_permutation_distribution(rng):
    a, b = rng.random((30, 20)), rng.random((30, 20))
    mask = np.ones((30, 20), dtype=bool)
    mean, spread = measures.shuffled_null(a, b, mask, rng, shuffles=2000)
    assert mean == pytest.approx(90, abs=0.3)
    assert spread == pytest.approx(math.degrees(1 / math.sqrt(600 - 1)), rel=0.1)


def test_shuffled_null_stays_at_chance_where_the_matrices_are_equal(rng):
    a = rng.random(SHAPE)
    mean, spread = measures.shuffled_null(a, a, None, rng)
    assert abs(mean - 90) < 5 * spread / math.sqrt(20) and spread < 1


def test_residual_correlation_keeps_to_its_chance_level_where_row_sums_alone_make_a_correlation(rng):
    rows = 10 * rng.random((200, 1))
    a, b = rows + rng.random((200, 100)), rows + rng.random((200, 100))
    mask = rng.random((200, 100)) < 0.5
    left, freedom = measures.residual_correlation(a, b, mask)
    assert measures.correlation(a, b, mask) > 0.9
    assert abs(left) < 4 / math.sqrt(freedom)


def test_residual_correlation_of_a_matrix_with_its_copy_is_one(rng):
    a, mask = rng.random((40, 30)), rng.random((40, 30)) < 0.5
    assert measures.residual_correlation(a, 3 * a + 1, mask)[0] == pytest.approx(1)


def test_residual_freedom_is_that_of_the_two_way_table():
    # n − rows − columns + 1 = (rows − 1)(columns − 1) for a full table.
    full = np.ones((5, 4), dtype=bool)
    assert measures.residual_correlation(np.eye(5, 4), np.eye(5, 4), full)[1] == 4 * 3


def test_residual_correlation_of_row_and_column_effects_alone_is_undefined(rng):
    additive = rng.random((30, 1)) + rng.random((1, 20))
    assert math.isnan(measures.residual_correlation(additive, rng.random((30, 20)), rng.random((30, 20)) < 0.5)[0])


@pytest.mark.parametrize("measure", [measures.cosine, measures.angle, measures.correlation, measures.centred_angle])
def test_the_zero_vector_has_no_direction(measure):
    assert math.isnan(measure(np.zeros(4), np.arange(4.0)))
    assert math.isnan(measure([], []))


@pytest.mark.parametrize("measure", [measures.correlation, measures.centred_angle])
def test_a_constant_has_no_centred_direction_although_rounding_leaves_one(measure):
    constant = np.full(6, 0.1)
    assert (constant - constant.mean()).any()
    assert math.isnan(measure(constant, np.arange(len(constant))))


@pytest.mark.parametrize("measure", [measures.cosine, measures.angle, measures.correlation, measures.centred_angle])
def test_arrays_of_different_shapes_are_refused(measure):
    with pytest.raises(DataError, match="one shape"):
        measure(np.ones((2, 3)), np.ones((3, 2)))


@pytest.mark.parametrize("dimensions", [1, 2, 5])
def test_participation_ratio_counts_equal_orthogonal_directions(dimensions):
    directions = np.linalg.qr(np.random.default_rng(0).standard_normal((8, 8)))[0][:dimensions]
    activity = np.concatenate([directions, -directions])
    assert measures.participation_ratio(activity) == pytest.approx(dimensions)


def test_participation_ratio_follows_its_definition_for_unequal_variances():
    # Variances 2² and 1² along two axes: (4 + 1)² / (4² + 1²).
    activity = 7 + np.array([[2.0, 0], [-2, 0], [0, 1], [0, -1]])
    assert measures.participation_ratio(activity) == pytest.approx(25 / 17)


def test_participation_ratio_of_activity_that_never_changes_is_undefined():
    assert math.isnan(measures.participation_ratio(np.full((5, 3), 0.1)))
    assert math.isnan(measures.participation_ratio(np.zeros((0, 3))))


def test_silent_neurons_are_those_without_activity_in_every_trial():
    activity = np.array([[0, 0, 1.0, 0], [0, 2, 1, 0]])
    assert measures.silent_fraction(activity) == 2 / 4
    assert measures.silent_fraction(activity[:, None, :]) == 2 / 4


def test_saturated_neurons_are_those_at_their_ceiling_in_every_trial():
    activity = np.array([[1.0, 0.995, 0.5, 1.0], [1.0, 0.999, 1.0, 0.98]])
    assert measures.saturated_fraction(activity, ceiling=1.0) == 2 / 4
    assert measures.saturated_fraction(100 * activity, ceiling=100.0) == 2 / 4


@pytest.mark.parametrize("fraction", [measures.silent_fraction, lambda x: measures.saturated_fraction(x, 1.0)])
def test_without_trials_there_is_no_fraction_of_neurons(fraction):
    assert math.isnan(fraction(np.zeros((0, 5))))


def test_classification_error_and_confusion_agree_with_counting_by_hand():
    output = np.array([[0.9, 0.1, 0], [0.2, 0.7, 0.1], [0.4, 0.5, 0.1], [0, 0.1, 0.9]])
    label = np.array([0, 1, 0, 2])
    assert measures.classification_error(output, label) == 1 / 4
    assert measures.confusion(output, label, classes=3).tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 1]]


def test_an_output_that_is_not_finite_has_no_error():
    assert math.isnan(measures.classification_error([[np.nan, 0.0]], [0]))
    assert math.isnan(measures.classification_error(np.zeros((0, 3)), []))


@pytest.mark.parametrize("label", [[-1], [3]])
def test_confusion_refuses_a_label_that_is_no_class(label):
    with pytest.raises(DataError, match="labels from 0 to 2"):
        measures.confusion([[1.0, 0, 0]], label, classes=3)


def test_a_firing_rate_is_the_number_of_spikes_over_the_time_observed():
    np.testing.assert_array_equal(measures.firing_rates([0, 2, 2, 2], neurons=4, seconds=0.5), [2, 0, 6, 0])
    assert np.isnan(measures.firing_rates([], neurons=2, seconds=0.0)).all()


def one_neuron(time: np.ndarray, trial: np.ndarray | None = None, measure=measures.isi_cv, **how: int) -> float:
    """Return the ISI-CV, or another measure of intervals, of a single neuron."""
    where = np.zeros(len(time), dtype=int) if trial is None else trial
    return float(measure(time, np.zeros(len(time), dtype=int), where, neurons=1, **how)[0])


VARIATIONS = pytest.mark.parametrize("measure", [measures.isi_cv, measures.isi_cv2])


@VARIATIONS
@pytest.mark.parametrize("interval", [1e-3, 0.1, 7.0])
def test_a_regular_train_has_a_variation_of_0(interval, measure):
    assert one_neuron(0.3 + interval * np.arange(50), measure=measure) == pytest.approx(0, abs=1e-9)


@VARIATIONS
@pytest.mark.parametrize("rate", [3.0, 80.0])
def test_a_poisson_train_has_a_variation_of_1(rng, rate, measure):
    # Intervals are exponential: σ = μ, and |I′ − I| / (I′ + I) is uniform. Of n intervals either has an error of about 1 / √n.
    intervals = rng.exponential(1 / rate, 40_000)
    assert one_neuron(np.cumsum(intervals), measure=measure) == pytest.approx(1, abs=5 / np.sqrt(len(intervals)))


def test_rates_that_differ_from_trial_to_trial_raise_the_cv_and_not_the_local_variation(rng):
    # Mean intervals of 1 and 9, half of the intervals each: μ = 5, σ = 4 of regular trains; of Poisson trains CV₂ stays 1.
    trial = np.repeat([0, 1], 5001)
    regular = np.concatenate([1.0 * np.arange(5001), 9.0 * np.arange(5001)])
    assert one_neuron(regular, trial) == pytest.approx(4 / 5)
    assert one_neuron(regular, trial, measures.isi_cv2) == pytest.approx(0, abs=1e-9)
    poisson = np.concatenate([np.cumsum(rng.exponential(mean, 5001)) for mean in (1.0, 9.0)])
    assert one_neuron(poisson, trial, measures.isi_cv2) == pytest.approx(1, abs=0.04)
    assert one_neuron(poisson, trial) > 1.4


def test_the_local_variation_of_alternating_intervals_is_worked_out_by_hand():
    # 2 |4 − 2| / (4 + 2) for every pair.
    assert one_neuron(np.cumsum([0.0, *([2, 4] * 10)]), measure=measures.isi_cv2) == pytest.approx(2 / 3)
    assert math.isnan(one_neuron(np.arange(11.0), measure=measures.isi_cv2))
    assert one_neuron(np.arange(12.0), measure=measures.isi_cv2) == 0


def test_a_gamma_train_has_an_isi_cv_of_one_over_the_root_of_its_order(rng):
    assert one_neuron(np.cumsum(rng.gamma(4.0, 0.01, 40_000))) == pytest.approx(1 / np.sqrt(4), abs=0.02)


def test_two_alternating_intervals_have_the_cv_worked_out_by_hand():
    # μ = 3, σ = 1 for as many intervals of 2 as of 4.
    assert one_neuron(np.cumsum([0.0, *([2, 4] * 10)])) == pytest.approx(1 / 3)


def test_the_pause_between_two_trials_is_no_interval():
    train = 0.01 * np.arange(20)
    assert one_neuron(np.concatenate([train, train + 500]), np.repeat([0, 1], 20)) == pytest.approx(0, abs=1e-9)
    assert one_neuron(np.concatenate([train, train + 500])) > 1


def test_neurons_are_told_apart_whatever_order_their_spikes_come_in(rng):
    time = np.concatenate([0.01 * np.arange(30), np.cumsum(rng.exponential(0.01, 5000))])
    neuron, mixed = np.repeat([1, 2], [30, 5000]), rng.permutation(5030)
    silent, regular, irregular, _ = measures.isi_cv(time[mixed], neuron[mixed], np.zeros(5030), neurons=4)
    assert math.isnan(silent)
    assert (regular, irregular) == (pytest.approx(0, abs=1e-9), pytest.approx(1, abs=0.08))


def test_too_few_intervals_have_no_cv():
    assert math.isnan(one_neuron(np.arange(10.0)))
    assert one_neuron(np.arange(11.0)) == pytest.approx(0)
    assert one_neuron(np.arange(3.0), least=2) == pytest.approx(0)
    assert measures.isi_cv([], [], [], neurons=0).shape == (0,)
