"""Aims at ways to learn that run too much or too little of a trial, and at averages over no trials."""

from __future__ import annotations

import numpy as np
import pytest

from bio_fa import Covariance, GradientLearning, LocalLearning, Phase, Protocol, Scale, one_phase, two_phase
from bio_fa.errors import DescriptionError
from bio_fa.learning import Learning
from models.mlp import mlp
from tests.tiny import MODELS, batch, compiled, trial

PROTOCOL = two_phase(MODELS["two_area"])


def test_local_learning_runs_every_phase():
    assert LocalLearning().phases(PROTOCOL) == PROTOCOL.phases


def test_gradient_learning_runs_only_the_phase_in_which_the_output_is_free():
    assert [phase.name for phase in GradientLearning().phases(PROTOCOL)] == ["free"]


@pytest.mark.parametrize("horizon", [0, -3])
def test_an_average_over_no_trials_is_refused_in_one_sentence(horizon):
    with pytest.raises(DescriptionError, match=f"horizon = {horizon} is not allowed; give at least 1 trial"):
        LocalLearning(horizon=horizon)


@pytest.mark.parametrize("learning", [LocalLearning(Scale(0.1), horizon=7), GradientLearning(Scale(0.1))])
def test_a_way_to_learn_survives_its_table(learning):
    assert Learning.from_table(learning.to_table()) == learning


@pytest.mark.parametrize("horizon", [1, 3, 100])
def test_the_running_average_is_the_mean_of_all_trials_until_the_horizon_and_exponential_after_it(horizon):
    # m_n = m_{n−1} + (x_n − m_{n−1}) / min(n, horizon): the mean of x_1 … x_n while n ≤ horizon.
    circuit = mlp(3, (2,), 2, plasticity=Covariance(rate=1.0))
    simulation = compiled(circuit, one_phase(circuit), LocalLearning(Scale(0.0), horizon))
    state = simulation.init(circuit.sample(0))
    seen, average = [], np.zeros(3)
    for number in range(1, 7):
        inputs = batch(circuit, 4, seed=number)
        state = simulation.learn(trial(simulation, state, inputs))
        seen.append(inputs["input"].mean(axis=0))
        average = average + (seen[-1] - average) / min(number, horizon)
        np.testing.assert_allclose(state.means["free", "input"], average, rtol=1e-12)
        if number <= horizon:
            np.testing.assert_allclose(average, np.mean(seen, axis=0), rtol=1e-12)


def test_local_learning_refuses_a_trial_without_the_phases_that_rules_sense():
    with pytest.raises(DescriptionError, match="the error of input_to_V1_E: no phase is called 'nudged'"):
        LocalLearning().check(MODELS["two_area"], one_phase(MODELS["two_area"]))


def test_gradient_learning_needs_a_free_output_and_nothing_else():
    circuit = MODELS["two_area"]
    GradientLearning().check(circuit, one_phase(circuit))
    clamped = Protocol((Phase("free", ("input", "output"), plastic=True),))
    with pytest.raises(DescriptionError, match="it clamps the output 'output', which so has no gradient; free it"):
        GradientLearning().check(circuit, clamped)
