"""Aims at trials that cannot mean what they say: a phase that holds, nudges or reads what is not there must be refused
when it is described, in one sentence that says what to do, and not surface as a KeyError in the middle of a run.
"""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bio_fa import (
    LIF,
    AdaptiveCurrentLIF,
    AdaptiveThresholdLIF,
    CurrentSynapse,
    DendriticError,
    Eligibility,
    Hebbian,
    LeakyRate,
    Nudge,
    PairSTDP,
    Phase,
    PoissonSource,
    Protocol,
    TwoCompartmentLIF,
    one_phase,
    two_phase,
)
from bio_fa.circuit import Circuit
from bio_fa.errors import DescriptionError
from bio_fa.neurons import LinearRate
from bio_fa.population import UNSIGNED, Area, Population
from bio_fa.projection import Projection
from bio_fa.weights import Signed
from tests.tiny import MODELS, PLASTIC_SPIKING, SPIKING, SPIKING_TWO_AREA, TWO_AREA, V1_E, spiking_trial

FLAGSHIP = MODELS["hierarchy_of_2"]
FREE = Phase("free", clamp=("input",))
NUDGED = Phase("nudged", clamp=("input",), nudge=(Nudge("output_E"),), plastic=True)


def refused(words: str, describe) -> None:
    """Assert that ``describe`` raises one sentence that contains ``words``."""
    with pytest.raises(DescriptionError, match=re.escape(words)) as raised:
        describe()
    sentence = str(raised.value)
    assert "\n" not in sentence and sentence.endswith((".", "?"))


def test_a_trial_without_phases_is_refused():
    refused("at least one phase", lambda: Protocol(()))


def test_two_phases_of_one_name_are_refused():
    refused("a different name for each phase", lambda: Protocol((FREE, FREE)))


@pytest.mark.parametrize("dt", [0.0, -1e-3])
def test_time_that_stands_still_or_runs_backwards_is_refused(dt):
    refused("a time step above 0 s", lambda: Protocol((FREE,), dt))


@pytest.mark.parametrize("duration", [2.5e-3, 0.4e-3, 1e-10])
def test_a_time_step_that_does_not_divide_a_duration_is_refused(duration):
    refused(f"divides the {duration} s of 'free'", lambda: Protocol((replace(FREE, duration=duration),), dt=1e-3))


@given(steps=st.integers(1, 10_000), dt=st.sampled_from([1e-4, 5e-4, 1e-3, 0.1]))
def test_a_duration_of_n_time_steps_has_n_steps(steps, dt):
    phase = replace(FREE, duration=steps * dt)
    assert Protocol((phase,), dt).steps(phase.duration) == steps


def test_an_unknown_phase_is_refused_with_the_nearest_known_one():
    refused("no phase is called 'nudge'; did you mean 'nudged'?", lambda: Protocol((FREE, NUDGED)).phase("nudge"))


UNFIT = {
    "no population is called 'V3_E'": (replace(FREE, clamp=("input", "V3_E")), NUDGED),
    "no population is called 'V1'": (FREE, replace(NUDGED, hold=("V1",))),
    "no population is called 'out'": (FREE, replace(NUDGED, nudge=(Nudge("out"),))),
    "the input 'input' is not clamped; add it to clamp": (FREE, replace(NUDGED, clamp=())),
    "no phase before it has currents to hold": (replace(FREE, hold=("V1_E",)), NUDGED),
    "no phase before it has currents to hold; did you mean 'free'": (FREE, replace(NUDGED, hold=("V1_E",), hold_from="fre")),
    "'V1_E' has no current to hold: 'free' clamps it": (
        replace(FREE, clamp=("input", "V1_E")),
        replace(NUDGED, hold=("V1_E",)),
    ),
    "'output_E' is clamped and cannot be nudged or held as well": (FREE, replace(NUDGED, clamp=("input", "output_E"))),
    "the apical compartment of 'V1_E': no phase is called 'free'": (replace(FREE, name="first"), NUDGED),
    "the apical compartment of 'V1_E': 'free', which balances it, clamps its neurons; free them there": (
        replace(FREE, clamp=("input", "V1_E")),
        NUDGED,
    ),
    "dt = 0.05 s is longer than tau = 0.02 s of 'V1_E'; give a shorter time step": (replace(FREE, duration=0.05), NUDGED),
}


