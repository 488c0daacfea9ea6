"""Aims at a sign that flips after all: by rounding, over a stop at 0, by the next update or constraint, or on one backend."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bio_fa import Bounds, LocalLearning, ProjectionNorm, WeightNorm, backends, two_phase
from bio_fa.updates import CosineDecay, FrozenSigns, Momentum, Scale, chain
from models.mlp import mlp
from tests.tiny import SETTLING_BACKENDS, batch, compiled, trial, with_constraints
from tests.updates.taken import path

NUMBERS = st.one_of(st.sampled_from([0.0, 1.0, -1.0, 0.1, -0.3]), st.floats(-1e3, 1e3, allow_subnormal=False))
WEIGHTS, SERIES = arrays(float, (2, 2), elements=NUMBERS), arrays(float, (8, 2, 2), elements=NUMBERS)


def flips(passed: np.ndarray) -> int:
    """Return how often a weight has a sign other than the last that it had, over (time, post, pre)."""
    count = 0
    for row in np.sign(passed).reshape(len(passed), -1).T:
        signed = row[row != 0]
        count += np.count_nonzero(signed[1:] != signed[:-1])
    return count


@given(WEIGHTS, SERIES, st.integers(0, 8))
def test_no_sign_changes_after_freezing_even_over_a_stop_at_0(w, changes, after):
    for update in (FrozenSigns(after), chain(FrozenSigns(after), CosineDecay(8)), chain(Momentum(0.9), FrozenSigns(after))):
        assert flips(path(update, changes, w)[after:]) == 0


@given(WEIGHTS, SERIES)
def test_before_freezing_weights_move_freely(w, changes):
    assert np.array_equal(path(FrozenSigns(8), changes, w), path(Scale(1.0), changes, w))


@pytest.mark.parametrize("after", range(9))
def test_a_weight_that_is_pushed_to_and_fro_changes_its_sign_until_it_is_frozen(after):
    """1, −1, 1, … under changes of ∓2: one flip a step before freezing, none after."""
    swings = np.array([-2.0, 2.0] * 4).reshape(8, 1, 1)
    assert flips(path(FrozenSigns(after), swings, np.array([[1.0]]))) == after


@given(WEIGHTS, SERIES)
def test_from_the_start_it_is_projected_descent_onto_the_orthant_of_the_signs(w, changes):
    """s w ← [s (w + Δw)]₊, which Dale's law is for s = 1."""
    w = np.where(w == 0, 1.0, w)
    expected = [np.abs(w)]
    for change in changes:
        expected.append(np.maximum(expected[-1] + np.sign(w) * change, 0))
    np.testing.assert_allclose(path(FrozenSigns(0), changes, w), np.sign(w) * np.array(expected), rtol=1e-12, atol=1e-12)


def test_a_weight_that_would_cross_0_stops_there_and_comes_back_on_its_own_side():
    passed = path(FrozenSigns(0), np.array([-5.0, -1.0, 2.0]).reshape(3, 1, 1), np.array([[1.0]]))
    assert passed.ravel().tolist() == [1.0, 0.0, 0.0, 2.0]


def test_a_weight_of_0_keeps_the_first_sign_that_it_gets():
    passed = path(FrozenSigns(0), np.array([-2.0, 5.0, -1.0]).reshape(3, 1, 1), np.array([[0.0]]))
    assert passed.ravel().tolist() == [0.0, -2.0, 0.0, -1.0]


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("constraints", [(), (WeightNorm(1.0),), (ProjectionNorm(1.0), Bounds(0.5))], ids=str)
@pytest.mark.parametrize("backend", SETTLING_BACKENDS)
def test_no_weight_of_a_circuit_changes_its_sign_after_freezing_and_many_do_before(backend, constraints, precision):
    if backend == "reference" and precision == "float32":
        pytest.skip("the reference computes in double precision")
    circuit, after = with_constraints(mlp(4, (5,), 3), *constraints), 6
    protocol, learning = two_phase(circuit), LocalLearning(chain(Scale(20.0), FrozenSigns(after), CosineDecay(40)))
    simulation = compiled(circuit, protocol, learning, backend)
    if precision == "float32":
        simulation = backends.get(backend, precision=precision, threads=1).compile(circuit, protocol, learning)
    state, seen = simulation.init(circuit.sample(0)), []
    for number in range(20):
        seen.append({each.name: simulation.parameters(state)[each.name].w for each in circuit.plastic})
        state = simulation.learn(trial(simulation, state, batch(circuit, 2, seed=number)))
    paths = [np.array([weights[each.name] for weights in seen]) for each in circuit.plastic]
    assert sum(flips(each[: after + 1]) for each in paths) > 0
    assert sum(flips(each[after:]) for each in paths) == 0
    several = [each for each in paths if each.shape[-1] > 1]  # a single synapse of one norm and sign cannot move
    assert all(np.abs(each[after + 1] - each[-1]).max() > 0 for each in several), "weights go on learning"
