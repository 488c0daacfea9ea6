"""Aims at noise that is not what it says: another size, correlated in time or between projections, or another on every machine."""

from __future__ import annotations

import numpy as np
import pytest

from bio_fa import LocalLearning, two_phase
from bio_fa.updates import Noisy, Scale, chain
from models.mlp import mlp
from tests.tiny import SETTLING_BACKENDS, batch, compiled, trial
from tests.updates.taken import CHANGES, steps

QUIET = np.zeros((50, 40, 50))
"""Changes of 0, so that all steps are noise."""


def test_the_noise_is_normal_with_the_stated_deviation_and_white():
    noise = steps(Noisy(0.3), QUIET) / 0.3
    error = 5 / np.sqrt(noise.size)
    assert abs(noise.mean()) < error and noise.std() == pytest.approx(1, abs=error)
    assert np.mean(noise**4) == pytest.approx(3, abs=error * np.sqrt(96))
    assert abs(np.mean(noise[1:] * noise[:-1])) < error and abs(np.mean(noise[:, 1:] * noise[:, :-1])) < error


def test_its_variance_falls_with_the_stated_power():
    """σ²(t) = σ² / (1 + t)^γ, with γ = 0.55 as published; the ratio to noise that lasts is exact, draw by draw."""
    lasting, declining = (steps(Noisy(0.3, decline), QUIET) for decline in (0.0, 0.55))
    expected = (1 + np.arange(50.0)) ** (-0.55 / 2)
    np.testing.assert_allclose(declining / lasting, np.broadcast_to(expected[:, None, None], QUIET.shape), rtol=1e-12)


def test_it_is_added_to_the_change():
    np.testing.assert_allclose(steps(Noisy(0.3), CHANGES) - steps(Noisy(0.3), 0 * CHANGES), CHANGES, rtol=1e-12, atol=1e-15)


def test_one_seed_gives_one_noise_and_another_seed_another():
    first, again, other = (steps(Noisy(), QUIET, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.isclose(first, other, rtol=1e-3).any(axis=(1, 2)).all()


def noise_of(backend: str, seed: int) -> dict[str, np.ndarray]:
    """Return how the weights of a circuit move by noise alone, with two projections of one shape."""
    circuit = mlp(5, (5, 5), 3)
    simulation = compiled(circuit, two_phase(circuit), LocalLearning(chain(Scale(0.0), Noisy(0.1))), backend)
    start = circuit.sample(0)
    state = simulation.learn(trial(simulation, simulation.init(start, seed), batch(circuit, 2)))
    return {each.name: simulation.parameters(state)[each.name].w - start[each.name].w for each in circuit.plastic}


@pytest.mark.parametrize("backend", SETTLING_BACKENDS)
def test_every_backend_draws_the_noise_of_the_seed_of_the_run_and_each_projection_its_own(backend):
    noise, expected = noise_of(backend, 7), noise_of("reference", 7)
    for name in expected:
        np.testing.assert_allclose(noise[name], expected[name], rtol=0, atol=1e-15)
    assert np.abs(noise["input_to_H1"] - noise["H1_to_H2"]).min() > 0
    assert np.abs(noise["input_to_H1"] - noise_of(backend, 8)["input_to_H1"]).min() > 0
