"""Aims at a contrast of phases that is not the difference of their Hebbian products."""

import numpy as np

from bio_fa.plasticity import HebbianContrast, Postsynaptic, Presynaptic
from tests.plasticity.change import POST, PRE, W


def contrast(pre_error: np.ndarray, post_error: np.ndarray, sign: int = 1, rate: float = 1.0) -> np.ndarray:
    """Return Δw for the activities of the phase that is read and the differences of both sides."""
    before = Presynaptic(PRE[:, None, :], 0.0, sign, error=pre_error[:, None, :])
    after = Postsynaptic(POST[:, :, None], 0.0, post_error[:, :, None])
    return sum(a * b * c for a, b, c in HebbianContrast(rate).factors(before, after, W)).mean(axis=0)


def test_it_is_the_correlation_of_one_phase_less_that_of_the_other():
    """Movellan (1991): Δw = r⁺ r⁺ᵀ − r⁻ r⁻ᵀ, here of two trials of two neurons."""
    plus_pre, plus_post = np.array([[2.0, 0.5], [1.0, 3.0]]), np.array([[0.0, 2.5], [1.5, 1.0]])
    wanted = (plus_post.T @ plus_pre - POST.T @ PRE) / 2
    np.testing.assert_allclose(contrast(plus_pre - PRE, plus_post - POST), wanted, rtol=0, atol=1e-15)
    np.testing.assert_allclose(contrast(plus_pre - PRE, plus_post - POST, -1, 3.0), -3 * wanted, rtol=0, atol=1e-15)


def test_nothing_changes_where_both_phases_are_alike():
    assert not contrast(np.zeros((2, 2)), np.zeros((2, 2))).any()
