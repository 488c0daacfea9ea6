"""Aims at a decay that does not bound the weights, or bounds them elsewhere than at the principal component."""

from __future__ import annotations

import numpy as np

from bio_fa.plasticity import Oja
from tests.plasticity.change import change

SAMPLES = np.array([[2.0, 1.0], [-2.0, -1.0], [0.3, -0.6], [-0.3, 0.6]])
"""Trials of two inputs along two orthogonal directions, the first with the larger variance."""
PRINCIPAL = np.linalg.eigh(SAMPLES.T @ SAMPLES)[1][:, -1]


def linear_change(w: np.ndarray, rate: float) -> np.ndarray:
    """Return Δw of one linear neuron y = w · x, to which Oja's theorem applies."""
    return change(Oja(rate), SAMPLES, SAMPLES @ w.T, w)


def test_by_hand():
    """Hebb's mean [[1, 2], [6.5, 1]] less y² w with the means of y² = [2, 8.5], times η = 0.5."""
    np.testing.assert_allclose(change(Oja(0.5)), 0.5 * np.array([[1 - 2 * 0.5, 2 - 2 * 1], [6.5 - 8.5 * 0.25, 1 - 8.5 * 2]]))


def test_the_unit_principal_component_is_a_fixed_point():
    for w in (PRINCIPAL, -PRINCIPAL):
        np.testing.assert_allclose(linear_change(w[None], 1.0), 0, atol=1e-14)


def test_from_anywhere_the_weights_converge_to_the_unit_principal_component():
    for start in ([0.1, 0.0], [0.0, 0.5], [-2.0, 1.0]):
        w = np.array([start])
        for _ in range(500):
            w = w + linear_change(w, 0.05)
        np.testing.assert_allclose(np.abs(w[0]), np.abs(PRINCIPAL), atol=1e-10)
        assert abs(w[0] @ PRINCIPAL) > 1 - 1e-10


def test_the_length_of_the_weights_shrinks_where_it_is_above_1():
    """d|w|² / dt = 2 y² (1 − |w|²)."""
    for length, direction in ((2.0, -1), (0.5, 1)):
        w = length * PRINCIPAL[None]
        assert np.sign((w * linear_change(w, 0.1)).sum()) == direction