@pytest.mark.parametrize("words", UNFIT)
def test_a_protocol_that_does_not_fit_the_circuit_is_refused(words):
    refused(words, lambda: Protocol(UNFIT[words], dt=0.05).check(FLAGSHIP))


def test_currents_cannot_be_held_from_the_phase_itself_or_a_later_one():
    for source in ("nudged", "after"):
        held = replace(NUDGED, hold=("V1_E",), hold_from=source)
        protocol = Protocol((FREE, held, replace(NUDGED, name="after")))
        refused("no phase before it has currents to hold", lambda protocol=protocol: protocol.check(FLAGSHIP))


def test_a_circuit_that_learns_in_a_trial_without_plastic_phase_is_refused():
    refused("learns, but no phase is plastic", lambda: Protocol((FREE, replace(NUDGED, plastic=False))).check_rules(FLAGSHIP))


def test_an_error_between_phases_that_do_not_exist_is_refused():
    protocol = Protocol((FREE, replace(NUDGED, name="clamped")))
    refused("the error of input_to_V1_E: no phase is called 'nudged'", lambda: protocol.check_rules(FLAGSHIP))


def test_a_rule_that_reads_a_phase_that_does_not_exist_is_refused():
    learns = replace(FLAGSHIP.projection("input_to_V1_E"), reads="fre")
    others = tuple(each for each in FLAGSHIP.projections if each.name != learns.name)
    circuit = replace(FLAGSHIP, projections=(learns, *others))
    refused("input_to_V1_E: no phase is called 'fre'; did you mean 'free'?", lambda: two_phase(circuit).check_rules(circuit))


def test_an_error_that_no_rule_senses_needs_no_phase():
    rules = (replace(each, plasticity=Hebbian()) if each.plasticity else each for each in FLAGSHIP.projections)
    one_phase(FLAGSHIP).check_rules(replace(FLAGSHIP, projections=tuple(rules)))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("hold", [True, False])
def test_the_ready_made_trials_fit_every_model(model, hold):
    circuit = MODELS[model]
    two_phase(circuit, hold=hold).check_rules(circuit)
    for protocol in (two_phase(circuit, hold=hold), two_phase(circuit, duration=0.01), one_phase(circuit)):
        protocol.check(circuit)


def test_currents_are_held_from_the_phase_before_unless_another_is_named():
    last = replace(NUDGED, name="last", hold=("V1_E",))
    assert Protocol((FREE, NUDGED, last)).held_from(last) == "nudged"
    named = replace(last, hold_from="free")
    assert Protocol((FREE, NUDGED, named)).held_from(named) == "free"


def test_a_rule_reads_its_own_phase_else_the_last_plastic_one_else_the_last():
    named = FLAGSHIP.projection("input_to_V1_E")
    silent = replace(named, reads=None)
    trial = (FREE, NUDGED, replace(NUDGED, name="again"), replace(NUDGED, name="rest", plastic=False))
    assert Protocol(trial).read_by(named) == "free"
    assert Protocol(trial).read_by(silent) == "again"
    assert Protocol((FREE, replace(NUDGED, plastic=False))).read_by(silent) == "nudged"


def test_the_two_phase_trial_holds_forward_populations_only_and_nudges_the_output():
    free, nudged = two_phase(FLAGSHIP, strength=0.5).phases
    assert (free.clamp, free.nudge, free.hold, free.plastic) == (("input",), (), (), False)
    assert nudged.nudge == (Nudge("output_E", 0.5),) and nudged.plastic
    assert set(nudged.hold) == {"V1_E", "V1_I", "V2_E", "V2_I", "output_E", "output_I"}
    assert two_phase(FLAGSHIP, hold=False).phases[1].hold == ()


