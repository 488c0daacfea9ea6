"""Aims at synapses that deliver another charge than their weight says, forget at another speed, or draw to the wrong potential."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from bio_fa.transmission import ConductanceSynapse, CurrentSynapse, Graded, SpikeTransmission, Transmission
from tests.refusals import assert_refused

DT = 1e-3
KINDS = [CurrentSynapse, ConductanceSynapse]
SIGNS = [1, -1]


def course(synapse: SpikeTransmission, w: float, spikes: np.ndarray, unit_rate: float, dt: float = DT) -> np.ndarray:
    """Return x at the end of each time step, as spikes arrive through one synapse: first x decays, then they add to it."""
    x, course = 0.0, []
    for spike in spikes:
        x = x + dt * synapse.decay(x) + w * synapse.jump(unit_rate) * spike
        course.append(x)
    return np.array(course)


def test_every_transmission_is_of_rates_or_of_spikes():
    ours = {kind for kind in Transmission.kinds().values() if kind.__module__.startswith("bio_fa.")}
    assert ours == {Graded, *KINDS} and all(issubclass(kind, SpikeTransmission) for kind in KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_after_a_spike_the_variable_decays_exponentially(kind):
    """x jumps by w / (τ ν₁) and is then multiplied by 1 − dt/τ in each step, Euler's e^(−dt/τ)."""
    spikes = np.zeros(40)
    spikes[5] = 1
    x = course(kind(tau=8e-3), 3.0, spikes, unit_rate=50.0)
    assert not x[:5].any()
    np.testing.assert_allclose(x[5:], 3 / (8e-3 * 50) * (1 - DT / 8e-3) ** np.arange(35), rtol=1e-12)


def test_as_symbols_it_is_the_published_equation():
    x, v = sympy.symbols("x v", real=True)
    assert sympy.simplify(CurrentSynapse(tau=0.25).decay(x) + 4 * x) == 0
    assert CurrentSynapse().current(x, v, -1) == -x
    conductance = ConductanceSynapse(excitation=4.0, inhibition=-1.0, midpoint=0.0)
    assert sympy.simplify(conductance.current(x, v, 1) - x * (4 - v) / 4) == 0
    assert sympy.simplify(conductance.current(x, v, -1) - x * (-1 - v)) == 0


@pytest.mark.parametrize("kind", KINDS)
@given(tau=st.floats(2e-3, 0.1), unit_rate=st.floats(1, 500), w=st.floats(0, 10))
def test_the_charge_of_one_spike_is_that_of_the_activity_that_it_stands_for(kind, tau, unit_rate, w):
    """One spike in T seconds is the activity 1 / (ν₁ T), whose current w / (ν₁ T) brings the charge w / ν₁: ∫ x dt, exactly."""
    spikes = np.zeros(3000)
    spikes[0] = 1
    assert course(kind(tau=tau), w, spikes, unit_rate).sum() * DT == pytest.approx(w / unit_rate, rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("every", [1, 7, 40])
def test_the_mean_of_the_variable_under_regular_spikes_is_the_weight_times_the_activity(kind, every):
    """A spike every k steps is the activity r = 1 / (k dt ν₁); once periodic, the mean of x over a period is w r, exactly."""
    spikes = np.zeros(40 * every)
    spikes[::every] = 1
    x = course(kind(tau=5e-3), 0.6, np.tile(spikes, 10), unit_rate=100.0)
    assert x[-every:].mean() == pytest.approx(0.6 / (every * DT * 100.0), rel=1e-9)


@pytest.mark.parametrize("sign", SIGNS)
def test_a_current_has_the_sign_of_its_neuron_whatever_the_potential(sign):
    x, v = np.array([0.0, 0.5, 2.0]), np.array([-3.0, 0.0, 9.0])
    assert CurrentSynapse().current(x, v, sign).tolist() == (sign * x).tolist()
    assert CurrentSynapse().current(x, None, sign).tolist() == (sign * x).tolist(), "rate neurons have no potential v"


@pytest.mark.parametrize(("sign", "reversal"), [(1, 3.5), (-1, -0.5)])
def test_a_conductance_is_silent_at_its_reversal_potential_and_reverses_there(sign, reversal):
    synapse, v = ConductanceSynapse(), reversal + np.array([-1.0, 0.0, 1.0])
    current = synapse.current(np.array(2.0), v, sign)
    assert current[1] == 0 and current[0] > 0 > current[2]


@pytest.mark.parametrize("sign", SIGNS)
@given(st.floats(0, 10), st.floats(1, 5), st.floats(-5, -1), st.floats(-0.5, 0.5))
def test_at_the_midpoint_a_conductance_passes_the_current_of_a_current_synapse(sign, x, excitation, inhibition, midpoint):
    synapse = ConductanceSynapse(excitation=excitation, inhibition=inhibition, midpoint=midpoint)
    assert synapse.current(x, midpoint, sign) == pytest.approx(CurrentSynapse().current(x, midpoint, sign), rel=1e-12)


def test_a_conductance_draws_the_more_the_further_the_potential_is_from_reversal():
    """Between reset and threshold excitation fades with the driving force E − v: 3.5 at 0 and 2.5 at 1, over 3 at v₀ = 0.5."""
    excitation = ConductanceSynapse().current(1.0, np.array([0.0, 1.0]), 1)
    np.testing.assert_allclose(excitation, [3.5 / 3, 2.5 / 3])
    np.testing.assert_allclose(ConductanceSynapse().current(1.0, np.array([0.0, 1.0]), -1), [-0.5, -1.5])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("settings", "fragments"),
    [
        ({"tau": 0.0}, ("tau = 0.0", "a time constant above 0 s")),
        ({"tau": -1e-3}, ("tau = -0.001", "a time constant above 0 s")),
        ({"delay": -1e-3}, ("delay = -0.001", "seconds of at least 0")),
        ({"delay": float("nan")}, ("delay = nan", "a finite number")),
    ],
)
def test_a_synapse_that_takes_no_time_or_knows_the_future_is_refused(kind, settings, fragments):
    assert_refused(lambda: kind(**settings), kind.__name__, *fragments, "is not allowed; give")


@pytest.mark.parametrize(
    ("settings", "fragments"),
    [
        ({"excitation": 0.5}, ("excitation = 0.5", "a potential above midpoint = 0.5")),
        ({"inhibition": 0.6}, ("inhibition = 0.6", "a potential below midpoint = 0.5")),
        ({"midpoint": 4.0}, ("excitation = 3.5", "a potential above midpoint = 4.0")),
    ],
)
def test_a_reversal_potential_on_the_wrong_side_is_refused(settings, fragments):
    assert_refused(lambda: ConductanceSynapse(**settings), "ConductanceSynapse", *fragments)


def test_a_misspelt_transmission_is_answered_with_the_nearest():
    misspelt = {"kind": "current_synaps"}
    assert_refused(lambda: Transmission.from_table(misspelt), "'current_synaps' is no kind of Transmission", "'current_synapse'?")
