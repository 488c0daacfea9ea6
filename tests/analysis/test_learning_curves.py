"""Aims at areas and thresholds that depend on how densely a curve was evaluated, and on which side it came from."""

from __future__ import annotations

import numpy as np
import pytest

from bio_fa.analysis.learning_curves import area_under, band, on_common_grid, trials_to
from bio_fa.analysis.statistics import summary
from bio_fa.errors import DataError


def test_the_area_under_a_constant_is_its_height_whatever_the_evaluations() -> None:
    assert area_under([0, 1, 100, 1000], [0.3] * 4) == pytest.approx(0.3)
    assert area_under([500, 700, 1000], [0.3] * 3) == pytest.approx(0.3)


def test_the_area_under_a_line_is_its_middle_and_under_a_parabola_a_third() -> None:
    t = np.array([0, 10, 15, 80, 100])
    assert area_under(t, 1 - t / 100) == pytest.approx(0.5)
    fine = np.linspace(0, 100, 2001)
    assert area_under(fine, (fine / 100) ** 2) == pytest.approx(1 / 3, abs=1e-6)


def test_a_threshold_is_crossed_between_evaluations_where_the_straight_line_crosses_it() -> None:
    assert trials_to([0, 100, 300], [0.2, 0.6, 0.9], 0.7) == pytest.approx(100 + 200 / 3)
    assert trials_to([0, 100, 300], [0.8, 0.4, 0.1], 0.3, falling=True) == pytest.approx(100 + 200 / 3)


def test_a_threshold_that_is_reached_exactly_is_reached_there() -> None:
    assert trials_to([0, 10, 20], [0.1, 0.5, 0.9], 0.5) == 10
    assert trials_to([5, 10], [0.9, 0.95], 0.5) == 5


def test_the_first_crossing_counts_although_the_curve_falls_back() -> None:
    assert trials_to([0, 1, 2, 3], [0, 1, 0, 1], 0.5) == 0.5


def test_a_threshold_that_is_never_reached_is_no_number_of_trials() -> None:
    assert trials_to([0, 1, 2], [0.1, 0.2, 0.3], 0.5) is None
    assert trials_to([0, 1, 2], [0.9, 0.8, 0.7], 0.5, falling=True) is None


def test_curves_that_were_evaluated_apart_meet_on_the_evaluations_of_their_common_range() -> None:
    grid, curves = on_common_grid([[0, 10, 20], [5, 15, 25]], [[0, 1, 2], [5, 15, 25]])
    assert grid.tolist() == [5, 10, 15, 20]
    np.testing.assert_allclose(curves, [[0.5, 1, 1.5, 2], [5, 10, 15, 20]])


def test_curves_without_a_common_range_are_refused() -> None:
    with pytest.raises(DataError, match="give curves that overlap"):
        on_common_grid([[0, 1], [2, 3]], [[0, 1], [0, 1]])


def test_a_band_is_the_summary_of_the_seeds_at_each_evaluation() -> None:
    curves = np.random.default_rng(0).random((6, 3))
    found = band([1, 2, 3], curves, seed=4)
    each = [summary(column, seed=4) for column in curves.T]
    np.testing.assert_allclose(found.mean, [one.mean for one in each])
    np.testing.assert_allclose(found.low, [one.low for one in each])
    np.testing.assert_allclose(found.high, [one.high for one in each])
    assert found.trials.tolist() == [1, 2, 3]


@pytest.mark.parametrize(("trials", "curve"), [([0, 1], [1, 2, 3]), ([0, 0], [1, 2]), ([1, 0], [1, 2]), ([0], [1])])
def test_a_curve_whose_trials_do_not_rise_is_refused(trials: list[int], curve: list[int]) -> None:
    with pytest.raises(DataError, match="give one each at two or more rising trials"):
        area_under(trials, curve)


def test_curves_whose_evaluations_are_not_those_of_the_trials_are_refused() -> None:
    with pytest.raises(DataError, match="rising trials"):
        band([1, 2], np.ones((6, 3)))
