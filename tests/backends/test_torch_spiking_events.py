"""Aims at lists of spikes that lose, double or shift one, and at sums over them that are not those of matrix products."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bio_fa import Eligibility, Hebbian, Homeostasis, PairSTDP
from bio_fa.backends.stepping import traced
from bio_fa.backends.torch_lists import Lists
from bio_fa.backends.torch_pieces import Pieces
from bio_fa.backends.torch_products import Sparse, dense, sparse
from bio_fa.backends.torch_transmit import Events, transmit
from bio_fa.backends.torch_visits import follow, gather, scatter
from bio_fa.plasticity import Plasticity

STEPS, TRIALS, PRE, POST = 6, 3, 21, 130
"""More postsynaptic neurons than one thread takes at a time, and presynaptic ones that eight do not divide."""


def drawn(share: float, *shape: int) -> np.ndarray:
    """Return boolean spikes of a share of neurons."""
    return np.random.default_rng(0).random(shape) < share


def listed(spikes: np.ndarray, history: int = 2) -> Lists:
    """Return the lists of spikes (step, trial, neuron) that happen in a chunk."""
    lists = Lists(len(spikes), *spikes.shape[1:], history)
    lists.clear()
    lists.write(0, spikes)
    return lists


@pytest.mark.parametrize("share", [0.0, 0.1, 1.0])
def test_lists_hold_the_spikes_that_were_written(share: float):
    spikes = drawn(share, STEPS, TRIALS, PRE)
    lists = listed(spikes)
    np.testing.assert_array_equal(lists.dense(0, STEPS), spikes)
    np.testing.assert_array_equal(lists.dense(2, 4), spikes[2:4])
    assert not lists.dense(-2, 0).any()


def test_lists_name_neurons_in_order():
    fired, count = listed(drawn(0.5, STEPS, TRIALS, PRE)).since(0)
    for row, number in zip(fired.flatten(0, 1), count.flatten(), strict=True):
        assert row[:number].tolist() == sorted(set(row[:number].tolist()))


def test_a_new_chunk_remembers_the_last_steps_of_the_one_before():
    spikes = drawn(0.3, STEPS, TRIALS, PRE)
    lists = listed(spikes)
    lists.roll(4)  # a chunk may end before its arrays do
    np.testing.assert_array_equal(lists.dense(-2, 0), spikes[2:4])
    fired, count = lists.since(1)
    assert fired[0, 0, : count[0, 0]].tolist() == np.flatnonzero(spikes[3, 0]).tolist()


def test_gathering_adds_the_weights_of_those_who_fired_in_order():
    spikes, w = drawn(0.2, STEPS * TRIALS, PRE), torch.rand((PRE, POST), dtype=torch.float64)
    fired, count = listed(spikes[:, None]).since(0)
    expected = np.zeros((len(spikes), POST))
    for row, neuron in zip(*np.nonzero(spikes), strict=True):
        expected[row] += w[neuron].numpy()
    np.testing.assert_array_equal(gather(w, (fired[:, 0], count[:, 0])).numpy(), expected)


@pytest.mark.parametrize("first", [0, 2, 5])
@pytest.mark.parametrize("keep", [0.0, 0.95])
def test_visits_add_up_to_the_products_with_traces(keep: float, first: int):
    # Σ_t p_t x_t over the window, with x_t = keep x_{t−1} + S_t from x_{−1} on; without a trace x_t = S_t.
    spikes, p = drawn(0.2, STEPS, TRIALS, PRE), np.random.default_rng(1).normal(size=(STEPS, TRIALS, POST))
    before = np.random.default_rng(2).random((TRIALS, PRE)) * (keep > 0)
    x, expected = before, np.zeros((PRE, POST))
    for step in range(STEPS):
        x = keep * x + spikes[step]
        expected += x.T @ p[step] if step >= first else 0.0
    change = torch.zeros((PRE, POST), dtype=torch.float64)
    rest = scatter(change, torch.tensor(p), listed(spikes).since(0), keep, first)
    change.addmm_(torch.tensor(before).T, rest)
    np.testing.assert_allclose(change.numpy(), expected, rtol=1e-12, atol=1e-14)


def test_a_trace_follows_listed_spikes_as_it_follows_steps():
    spikes, trace = drawn(0.2, STEPS, TRIALS, PRE), torch.rand((TRIALS, PRE), dtype=torch.float64)
    expected = trace.numpy().copy()
    for now in spikes:
        expected = traced(expected, now, 20e-3, 1e-3)
    follow(trace, listed(spikes).since(0), traced(1.0, 0.0, 20e-3, 1e-3), STEPS)
    np.testing.assert_allclose(trace.numpy(), expected, rtol=1e-13)


@pytest.mark.parametrize("share", [0.05, 0.9])
def test_transmission_and_its_gradients_are_those_of_a_matrix_product_sparse_or_not(share: float):
    results = []
    for of in (Events.of, lambda spikes: Events(spikes, None)):
        torch.manual_seed(0)
        spikes = torch.tensor(drawn(share, STEPS * TRIALS, PRE)).double().requires_grad_()
        w = torch.rand((POST, PRE), dtype=torch.float64, requires_grad=True)
        current = transmit(of(spikes), w, 1.7)
        gradients = torch.autograd.grad((current * torch.rand_like(current)).sum(), (spikes, w))
        results.append([each.detach().numpy() for each in (current, *gradients)])
    assert (Events.of(spikes).lists is None) == (share > 0.5)
    for sparse_, dense_ in zip(*results, strict=True):
        np.testing.assert_allclose(sparse_, dense_, rtol=1e-12)


def test_pieces_are_one_sequence():
    whole = torch.arange(10.0)[:, None, None]
    pieces = Pieces(whole[:3])
    for start, stop in ((3, 4), (4, 8), (8, 10)):
        pieces.append(whole[start:stop])
    for start, stop in ((-3, 0), (-1, 1), (0, 7), (-2, 7), (6, 7), (1, 2)):
        assert torch.equal(pieces.span(start, stop), whole[start + 3 : stop + 3])
    pieces.roll()
    assert torch.equal(pieces.span(-3, 0), whole[7:])


def test_a_roll_that_detaches_lets_no_gradient_through():
    source = torch.ones((2, 1, 1), requires_grad=True)
    for detach in (True, False):
        pieces = Pieces(torch.zeros((1, 1, 1)))
        pieces.append(2 * source)
        pieces.roll(detach)
        assert pieces.span(-1, 0).requires_grad != detach


@pytest.mark.parametrize(
    ("rule", "sign", "expected"),
    [
        (PairSTDP(), 1, [Sparse(0, 1.0, True), Sparse(1, 1.0, False)]),
        (Eligibility(), -1, [Sparse(0, -1.0, True)]),
        (Homeostasis() + Eligibility(), 1, [Sparse(1, 1.0, True)]),
        (Hebbian(), 1, []),
    ],
    ids=["pair_stdp", "eligibility_of_inhibition", "after_homeostasis", "hebbian"],
)
def test_products_with_a_spike_or_a_trace_need_visits_only(rule: Plasticity, sign: int, expected: list[Sparse]):
    assert list(sparse(rule, sign)) == expected
    assert dense(rule, sign, listed=True) == ()
    assert dense(rule, sign, listed=False) == tuple(each.number for each in expected)
