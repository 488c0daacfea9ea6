"""Aims at neurons that could not fire or would never stop, and at a sensitivity that points elsewhere than to the threshold."""

from __future__ import annotations

import numpy as np
import pytest

from bio_fa.neurons import LIF, AdaptiveCurrentLIF, AdaptiveThresholdLIF, IntegrateAndFire, SpikingNeuron, TwoCompartmentLIF
from tests.refusals import assert_refused

KINDS = [LIF, AdaptiveThresholdLIF, AdaptiveCurrentLIF, TwoCompartmentLIF]


def test_every_kind_here_integrates_and_fires():
    ours = [kind for kind in SpikingNeuron.kinds().values() if kind.__module__.startswith("bio_fa.")]
    assert set(KINDS) == set(ours) and all(issubclass(kind, IntegrateAndFire) for kind in KINDS)


@pytest.mark.parametrize(
    ("settings", "fragments"),
    [
        ({"tau": 0.0}, ("tau = 0.0", "a time constant above 0 s")),
        ({"tau": -0.02}, ("tau = -0.02", "a time constant above 0 s")),
        ({"trace_tau": 0.0}, ("trace_tau = 0.0", "a time constant above 0 s")),
        ({"refractory": -1e-3}, ("refractory = -0.001", "seconds of at least 0")),
        ({"unit_rate": 0.0}, ("unit_rate = 0.0", "a rate above 0 Hz")),
        ({"threshold": 0.0}, ("threshold = 0.0", "a potential above reset_to = 0.0")),
        ({"threshold": 0.5, "reset_to": 0.7}, ("threshold = 0.5", "a potential above reset_to = 0.7")),
        ({"threshold": 0.5, "rest": 0.6}, ("threshold = 0.5", "a potential above rest = 0.6")),
        ({"threshold": float("inf")}, ("threshold = inf", "a finite number")),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_neuron_that_could_not_fire_or_never_stop_is_refused(kind, settings, fragments):
    assert_refused(lambda: kind(**settings), kind.__name__, *fragments, "is not allowed; give")


@pytest.mark.parametrize("kind", KINDS)
def test_its_time_constants_are_those_that_a_time_step_may_not_exceed(kind):
    own = {LIF: set(), TwoCompartmentLIF: {"apical_tau"}}.get(kind, {"adaptation_tau"})
    assert set(kind().time_constants()) == {"tau", "trace_tau"} | own


def test_a_current_of_1_takes_a_neuron_without_leak_from_reset_to_threshold_in_the_time_that_counts_as_1():
    neuron = LIF(tau=1e12, unit_rate=40.0, reset_to=-2.0, threshold=3.0, rest=0.0)
    assert neuron.derivatives({"v": np.array([0.0])}, 1.0)["v"].item() / neuron.unit_rate == pytest.approx(5.0)


def test_a_trial_starts_at_potentials_spread_evenly_between_reset_and_threshold():
    """The mean of n even draws from a range of 5 has the standard error 5 / √(12 n); a Kolmogorov–Smirnov distance < 1.95 / √n."""
    v = np.sort(LIF(reset_to=-2.0, threshold=3.0).initial((100, 100), np.random.default_rng(0))["v"].ravel())
    assert v[0] >= -2 and v[-1] < 3
    assert np.abs((v + 2) / 5 - np.arange(10_000) / 10_000).max() < 1.95 / 100


@pytest.mark.parametrize("kind", [AdaptiveThresholdLIF, AdaptiveCurrentLIF, TwoCompartmentLIF])
def test_every_other_variable_starts_at_0(kind):
    state = kind().initial((2, 3), np.random.default_rng(0))
    assert all(not values.any() for name, values in state.items() if name != "v")


def test_sensitivity_falls_off_on_both_sides_of_the_threshold():
    """ψ = [1 − |v − θ| / (θ − v_reset)]₊ at v − θ = −2, −1, −0.25, 0, 0.25, 1, 2 times the distance."""
    neuron = LIF(reset_to=-1.0, threshold=3.0)
    v = 3 + 4 * np.array([-2, -1, -0.25, 0, 0.25, 1, 2])
    assert neuron.sensitivity({"v": v}).tolist() == [0, 0, 0.75, 1, 0.75, 0, 0]


def test_the_sensitivity_of_an_adapted_neuron_is_largest_at_its_raised_threshold():
    neuron = AdaptiveThresholdLIF(adaptation=0.5)
    state = {"v": np.array([1.0, 2.0]), "a": np.array([2.0, 2.0])}
    assert neuron.sensitivity(state).tolist() == [0, 1]