def test_a_protocol_survives_its_table():
    protocol = two_phase(FLAGSHIP, strength=0.3, duration=0.02)
    assert Protocol.from_table(protocol.to_table()) == protocol


TIMED = {"duration": 0.1, "window": 0.05}
SPIKING_FREE, SPIKING_NUDGED = replace(FREE, **TIMED), Phase("nudged", ("input",), (Nudge("output"),), plastic=True, **TIMED)


@pytest.mark.parametrize("name", [*SPIKING, *PLASTIC_SPIKING])
def test_the_ready_made_trials_fit_spiking_circuits_that_last_and_have_a_window(name):
    circuit = {**SPIKING, **PLASTIC_SPIKING}[name]
    for hold in (True, False):
        protocol = two_phase(circuit, hold=hold, **TIMED)
        protocol.check(circuit)
        protocol.check_rules(circuit)


UNFIT_FOR_SPIKES = {
    "Phase 'free': 'V1_E' spikes, and so settles to no fixed point; give the phase a duration and a window, in seconds.": (
        FREE,
        SPIKING_NUDGED,
    ),
    "Phase 'free': 'V1_E' spikes, and a single time step holds a spike or none; give the phase a window over which they are": (
        replace(FREE, duration=0.1),
        SPIKING_NUDGED,
    ),
    "Phase 'nudged': 'V1_FE' has neurons of kind lif, whose activity cannot be given; nudge it instead, or give it rate neurons.": (
        SPIKING_FREE,
        replace(SPIKING_NUDGED, clamp=("input", "V1_FE")),
    ),
    "Phase 'free': 'output' spikes, and is nudged from its activity in a phase before this one; nudge it in a later phase.": (
        replace(SPIKING_FREE, nudge=(Nudge("output"),)),
        SPIKING_NUDGED,
    ),
    "Phase 'nudged': 'output' spikes, and is nudged from its activity in a phase before this one; did you mean 'free'?": (
        SPIKING_FREE,
        replace(SPIKING_NUDGED, hold_from="fre"),
    ),
}


@pytest.mark.parametrize("words", UNFIT_FOR_SPIKES)
def test_a_trial_that_spiking_neurons_cannot_live_through_is_refused(words):
    circuit = TWO_AREA.with_neurons(LIF())
    refused(words, lambda: Protocol(UNFIT_FOR_SPIKES[words]).check(circuit))


def test_a_source_of_spikes_cannot_settle_either():
    circuit = TWO_AREA.with_neurons(LIF(), source=PoissonSource())
    refused("Phase 'free': 'input' spikes, and so settles to no fixed point", lambda: two_phase(circuit).check(circuit))


TOO_FAST = {
    "tau = 0.02 s of 'V1_E'": (LIF(), CurrentSynapse(tau=0.1)),
    "tau = 0.001 s of 'V1_E'": (LIF(tau=1e-3), CurrentSynapse()),
    "trace_tau = 0.001 s of 'V1_E'": (LIF(trace_tau=1e-3), CurrentSynapse()),
    "adaptation_tau = 0.001 s of 'V1_E'": (AdaptiveThresholdLIF(adaptation_tau=1e-3), CurrentSynapse()),
    "adaptation_tau = 0.003 s of 'V1_E'": (AdaptiveCurrentLIF(adaptation_tau=3e-3), CurrentSynapse()),
    "apical_tau = 0.001 s of 'V1_E'": (TwoCompartmentLIF(apical_tau=1e-3), CurrentSynapse()),
    "tau = 0.001 s of 'V1_I_to_V1_E'": (LIF(), CurrentSynapse(tau=1e-3)),
}


