"""Aims at a vacuous comparison that reads as a lively one: silent or saturated populations that go unnoticed."""

from __future__ import annotations

import numpy as np

from bio_fa.analysis.liveness import liveness
from bio_fa.io.run_folder import RunFolder


def test_a_neuron_is_silent_only_if_it_is_so_in_all_phases_of_the_last_epoch(run):
    late = run.epochs[1]
    late["free"]["V1_E"][..., :20] = 0
    late["nudged"]["V1_E"][..., :10] = 0
    assert liveness(RunFolder.open(run.write()))["V1_E"]["silent"] == 10 / 40


def test_a_neuron_that_was_silent_early_only_is_alive(run):
    for phase in run.epochs[0].values():
        phase["V1_E"][:] = 0
    assert liveness(RunFolder.open(run.write()))["V1_E"]["silent"] == 0


def test_saturation_is_measured_against_the_ceiling_and_only_where_there_is_one(run):
    for phase in run.epochs[1].values():
        phase["V2_E"][..., 0] = 0.999
    found = liveness(RunFolder.open(run.write()))
    assert found["V2_E"]["saturated"] == 1 / 5
    assert found["V1_E"]["saturated"] is None


def test_phases_of_different_duration_count_together(run):
    late = run.epochs[1]
    late["nudged"] = {name: np.repeat(x, 3, axis=0) for name, x in late["nudged"].items()}
    late["free"]["V1_I"][:] = 0
    late["nudged"]["V1_I"][:] = 1
    assert liveness(RunFolder.open(run.write()))["V1_I"]["mean"] == 3 / 4


def test_activity_along_one_direction_has_dimension_one(run):
    trials = np.arange(len(run.label), dtype=np.float32)
    run.epochs[1]["free"]["V1_I"][:] = trials[None, :, None]
    assert abs(liveness(RunFolder.open(run.write()))["V1_I"]["dimension"] - 1) < 1e-6


def test_frames_of_spikes_are_averaged_over_their_phase_before_they_are_held_against_the_ceiling(run):
    """Frames of a step: neuron 0 fires in every second step, the most that a rest of two steps allows; neuron 1 in every fourth."""
    run.table |= {"spiking": True}
    run.table["ceilings"]["V1_I"] = 5.0
    for phase in run.epochs[1].values():
        for name, values in phase.items():
            phase[name] = np.zeros((8, *values.shape[1:]), np.float32)
        phase["V1_I"][::2, :, 0] = phase["V1_I"][::4, :, 1] = 10.0
    found = liveness(RunFolder.open(run.write()))["V1_I"]
    assert (found["saturated"], found["silent"]) == (1 / 8, 6 / 8)
    assert found["mean"] == (5 + 2.5) / 8


def test_frames_of_rates_are_each_held_against_the_ceiling(run):
    for phase in run.epochs[1].values():
        for name, values in phase.items():
            phase[name] = np.repeat(values, 2, axis=0)
        phase["V2_E"][0, :, 0], phase["V2_E"][1, :, 0] = 1.0, 0.98
    assert liveness(RunFolder.open(run.write()))["V2_E"]["saturated"] == 0
