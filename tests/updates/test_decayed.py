"""Aims at a penalty that is none: of the wrong sign or size, scaled where it should not be, or lost under gradient learning."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bio_fa import GradientLearning, Hebbian, LocalLearning, WeightDecay, two_phase
from bio_fa.updates import Adaptive, Decayed, Momentum, Scale, chain
from models.mlp import mlp
from tests.tiny import batch, compiled, trial, with_tonic
from tests.updates.taken import CHANGES, START, path


@given(st.floats(0, 1), st.integers(1, 30))
def test_without_changes_weights_decay_geometrically(rate, number):
    passed = path(Decayed(rate), np.zeros((number, 3, 4)), START)
    np.testing.assert_allclose(passed[-1], START * (1 - rate) ** number, rtol=1e-10, atol=1e-15)


def torch_path(optimiser: str, changes: np.ndarray, **settings: object) -> np.ndarray:
    """Return the weights to which an optimiser of torch, which descends, brings START."""
    torch = pytest.importorskip("torch")
    w = torch.tensor(START, requires_grad=True)
    optimise = getattr(torch.optim, optimiser)([w], lr=0.01, **settings)
    for change in changes:
        w.grad = torch.tensor(-change)
        optimise.step()
    return w.detach().numpy()


def test_first_in_a_chain_it_is_the_l2_penalty_of_torch():
    """SGD with momentum and Adam add λ w to the gradient, before anything else."""
    heavy = path(chain(Decayed(0.1), Momentum(0.9), Scale(0.01)), CHANGES, START)[-1]
    np.testing.assert_allclose(heavy, torch_path("SGD", CHANGES, momentum=0.9, weight_decay=0.1), rtol=1e-12)
    adaptive = path(chain(Decayed(0.1), Adaptive(0.01, floor=1e-30)), CHANGES, START)[-1]
    np.testing.assert_allclose(adaptive, torch_path("Adam", CHANGES, eps=1e-30, weight_decay=0.1), rtol=1e-12)


def test_last_in_a_chain_it_is_the_decoupled_decay_of_adamw():
    """AdamW decays by its rate times λ, which is our share a step."""
    ours = path(chain(Adaptive(0.01, floor=1e-30), Decayed(0.01 * 0.1)), CHANGES, START)[-1]
    np.testing.assert_allclose(ours, torch_path("AdamW", CHANGES, eps=1e-30, weight_decay=0.1), rtol=1e-12)
    assert np.abs(ours - path(chain(Decayed(0.1), Adaptive(0.01, floor=1e-30)), CHANGES, START)[-1]).max() > 1e-3


def test_of_local_learning_it_is_the_rule_weight_decay():
    weights = []
    for rule, update in ((Hebbian(0.1) + WeightDecay(0.2), Scale(0.5)), (Hebbian(0.1), chain(Decayed(0.2), Scale(0.5)))):
        circuit = mlp(4, (5,), 3, plasticity=rule)
        simulation = compiled(circuit, two_phase(circuit), LocalLearning(update))
        state = simulation.learn(trial(simulation, simulation.init(with_tonic(circuit)), batch(circuit, 3)))
        weights.append({each.name: simulation.parameters(state)[each.name].w for each in circuit.plastic})
    for name, w in weights[0].items():
        np.testing.assert_allclose(w, weights[1][name], rtol=1e-12, atol=1e-14)


def test_under_gradient_learning_it_descends_the_loss_and_the_penalty():
    """w ← w − η (∂L/∂w + λ w); the rule of a projection is no part of it."""
    circuit = mlp(4, (5,), 3, plasticity=WeightDecay(0.5))
    simulation = compiled(circuit, two_phase(circuit), GradientLearning(chain(Decayed(0.2), Scale(0.1))))
    start, state = with_tonic(circuit), simulation.init(with_tonic(circuit))
    for phase in simulation.learning.phases(simulation.protocol):
        state, _ = simulation.run(state, phase, batch(circuit, 3))
    downhill = simulation.deltas(state)
    learned = simulation.parameters(simulation.learn(state))
    for each in circuit.plastic:
        w = start[each.name].w
        np.testing.assert_allclose(learned[each.name].w, w + 0.1 * (downhill[each.name] - 0.2 * w), rtol=1e-12, atol=1e-14)
