"""Aims at randomness that is not the same for every backend: draws that depend on who else exists, or on what was drawn before."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from bio_fa import LIF, Circuit, Constant, LocalLearning, PoissonSource, Population, RegularSource, one_phase
from bio_fa.draws import Draws
from tests.tiny import EI, SPIKING_BACKENDS, batch, chain_of, compiled, leaky, spiking_trial

NEURONS, INPUT = Population("E", 5, neuron=LIF()), Population("input", 4, neuron=PoissonSource())
ACTIVITY = np.full((3, 4), 0.8)


def start(draws: Draws, population: Population = NEURONS, trials: int = 3) -> bytes:
    return draws.initial(population, trials)["v"].tobytes()


def train(draws: Draws, population: Population = INPUT, phase: str = "free", activity: np.ndarray = ACTIVITY) -> bytes:
    """Return the spikes of 50 time steps."""
    return np.array(list(islice(draws.spikes(population, activity, phase, 1e-3), 50))).tobytes()


def test_one_seed_gives_one_draw_and_another_seed_another():
    assert start(Draws(1, 0)) == start(Draws(1, 0)) != start(Draws(2, 0))
    assert train(Draws(1, 0)) == train(Draws(1, 0)) != train(Draws(2, 0))


def test_every_batch_of_trials_has_draws_of_its_own():
    first = Draws(1, -1).next()
    assert (first.seed, first.number, first.next().number) == (1, 0, 1)
    assert len({start(Draws(1, number)) for number in range(20)}) == 20
    assert len({train(Draws(1, number)) for number in range(20)}) == 20


def test_populations_and_phases_draw_from_streams_of_their_own():
    draws = Draws(1, 0)
    assert start(draws) != start(draws, replace(NEURONS, name="I"))
    assert train(draws) != train(draws, replace(INPUT, name="other"))
    assert train(draws) != train(draws, phase="nudged")


def test_what_is_drawn_first_moves_nothing_that_is_drawn_later():
    draws, alone = Draws(1, 0), (start(Draws(1, 0)), train(Draws(1, 0)))
    draws.initial(replace(NEURONS, name="I"), 7)
    train(draws, phase="nudged")
    assert (start(draws), train(draws)) == alone


def test_more_trials_start_the_first_ones_alike():
    few, many = (Draws(1, 0).initial(NEURONS, trials)["v"] for trials in (2, 5))
    assert np.array_equal(few, many[:2])


@pytest.mark.parametrize("source", [PoissonSource(), RegularSource()])
def test_a_louder_source_adds_spikes_to_those_of_a_softer_one_or_fires_more(source):
    population = replace(INPUT, neuron=source)
    soft, loud = (np.frombuffer(train(Draws(1, 0), population, activity=gain * ACTIVITY), dtype=bool) for gain in (0.5, 1.0))
    assert 0 < soft.sum() < loud.sum()
    if isinstance(source, PoissonSource):
        assert not (soft & ~loud).any(), "one draw decides, whatever the activity"


def spikes(circuit: Circuit, backend: str, name: str, seed: int = 3) -> np.ndarray:
    """Return the spikes of a population in the first phase of the first trial."""
    simulation = compiled(circuit, spiking_trial(circuit), LocalLearning(), backend)
    state, _ = simulation.run(simulation.init(circuit.sample(0), seed), simulation.protocol.phases[0], batch(circuit, 2), every=1)
    return simulation.spikes(state, name)


@pytest.mark.parametrize("backend", SPIKING_BACKENDS)
@pytest.mark.parametrize("source", [PoissonSource(), RegularSource()], ids=lambda source: source.kind())
def test_the_spikes_of_a_source_are_those_drawn_whatever_it_drives(backend, source):
    circuit = EI.with_neurons(LIF(), source=source)
    activity, dt = batch(circuit, 2)["input"], 1e-3
    drawn = Draws(3, 0).spikes(circuit.population("input"), activity, "free", dt)
    expected = np.argwhere(np.array(list(islice(drawn, 50))))
    assert np.array_equal(spikes(circuit, backend, "input"), expected)
    quiet = circuit.with_neurons(LIF(threshold=100.0), source=source)
    assert np.array_equal(spikes(quiet, backend, "input"), expected)


@pytest.mark.parametrize("backend", SPIKING_BACKENDS)
def test_every_backend_starts_from_the_potentials_that_were_drawn(backend):
    """v_1 = v_0 (1 − dt/τ) + dt ν₁ I = 0.95 v_0 + 0.5: in the first step fire those whose start is above 0.5 / 0.95."""
    circuit = chain_of(leaky("input", 1), replace(NEURONS, size=40), weights=Constant(5.0))
    simulation = compiled(circuit, one_phase(circuit, duration=2e-3, window=1e-3), LocalLearning(), backend)
    phase, inputs = simulation.protocol.phases[0], {"input": np.ones((3, 1))}
    state, _ = simulation.run(simulation.init(circuit.sample(0), seed=5), phase, inputs, every=1)
    events = simulation.spikes(state, "E")
    drawn = Draws(5, 0).initial(circuit.population("E"), 3)["v"]
    assert np.array_equal(events[events[:, 0] == 0, 1:], np.argwhere(drawn > 0.5 / 0.95))
