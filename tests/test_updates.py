"""Aims at a step that is not the published one: a missing bias correction, a decay that never ends, a sign that scales;
and at a synapse whose step depends on its neighbours, or on the machine.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bio_fa.updates import (
    Adaptive,
    Chain,
    CosineDecay,
    Decayed,
    ExponentiatedGradient,
    FrozenSigns,
    Momentum,
    Noisy,
    Scale,
    Sign,
    Update,
    chain,
)
from tests.refusals import assert_refused
from tests.updates.taken import CHANGES, START, steps

OBEDIENT = [
    Scale(0.1),
    Momentum(0.9),
    Adaptive(0.01),
    Adaptive(0.01, mean_decay=0.3, square_decay=0.4),
    Sign(),
    CosineDecay(20),
    chain(Momentum(0.5), Adaptive(0.01), CosineDecay(40)),
    ExponentiatedGradient(0.1),
    FrozenSigns(4),
    chain(ExponentiatedGradient(0.1), CosineDecay(40)),
]
"""Updates that move nothing on their own."""
DRAWING = [Noisy(0.1), Noisy(0.1, decline=0.55), chain(Decayed(0.01), Noisy(0.1), FrozenSigns(4))]
UPDATES = [*OBEDIENT, Decayed(0.1), *DRAWING]


@pytest.mark.parametrize("update", UPDATES, ids=lambda each: each.kind())
def test_arrays_and_tensors_take_the_same_steps(update):
    torch = pytest.importorskip("torch")
    w = torch.tensor(START)
    state = update.init(w, np.random.default_rng(0))
    for change, expected in zip(CHANGES, steps(update, CHANGES, START), strict=True):
        step, state = update.step(torch.tensor(change), state, w)
        np.testing.assert_allclose(step.numpy(), expected, rtol=1e-12, atol=1e-14)
        w = w + step


@pytest.mark.parametrize("update", [*OBEDIENT, Decayed(0.1)], ids=lambda each: each.kind())
def test_the_step_of_a_synapse_depends_on_its_own_changes_and_weight_only(update):
    alone = steps(update, CHANGES[:, 1:2, 2:3], START[1:2, 2:3])
    np.testing.assert_allclose(steps(update, CHANGES, START)[:, 1:2, 2:3], alone, rtol=1e-13)


@pytest.mark.parametrize("update", UPDATES, ids=lambda each: each.kind())
def test_neither_a_state_nor_a_step_touches_the_weights(update):
    w, state = START.copy(), update.init(START, np.random.default_rng(0))
    for change in CHANGES:
        step, state = update.step(change.copy(), state, w)
        assert not np.shares_memory(step, w)
        step += 1
    assert (w == START).all()


@pytest.mark.parametrize("update", UPDATES, ids=lambda each: each.kind())
def test_a_step_does_not_change_after_it_was_taken(update):
    step, state = update.step(CHANGES[0].copy(), update.init(START, np.random.default_rng(0)), START)
    kept = np.array(step)
    update.step(CHANGES[1].copy(), state, START)
    assert np.array_equal(step, kept)


def test_scale_multiplies_by_its_rate():
    np.testing.assert_allclose(steps(Scale(0.25), CHANGES), 0.25 * CHANGES, rtol=1e-15)


@given(st.floats(0, 0.99, allow_subnormal=False), st.integers(1, 30))
def test_the_momentum_of_a_constant_change_is_a_geometric_sum(persistence, number):
    taken = steps(Momentum(persistence), np.full((number, 1, 1), 2.0))
    assert taken[-1].item() == pytest.approx(2.0 * (1 - persistence**number) / (1 - persistence), rel=1e-12)


@given(st.floats(1e-4, 1e4), st.sampled_from([-1, 1]), st.floats(1e-4, 1.0))
def test_the_first_adaptive_step_has_the_size_of_the_rate_whatever_the_change(size, sign, rate):
    """m = (1 − β₁) Δ and √v = √(1 − β₂) |Δ|, which the bias corrections cancel to η sign(Δ)."""
    taken = steps(Adaptive(rate, floor=1e-30), np.full((1, 1, 1), sign * size))
    assert taken.item() == pytest.approx(sign * rate, rel=1e-12)


@pytest.mark.parametrize("decays", [(0.9, 0.999), (0.5, 0.9), (0.0, 0.5)])
def test_fifty_adaptive_steps_are_those_of_adam_in_torch(decays):
    """torch.optim.Adam divides by √v̂ + ε and descends; with ε → 0 both forms of the algorithm are the same."""
    torch = pytest.importorskip("torch")
    changes = np.random.default_rng(5).standard_normal((50, 3, 4)) * np.logspace(-3, 3, 12).reshape(3, 4)
    w = torch.zeros(3, 4, dtype=torch.float64, requires_grad=True)
    adam = torch.optim.Adam([w], lr=0.01, betas=decays, eps=1e-30)
    for change in changes:
        w.grad = torch.tensor(-change)
        adam.step()
    ours = steps(Adaptive(0.01, *decays, floor=1e-30), changes).sum(axis=0)
    np.testing.assert_allclose(ours, w.detach().numpy(), rtol=1e-11)


def test_the_floor_holds_a_synapse_still_whose_changes_are_smaller_than_it():
    """With √v ≪ ε the first step is η √(1 − β₂) / (1 − β₁) · m / ε = η √(1 − β₂) Δ / ε."""
    taken = steps(Adaptive(1.0, floor=1.0), np.full((1, 1, 1), 1e-9))
    assert taken.item() == pytest.approx(np.sqrt(0.001) * 1e-9, rel=1e-6)


def test_a_synapse_that_never_changes_never_moves():
    assert all((steps(update, np.zeros((5, 2, 2))) == 0).all() for update in OBEDIENT)


def test_the_sign_moves_every_synapse_by_the_same_amount_in_the_direction_of_its_change():
    changes = np.array([[[1e-9, -1e9], [0.0, 3.0]]])
    assert steps(chain(Sign(), Scale(0.01)), changes).tolist() == [[[0.01, -0.01], [0.0, 0.01]]]


@given(st.floats(1e-4, 1.0), st.floats(0, 0.95))
def test_a_manhattan_step_has_one_magnitude_even_of_a_remembered_change(rate, persistence):
    """The sign of the momentum moves every synapse by the rate, whatever the sizes of its changes."""
    taken = steps(chain(Momentum(persistence), Sign(), Scale(rate)), CHANGES * np.logspace(-6, 6, 12).reshape(3, 4))
    assert (np.abs(taken) == rate).all()


@given(st.floats(1e-4, 1.0), st.floats(0, 0.95))
def test_the_momentum_of_signs_is_bounded_by_its_geometric_sum_and_reaches_it(rate, persistence):
    """v = Σ μᵏ sign(Δ), so that |step| ≤ η / (1 − μ), with equality in the limit of a change that keeps its sign."""
    update, bound = chain(Sign(), Momentum(persistence), Scale(rate)), rate / (1 - persistence)
    assert (np.abs(steps(update, CHANGES)) <= bound * (1 + 1e-12)).all()
    lasting = np.abs(np.random.default_rng(0).standard_normal((600, 1, 1)))
    assert steps(update, lasting)[-1].item() == pytest.approx(bound, rel=1e-9)


def test_the_size_of_a_batch_manhattan_step_is_that_of_no_change():
    scaled = CHANGES * 10.0 ** np.random.default_rng(1).integers(-8, 8, CHANGES.shape)
    update = chain(Sign(), Momentum(0.9), Scale(0.01))
    assert np.array_equal(steps(update, scaled), steps(update, CHANGES))


def test_the_cosine_falls_from_1_over_a_half_to_0_and_stays():
    factors = steps(CosineDecay(8), np.ones((12, 1, 1))).ravel()
    assert factors[0] == 1 and factors[4] == pytest.approx(0.5) and np.diff(factors[:9]).max() < 0
    np.testing.assert_allclose(factors[8:], 0, atol=1e-15)


@given(st.integers(1, 50))
def test_the_cosine_factors_sum_to_half_of_the_steps_and_a_half(number):
    """Σ over t = 0 … T − 1 of (1 + cos(π t / T)) / 2 = (T + 1) / 2, since the cosines but the first cancel in pairs."""
    assert steps(CosineDecay(number), np.ones((number, 1, 1))).sum() == pytest.approx((number + 1) / 2)


def test_chaining_is_associative():
    first, second, third = Momentum(0.9), Adaptive(0.01), CosineDecay(20)
    expected = steps(chain(first, second, third), CHANGES)
    assert np.array_equal(steps(chain(first, chain(second, third)), CHANGES), expected)
    assert np.array_equal(steps(chain(chain(first, second), third), CHANGES), expected)


def test_a_chain_applies_its_updates_in_order():
    assert steps(chain(Scale(0.1), Sign()), CHANGES[:1]).tolist() == np.sign(CHANGES[:1]).tolist()


@given(st.sampled_from(UPDATES))
def test_the_empty_chain_changes_nothing(update):
    assert np.array_equal(steps(chain(Chain(()), update), CHANGES), steps(update, CHANGES))


@pytest.mark.parametrize(
    ("make", "fragments"),
    [
        (lambda: Scale(-1e-3), ("Scale: rate = -0.001", "at least 0")),
        (lambda: Scale(float("nan")), ("rate = nan", "a finite number")),
        (lambda: Momentum(1.0), ("Momentum: persistence = 1.0", "[0, 1)")),
        (lambda: Momentum(-0.1), ("persistence = -0.1", "[0, 1)")),
        (lambda: Adaptive(-1.0), ("Adaptive: rate = -1.0", "at least 0")),
        (lambda: Adaptive(mean_decay=1.0), ("mean_decay = 1.0", "[0, 1)")),
        (lambda: Adaptive(square_decay=1.5), ("square_decay = 1.5", "[0, 1)")),
        (lambda: Adaptive(floor=0.0), ("floor = 0.0", "above 0")),
        (lambda: CosineDecay(0), ("CosineDecay: steps = 0", "at least 1 step")),
        (lambda: CosineDecay(10.0), ("steps = 10.0", "a whole number")),
        (lambda: ExponentiatedGradient(-0.1), ("ExponentiatedGradient: rate = -0.1", "at least 0")),
        (lambda: FrozenSigns(-1), ("FrozenSigns: after = -1", "at least 0")),
        (lambda: FrozenSigns(2.5), ("after = 2.5", "a whole number")),
        (lambda: Noisy(-0.1), ("Noisy: deviation = -0.1", "at least 0")),
        (lambda: Noisy(decline=-1.0), ("decline = -1.0", "at least 0")),
        (lambda: Decayed(-0.1), ("Decayed: rate = -0.1", "[0, 1]")),
        (lambda: Decayed(1.1), ("rate = 1.1", "[0, 1]")),
        (lambda: chain(Scale(), 0.1), ("Chain: updates = (", "each item is a Update")),
        (lambda: Update.from_table({"kind": "adam"}), ("'adam' is no kind of Update", "adaptive")),
    ],
)
def test_an_update_that_cannot_step_is_refused(make, fragments):
    assert_refused(make, *fragments)
