"""Aims at a reward that teaches something else than its own expectation: a wrong eligibility, action or baseline."""

from dataclasses import replace

import numpy as np
import torch

from bio_fa.draws import Draws
from bio_fa.neurons import LinearRate
from bio_fa.rules.reinforce import Reinforce
from bio_fa.updates import Scale
from tests.refusals import assert_refused
from tests.rules.trained import SMALL, batch, learner
from tests.rules.unbiased import assert_unbiased

SIGMA, REPEATS = 0.5, 500


def gradient_of_expected_reward(parameters, inputs, deviation: float, draws: int) -> dict[str, np.ndarray]:
    """Return ∂E[R]/∂W, with R's expectation over actions in closed form, that over noise as a mean over draws."""
    names = [f"{pre}_to_{post}" for pre, post in SMALL.pairs] + [f"tonic_to_{post}" for _, post in SMALL.pairs]
    w = {name: torch.tensor(parameters[name].w, requires_grad=True) for name in names}
    random = torch.Generator().manual_seed(7)
    r = torch.tensor(np.tile(inputs["input"], (draws, 1)))
    for pre, post in SMALL.pairs:
        u = r @ w[f"{pre}_to_{post}"].T + w[f"tonic_to_{post}"].T
        noise = deviation * torch.randn(u.shape, generator=random, dtype=u.dtype)
        r = torch.softmax(u, 1) if post == "output" else torch.tanh(u + noise)
    reward = (r * torch.tensor(np.tile(inputs["output"], (draws, 1)))).sum(1).mean()
    return {name: each.numpy() for name, each in zip(names, torch.autograd.grad(reward, list(w.values())), strict=True)}


def test_its_mean_change_is_the_gradient_of_the_expected_reward():
    """Williams (1992), theorem 1: exactly, for every size of the noise and every baseline."""
    one = learner(Reinforce(deviation=SIGMA), update=Scale(0.0))
    one.learn(trials=3)
    expected = gradient_of_expected_reward(one.parameters(), batch(SMALL), SIGMA, 50_000)
    one.inputs = {name: np.tile(values, (REPEATS, 1)) for name, values in batch(SMALL).items()}
    draws = [one.deltas() for _ in range(100)]
    for name, gradient in expected.items():
        assert_unbiased(np.array([each[name] for each in draws]), gradient)


def test_the_baseline_is_the_mean_reward_of_the_trials_before():
    one = learner(Reinforce(), update=Scale(0.0))
    rewards = []
    for _ in range(4):
        one.run()
        output = one.simulation.activity(one.state, "output", "noisy")
        rewards.append((one.state.draws.action(output, "noisy") * one.inputs["output"]).sum(1).mean())
        one.state = one.simulation.learn(one.state)
    baseline = float(one.state.means["", "reward"])
    np.testing.assert_allclose(baseline, np.mean(rewards), rtol=1e-12)
    assert 0 < baseline < 1


def test_actions_are_drawn_with_their_probabilities():
    probabilities = np.tile([0.5, 0.0, 0.2, 0.3], (40_000, 1))
    action = Draws(3, 0).action(probabilities, "noisy")
    assert set(np.unique(action)) == {0.0, 1.0} and (action.sum(1) == 1).all() and not action[:, 1].any()
    np.testing.assert_allclose(action.mean(0), probabilities[0], atol=5 * np.sqrt(0.25 / len(action)))


def test_an_output_whose_activities_are_no_probabilities_is_refused():
    network = replace(SMALL, output_neuron=LinearRate())
    assert_refused(lambda: learner(Reinforce(), network), "are no probabilities of acting; give it neurons of kind")
