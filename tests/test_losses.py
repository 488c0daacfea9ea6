"""Aims at a loss whose gradient is not the error that the nudge makes, so that local and gradient learning differ for no reason."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bio_fa import DivisiveNormalisation, LeakyRate, Population, SaturatingRate
from bio_fa.losses import CrossEntropy, Loss, SquaredError, loss_of
from bio_fa.weights import Constant
from tests.tiny import chain_of, leaky


def test_a_sure_and_right_answer_costs_nothing():
    assert CrossEntropy().per_trial(np.eye(3), np.eye(3)) == pytest.approx(np.zeros(3), abs=1e-12)
    assert SquaredError().per_trial(np.eye(3), np.eye(3)) == pytest.approx(np.zeros(3))


def test_an_even_answer_among_n_costs_log_n():
    assert CrossEntropy().per_trial(np.full((2, 10), 0.1), np.eye(10)[:2]) == pytest.approx(np.log([10, 10]))


def test_cross_entropy_is_least_where_the_activity_is_the_target():
    # Gibbs' inequality: −Σ t log r ≥ −Σ t log t.
    rng = np.random.default_rng(0)
    target, other = (rng.dirichlet(np.ones(5), 50) for _ in range(2))
    assert (CrossEntropy().per_trial(other, target) >= CrossEntropy().per_trial(target, target)).all()


def test_squared_error_is_half_the_sum_of_squares():
    assert SquaredError().per_trial(np.array([[1.0, 5.0]]), np.array([[4.0, 1.0]])) == pytest.approx([(9 + 16) / 2])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_activity_of_zero_where_one_is_asked_for_costs_a_finite_loss(dtype):
    loss = CrossEntropy().per_trial(np.array([[0, 1]], dtype), np.array([[1, 0]], dtype))
    assert np.isfinite(loss).all()
    assert loss[0] > 50


@pytest.mark.parametrize(
    ("loss", "neuron"), [(CrossEntropy(), DivisiveNormalisation()), (SquaredError(), LeakyRate())], ids=["normalised", "linear"]
)
def test_the_gradient_at_the_current_of_the_output_is_the_error_that_a_nudge_makes(loss, neuron):
    # dL/dI = r − target: Bishop (2006) eq. 4.109 for cross-entropy, and the chain rule for a linear output.
    rng = np.random.default_rng(1)
    current = torch.tensor(rng.random((4, 3)) + 0.1, requires_grad=True)
    target = torch.tensor(rng.dirichlet(np.ones(3), 4))
    activity = neuron.activity(neuron.settled(current))
    (gradient,) = torch.autograd.grad(loss.per_trial(activity, target).sum(), current)
    torch.testing.assert_close(gradient, (activity - target).detach())


def test_arrays_and_tensors_cost_the_same():
    rng = np.random.default_rng(2)
    activity, target = rng.dirichlet(np.ones(4), 6), rng.dirichlet(np.ones(4), 6)
    for loss in (CrossEntropy(), SquaredError()):
        tensor = loss.per_trial(torch.tensor(activity), torch.tensor(target))
        np.testing.assert_allclose(tensor.numpy(), loss.per_trial(activity, target), rtol=1e-12)


@pytest.mark.parametrize("neuron", [LeakyRate(), SaturatingRate()])
def test_the_loss_follows_the_neurons_of_the_output(neuron):
    def answering(output):
        return chain_of(leaky("a"), Population("b", 2, neuron=output), weights=Constant(1.0))

    assert loss_of(answering(neuron)) == SquaredError()
    assert loss_of(answering(DivisiveNormalisation())) == CrossEntropy()


def test_every_loss_names_its_source():
    for loss in Loss.kinds().values():
        assert any("Source:" in line for line in loss().sources())
