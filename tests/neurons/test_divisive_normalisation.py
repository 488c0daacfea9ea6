"""Aims at a population whose activities do not share their sum, or that overflows where the drive is strong."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bio_fa.neurons import DivisiveNormalisation

POTENTIALS = arrays(float, (3, 5), elements=st.floats(-700, 700, allow_subnormal=False))


def activity(u: np.ndarray) -> np.ndarray:
    return DivisiveNormalisation().activity(u)


def test_each_neuron_gets_the_share_of_its_exponential_drive():
    np.testing.assert_allclose(activity(np.log([[1.0, 2.0, 3.0], [5.0, 4.0, 1.0]])), [[1 / 6, 2 / 6, 3 / 6], [0.5, 0.4, 0.1]])


@given(POTENTIALS)
def test_the_activities_of_a_population_sum_to_1_in_every_trial(u):
    np.testing.assert_allclose(activity(u).sum(axis=1), 1, rtol=1e-14)


@given(POTENTIALS, st.integers(-100, 100))
def test_a_current_common_to_all_neurons_changes_nothing(u, common):
    np.testing.assert_allclose(activity(u + common), activity(u), rtol=1e-10, atol=1e-300)


@pytest.mark.parametrize("strong", [1e4, -1e4, 1e300])
def test_a_strong_drive_does_not_overflow(strong):
    assert activity(np.array([[strong, strong, 0.0]])).sum() == pytest.approx(1)


def test_the_slope_is_the_diagonal_of_the_jacobian():
    """∂rᵢ/∂uⱼ = rᵢ (δᵢⱼ − rⱼ), Bishop (2006) eq. 4.106."""
    np.testing.assert_allclose(DivisiveNormalisation().slope(np.log([[1.0, 2.0, 3.0]])), [[5 / 36, 8 / 36, 9 / 36]])


def test_a_population_of_one_is_always_at_its_ceiling():
    assert activity(np.array([[-3.0], [7.0]])).tolist() == [[DivisiveNormalisation.ceiling]] * 2


def test_arrays_and_tensors_are_normalised_alike():
    torch = pytest.importorskip("torch")
    u = np.random.default_rng(0).normal(size=(4, 6))
    np.testing.assert_allclose(DivisiveNormalisation().activity(torch.tensor(u)).numpy(), activity(u), rtol=1e-14)