@pytest.mark.parametrize("words", TOO_FAST)
def test_a_time_step_longer_than_any_time_constant_is_refused_with_whose_it_is(words):
    neuron, synapse = TOO_FAST[words]
    circuit, dt = TWO_AREA.with_neurons(neuron, synapse), 0.05 if "0.02" in words else 5e-3
    sentence = f"Protocol: dt = {dt} s is longer than {words}; give a shorter time step."
    refused(sentence, lambda: two_phase(circuit, duration=0.1, window=0.05, dt=dt).check(circuit))


@pytest.mark.parametrize(
    ("words", "neuron", "synapse"),
    [
        ("refractory = 0.0015 s of 'V1_E'", LIF(refractory=1.5e-3), CurrentSynapse()),
        ("refractory = 0.0004 s of 'V1_E'", LIF(refractory=0.4e-3), CurrentSynapse()),
        ("delay = 0.0025 s of 'V1_I_to_V1_E'", LIF(), CurrentSynapse(delay=2.5e-3)),
    ],
)
def test_a_time_step_that_does_not_divide_a_latency_is_refused_with_whose_it_is(words, neuron, synapse):
    circuit = TWO_AREA.with_neurons(neuron, synapse)
    sentence = f"Protocol: dt = 0.001 s does not divide {words}; change one of them."
    refused(sentence, lambda: two_phase(circuit, **TIMED).check(circuit))


@pytest.mark.parametrize("window", [2.5e-3, 0.4e-3])
def test_a_time_step_that_does_not_divide_a_window_is_refused(window):
    refused(f"divides the {window} s of 'free'", lambda: Protocol((replace(FREE, duration=0.1, window=window),), dt=1e-3))


def test_the_time_constant_of_what_is_given_limits_no_time_step():
    fast = replace(TWO_AREA.population("input"), neuron=LeakyRate(1e-6))
    circuit = replace(TWO_AREA, areas=(replace(TWO_AREA.areas[0], forward=(fast,)), *TWO_AREA.areas[1:]))
    two_phase(circuit, duration=0.1).check(circuit)


def test_feedback_that_is_sensed_in_the_phase_that_balances_it_is_refused_moment_by_moment():
    circuit = SPIKING_TWO_AREA.with_plasticity(dict.fromkeys(V1_E, Eligibility()))
    words = "input_to_V1_E: eligibility senses feedback in phase 'free', which balances it to 0; let it read another phase."
    refused(words, lambda: spiking_trial(circuit).check_rules(circuit))


def test_feedback_that_is_sensed_in_the_phase_that_balances_it_is_refused_once_a_trial():
    circuit = PLASTIC_SPIKING["dendritic_error"]
    free, nudged = spiking_trial(circuit).phases
    wrong = Protocol((replace(free, plastic=True), replace(nudged, plastic=False)))
    words = "input_to_V1_E: dendritic_error senses feedback in phase 'free', which balances it to 0; make another phase plastic."
    refused(words, lambda: wrong.check_rules(circuit))


def test_a_momentary_rule_beside_one_that_senses_feedback_once_a_trial_may_read_the_balanced_phase():
    circuit = SPIKING_TWO_AREA.with_plasticity(dict.fromkeys(V1_E, DendriticError() + PairSTDP()))
    spiking_trial(circuit).check_rules(circuit)


def test_neurons_that_may_be_negative_cannot_be_pushed_away_from_their_target():
    """A push ends at 0, which is not where the activity of such neurons ends."""
    populations = Population("input", 3, UNSIGNED), Population("output", 2, UNSIGNED, LinearRate())
    wired = (Projection("input", "output", weights=Signed()),)
    circuit = Circuit("signed", (Area("all", populations),), wired, "input", "output")
    drawn, pushed = (Protocol((Phase("free", ("input",), (Nudge("output", strength),)),)) for strength in (0.5, -0.5))
    drawn.check(circuit)
    refused("'output' is pushed away from its target, as only rates that are never negative can be", lambda: pushed.check(circuit))
