"""Aims at weights that escape: a negative magnitude, a synapse that comes back, a norm that drifts, and a projection onto
the allowed weights that is none, because it moves allowed weights or does not go to the nearest.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bio_fa.circuit import Circuit
from bio_fa.constraints import Bounds, Constraint, Dale, Mask, ProjectionNorm, WeightNorm
from bio_fa.learning import LocalLearning
from bio_fa.projection import Projection
from bio_fa.protocol import two_phase
from bio_fa.updates import Scale
from bio_fa.weights import Constrained
from models.mlp import mlp
from tests.refusals import assert_refused
from tests.tiny import SETTLING_BACKENDS, batch, compiled, trial

SHAPE = (3, 4)
WEIGHTS = arrays(float, SHAPE, elements=st.integers(-40, 40).map(lambda eighths: eighths / 8))
MASKS = arrays(bool, SHAPE)
NEURON_BY_NEURON = [Dale(), Mask(), Bounds(2.0), WeightNorm(1.5)]
CONSTRAINTS = st.sampled_from([*NEURON_BY_NEURON, ProjectionNorm(1.5)])


def apply(constraint: Constraint, w: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """Return the allowed weights nearest to a copy of ``w``, which a constraint may spend."""
    return constraint.apply(w.copy(), np.ones(w.shape) if mask is None else mask.astype(float))


@given(CONSTRAINTS, WEIGHTS, MASKS)
def test_weights_that_are_allowed_do_not_move(constraint, w, mask):
    allowed = apply(constraint, w, mask)
    np.testing.assert_allclose(apply(constraint, allowed, mask), allowed, rtol=1e-15)


@given(st.sampled_from(NEURON_BY_NEURON), WEIGHTS, WEIGHTS, MASKS)
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


@given(WEIGHTS, WEIGHTS, st.floats(0.1, 10))
def test_no_weights_of_the_norm_of_a_projection_are_nearer(w, others, norm):
    nearest, allowed = apply(ProjectionNorm(norm), w), apply(ProjectionNorm(norm), others)
    if allowed.any():
        assert np.linalg.norm(w - nearest) <= np.linalg.norm(w - allowed) + 1e-12


@given(WEIGHTS, st.floats(0.1, 10))
def test_a_projection_keeps_its_norm_and_the_shares_of_its_neurons(w, norm):
    """‖W‖ = γ √n and W ∥ W₀; from a W₀ of that norm it is the published W ← ‖W₀‖ W / ‖W‖."""
    scaled, length = apply(ProjectionNorm(norm), w), np.linalg.norm(w)
    assert np.linalg.norm(scaled) == pytest.approx(norm * np.sqrt(len(w)) if length > 0 else 0, rel=1e-14)
    np.testing.assert_allclose(scaled * length, w * norm * np.sqrt(len(w)), rtol=1e-13, atol=1e-12)


@given(WEIGHTS.filter(lambda w: w.any(axis=1).all()), st.floats(0.1, 10))
def test_where_each_neuron_has_the_norm_the_projection_has_it_too(w, norm):
    allowed = apply(WeightNorm(norm), w)
    np.testing.assert_allclose(apply(ProjectionNorm(norm), allowed), allowed, rtol=1e-14)


@given(WEIGHTS, MASKS)
def test_dale_mask_and_norm_in_this_order_hold_together(w, mask):
    for constraint in (Dale(), Mask(), WeightNorm(1.5)):
        w = apply(constraint, w, mask)
    assert (w >= 0).all() and (w[~mask] == 0).all()
    np.testing.assert_allclose(np.linalg.norm(w, axis=1), np.where(w.any(axis=1), 1.5, 0), rtol=1e-14)


def normalised(circuit: Circuit, constraint: Constraint) -> tuple[Circuit, list[Projection]]:
    """Return the circuit whose synapses obey a constraint, the fixed ones from the draw on, and those: all but the tonic."""

    def obeying(each: Projection) -> Projection:
        if each.plasticity is None:
            return replace(each, weights=Constrained(each.weights, (constraint,)))
        return each if each.from_tonic else replace(each, constraints=(constraint,))

    circuit = replace(circuit, projections=tuple(obeying(each) for each in circuit.projections))
    return circuit, [each for each in circuit.projections if not each.from_tonic]


@pytest.mark.parametrize("backend", SETTLING_BACKENDS)
@pytest.mark.parametrize("constraint", [WeightNorm(0.8), ProjectionNorm(0.8)], ids=lambda each: each.kind())
def test_forward_weights_keep_the_norm_at_every_step_and_fixed_feedback_has_it_from_the_start(backend, constraint):
    """Panjehpour & EsmaielZadeh (2022), eq. 9 and the sentence after it: ‖B‖ = ‖W‖ for ever, and B never moves."""
    circuit, synapses = normalised(mlp(4, (5, 5), 5, density=0.6), constraint)
    simulation = compiled(circuit, two_phase(circuit), LocalLearning(Scale(0.5)), backend)
    start, state = circuit.sample(0), simulation.init(circuit.sample(0))
    for number in range(4):
        for each in synapses:
            w = simulation.parameters(state)[each.name].w
            lengths = np.linalg.norm(w, axis=1) if constraint.kind() == "weight_norm" else np.linalg.norm(w) / np.sqrt(len(w))
            np.testing.assert_allclose(lengths, 0.8, rtol=1e-14)
            assert (np.abs(w - start[each.name].w).max() > 1e-6) == (each.plasticity is not None and number > 0)
        state = simulation.learn(trial(simulation, state, batch(circuit, 3, seed=number)))


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
        (lambda: ProjectionNorm(-1.0), ("ProjectionNorm: norm = -1.0", "a norm above 0")),
    ],
)
def test_a_constraint_that_allows_nothing_is_refused(make, fragments):
    assert_refused(make, *fragments, "is not allowed; give")
