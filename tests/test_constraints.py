"""Aims at weights that escape: a negative magnitude, a synapse that comes back, a norm that drifts, and a projection onto
the allowed weights that is none, because it moves allowed weights or does not go to the nearest.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bio_fa.constraints import Bounds, Constraint, Dale, Mask, WeightNorm
from tests.refusals import assert_refused

SHAPE = (3, 4)
WEIGHTS = arrays(float, SHAPE, elements=st.integers(-40, 40).map(lambda eighths: eighths / 8))
MASKS = arrays(bool, SHAPE)
CONSTRAINTS = st.sampled_from([Dale(), Mask(), Bounds(2.0), WeightNorm(1.5)])


def apply(constraint: Constraint, w: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """Return the allowed weights nearest to a copy of ``w``, which a constraint may spend."""
    return constraint.apply(w.copy(), np.ones(w.shape) if mask is None else mask.astype(float))


@given(CONSTRAINTS, WEIGHTS, MASKS)
def test_weights_that_are_allowed_do_not_move(constraint, w, mask):
    allowed = apply(constraint, w, mask)
    np.testing.assert_allclose(apply(constraint, allowed, mask), allowed, rtol=1e-15)


@given(CONSTRAINTS, WEIGHTS, WEIGHTS, MASKS)
def test_no_allowed_weights_are_nearer(constraint, w, others, mask):
    """The definition of a projection: ‖w − P(w)‖ ≤ ‖w − v‖ for every allowed v, here neuron by neuron."""
    nearest, allowed = apply(constraint, w, mask), apply(constraint, others, mask)
    on_the_sphere = allowed.any(axis=1) if constraint.kind() == "weight_norm" else np.ones(len(w), dtype=bool)
    chosen, other = (np.linalg.norm(w - each, axis=1) for each in (nearest, allowed))
    assert (chosen <= other + 1e-12)[on_the_sphere].all()


@given(WEIGHTS)
def test_dale_leaves_no_negative_magnitude_and_moves_no_other(w):
    assert (apply(Dale(), w) == np.where(w > 0, w, 0)).all()


@given(WEIGHTS, MASKS)
def test_the_mask_keeps_absent_synapses_at_0_and_moves_no_other(w, mask):
    assert (apply(Mask(), w, mask) == np.where(mask, w, 0)).all()


@given(WEIGHTS)
def test_no_synapse_is_stronger_than_its_bound_whatever_its_sign(w):
    bounded = apply(Bounds(2.0), w)
    assert (np.abs(bounded) <= 2.0).all() and (bounded == w)[np.abs(w) <= 2.0].all()


@given(WEIGHTS, st.floats(0.1, 10))
def test_the_synapses_of_each_neuron_have_the_norm_gamma_and_their_direction(w, norm):
    scaled, length = apply(WeightNorm(norm), w), np.linalg.norm(w, axis=1)
    np.testing.assert_allclose(np.linalg.norm(scaled, axis=1), np.where(length > 0, norm, 0), rtol=1e-14)
    np.testing.assert_allclose(scaled * length[:, None], w * norm, rtol=1e-13, atol=1e-13)


@given(WEIGHTS, MASKS)
def test_dale_mask_and_norm_in_this_order_hold_together(w, mask):
    for constraint in (Dale(), Mask(), WeightNorm(1.5)):
        w = apply(constraint, w, mask)
    assert (w >= 0).all() and (w[~mask] == 0).all()
    np.testing.assert_allclose(np.linalg.norm(w, axis=1), np.where(w.any(axis=1), 1.5, 0), rtol=1e-14)


@given(CONSTRAINTS, WEIGHTS, MASKS)
def test_arrays_and_tensors_are_constrained_alike(constraint, w, mask):
    torch = pytest.importorskip("torch")
    tensor = constraint.apply(torch.tensor(w), torch.tensor(mask.astype(float)))
    np.testing.assert_allclose(tensor.numpy(), apply(constraint, w, mask), rtol=1e-15)


@pytest.mark.parametrize(
    ("make", "fragments"),
    [
        (lambda: Bounds(0.0), ("Bounds: largest = 0.0", "a magnitude above 0")),
        (lambda: Bounds(-1.0), ("Bounds: largest = -1.0", "a magnitude above 0")),
        (lambda: Bounds(float("inf")), ("largest = inf", "a finite number")),
        (lambda: WeightNorm(0.0), ("WeightNorm: norm = 0.0", "a norm above 0")),
        (lambda: WeightNorm("unit"), ("norm = 'unit'", "a finite number")),
    ],
)
def test_a_constraint_that_allows_nothing_is_refused(make, fragments):
    assert_refused(make, *fragments, "is not allowed; give")
