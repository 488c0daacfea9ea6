"""Aims at shares of a batch that leave out a trial, count one twice, or draw what the whole batch did not."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from bio_fa import LIF, PoissonSource, Population, RegularSource
from bio_fa.backends.torch_team import TorchTeam
from bio_fa.draws import Draws
from bio_fa.noise import NeuronNoise, SynapseNoise
from bio_fa.team import EVERYTHING, Seat, Share

TRIALS, NEURONS = 7, 5
NEURON_NOISE, SYNAPSE_NOISE = NeuronNoise("E"), SynapseNoise("input_to_E")
RATES = np.random.default_rng(1).random((TRIALS, NEURONS))


def shares(trials: int, size: int) -> list[Share]:
    """Return the shares of so many processes, none of which has met another."""
    return [TorchTeam(Seat(rank, size, rank, size, ""), "cpu", lambda _: "").share(trials) for rank in range(size)]


DRAWN = {
    "initial states": lambda draws, rows: draws.initial(Population("E", NEURONS, neuron=LIF()), len(RATES[rows]))["v"],
    "noise of neurons": lambda draws, rows: draws.noise(NEURON_NOISE, RATES[rows].shape, "noisy"),
    "actions": lambda draws, rows: draws.action(RATES[rows], "free"),
    "Poisson spikes": lambda draws, rows: spikes(draws, PoissonSource(), RATES[rows]),
    "regular spikes": lambda draws, rows: spikes(draws, RegularSource(), RATES[rows]),
}


def spikes(draws: Draws, source: PoissonSource | RegularSource, rates: np.ndarray) -> np.ndarray:
    """Return the spikes of 20 time steps: (trial, neuron, time)."""
    population = Population("input", NEURONS, neuron=source)
    return np.stack(list(islice(draws.spikes(population, rates, "free", 1e-3), 20)), axis=-1)


@pytest.mark.parametrize(("trials", "size"), [(8, 2), (7, 2), (7, 3), (5, 5)])
def test_every_trial_is_in_one_share(trials, size):
    rows = [np.arange(trials)[share.rows] for share in shares(trials, size)]
    assert np.concatenate(rows).tolist() == list(range(trials))
    assert max(map(len, rows)) - min(map(len, rows)) <= 1


def test_a_process_without_a_trial_runs_one_that_another_counts():
    assert [len(np.arange(1)[share.rows]) for share in shares(1, 3)] == [1, 1, 1]


@pytest.mark.parametrize("what", DRAWN)
def test_a_share_draws_what_the_whole_batch_does_in_its_place(what):
    whole = DRAWN[what](Draws(1, 0), EVERYTHING.rows)
    parts = [DRAWN[what](Draws(1, 0, share), share.rows) for share in shares(TRIALS, 3)]
    assert len(whole) == TRIALS and np.array_equal(np.concatenate(parts), whole)


def test_all_shares_disturb_synapses_alike():
    one, other = (Draws(1, 0, share).noise(SYNAPSE_NOISE, (4, 3), "noisy") for share in shares(TRIALS, 2))
    assert np.array_equal(one, other)


def test_the_next_batch_is_drawn_for_the_same_share():
    share = shares(TRIALS, 2)[1]
    assert Draws(1, 0, share).next() == Draws(1, 1, share)
