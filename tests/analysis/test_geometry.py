"""Aims at likenesses that depend on the choice of axes, that few trials alone produce, or that count a pair twice."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import pdist

from bio_fa.analysis.geometry import (
    class_selectivity,
    debiased_cka,
    dissimilarity,
    linear_cka,
    representational_similarity,
    weight_trajectory,
)
from bio_fa.errors import DataError

CKA = [linear_cka, debiased_cka]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)


@pytest.mark.parametrize("cka", CKA)
def test_cka_sees_neither_rotation_nor_scale_nor_offset(cka, rng) -> None:
    x, y = rng.random((20, 6)), rng.random((20, 4))
    rotation = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    assert cka(3 * x @ rotation + 7, y) == pytest.approx(cka(x, y))
    assert cka(x, x @ rotation) == pytest.approx(1)
    assert cka(x, y) == pytest.approx(cka(y, x))


def test_cka_of_single_neurons_is_their_squared_correlation(rng) -> None:
    x, y = rng.random((30, 1)), rng.random((30, 1))
    assert linear_cka(x, y) == pytest.approx(stats.pearsonr(x[:, 0], y[:, 0]).statistic ** 2)


def test_cka_of_orthogonal_halves_of_an_isotropic_code_is_one_over_root_two() -> None:
    # X = Q₁₂, Y = Q₁ with orthonormal centred columns: |XᵀY|² = 1, |XᵀX| = √2, |YᵀY| = 1.
    q = np.linalg.qr(np.column_stack([np.ones(8), np.random.default_rng(0).random((8, 2))]))[0][:, 1:]
    assert linear_cka(q, q[:, :1]) == pytest.approx(1 / math.sqrt(2))


def test_few_trials_alone_bring_cka_up_and_leave_the_debiased_one_at_zero(rng) -> None:
    pairs = [(rng.standard_normal((10, 100)), rng.standard_normal((10, 100))) for _ in range(200)]
    assert np.mean([linear_cka(x, y) for x, y in pairs]) > 0.8
    debiased = [debiased_cka(x, y) for x, y in pairs]
    assert abs(np.mean(debiased)) < 4 * np.std(debiased) / math.sqrt(200)


def unbiased_hsic(k: np.ndarray, el: np.ndarray) -> float:
    """Return the mean over ordered quadruples of distinct trials of K_ij (L_ij + L_kl − 2 L_ik): HSIC as a U-statistic."""
    quadruples = np.array(list(itertools.permutations(range(len(k)), 4))).T
    i, j, p, q = quadruples
    return float(np.mean(k[i, j] * (el[i, j] + el[p, q] - 2 * el[i, p])))


def test_the_debiased_cka_is_that_of_the_mean_over_quadruples_of_trials(rng) -> None:
    x, y = rng.random((7, 3)), rng.random((7, 2))
    k, el = x @ x.T, y @ y.T
    expected = unbiased_hsic(k, el) / math.sqrt(unbiased_hsic(k, k) * unbiased_hsic(el, el))
    assert debiased_cka(x, y) == pytest.approx(expected)


@pytest.mark.parametrize("cka", CKA)
def test_activity_that_never_changes_has_no_cka(cka, rng) -> None:
    assert math.isnan(cka(np.full((6, 3), 0.1), rng.random((6, 3))))


@pytest.mark.parametrize("measure", [*CKA, representational_similarity])
def test_activities_of_different_trials_are_not_compared(measure) -> None:
    with pytest.raises(DataError, match=r"\(trial, neuron\) of the same trials"):
        measure(np.ones((5, 2)), np.ones((6, 2)))


def test_fewer_than_four_trials_have_no_unbiased_cka() -> None:
    with pytest.raises(DataError, match="3 trials are not allowed; give four or more"):
        debiased_cka(np.eye(3), np.eye(3))


def test_dissimilarities_are_scipys_correlation_distances(rng) -> None:
    x = rng.random((6, 9))
    np.testing.assert_allclose(dissimilarity(x), pdist(x, "correlation"))


def test_representational_similarity_is_spearmans_correlation_of_the_dissimilarities(rng) -> None:
    x, y = rng.random((8, 5)), rng.random((8, 12))
    expected = stats.spearmanr(pdist(x, "correlation"), pdist(y, "correlation")).statistic
    assert representational_similarity(x, y) == pytest.approx(expected)


def test_representational_similarity_is_one_for_shuffled_neurons_and_undefined_for_a_flat_stimulus(rng) -> None:
    x = rng.random((8, 5))
    assert representational_similarity(x, 2 * x[:, ::-1] + 1) == pytest.approx(1)
    x[3] = 0.1
    assert math.isnan(representational_similarity(x, rng.random((8, 5))))


def test_selectivity_is_one_for_one_class_zero_for_all_alike_and_a_half_for_three_times_as_much() -> None:
    activity = np.array([[2.0, 1, 3, 0], [4, 1, 3, 0], [0, 1, 1, 0], [0, 1, 1, 0], [0, 1, 1, 0]])
    found = class_selectivity(activity, [0, 0, 1, 2, 2])
    np.testing.assert_allclose(found, [1, 0, 0.5, np.nan])


def test_selectivity_weighs_the_other_classes_alike_however_many_trials_they_have() -> None:
    # Class means 4, 2 and 0, the last of three trials: rest = 1, (4 − 1) / (4 + 1).
    np.testing.assert_allclose(class_selectivity([[4.0], [2.0], [0.0], [0.0], [0.0]], [0, 1, 2, 2, 2]), [3 / 5])


def test_weights_that_move_along_a_line_have_one_direction_at_equal_steps(rng) -> None:
    start, step = rng.random((4, 3)), rng.standard_normal((4, 3))
    found = weight_trajectory([start + t * step for t in range(5)])
    assert found.explained == pytest.approx([1, 0], abs=1e-12)
    np.testing.assert_allclose(np.abs(np.diff(found.position[:, 0])), np.linalg.norm(step))


def test_weights_that_turn_in_a_circle_explain_two_directions_by_halves() -> None:
    angle = 2 * np.pi * np.arange(12) / 12
    found = weight_trajectory(np.column_stack([np.cos(angle), np.zeros(12), np.sin(angle)]))
    np.testing.assert_allclose(found.explained, [0.5, 0.5])
    np.testing.assert_allclose(np.linalg.norm(found.position, axis=1), 1)


def test_the_trajectory_is_that_of_scikit_learn_up_to_signs(rng) -> None:
    decomposition = pytest.importorskip("sklearn.decomposition", reason="scikit-learn, the other opinion, is missing")
    w = rng.random((9, 20))
    pca, found = decomposition.PCA(3).fit(w), weight_trajectory(w, directions=3)
    np.testing.assert_allclose(np.abs(found.position), np.abs(pca.transform(w)), atol=1e-10)
    np.testing.assert_allclose(found.explained, pca.explained_variance_ratio_)


def test_weights_that_never_move_explain_nothing() -> None:
    found = weight_trajectory(np.full((4, 6), 0.1))
    assert not found.position.any() and not found.explained.any()
