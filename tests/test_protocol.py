"""Aims at trials that cannot mean what they say: a phase that holds, nudges or reads what is not there must be refused
when it is described, in one sentence that says what to do, and not surface as a KeyError in the middle of a run.
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bio_fa import Hebbian, Nudge, Phase, Protocol, Settle, one_phase, two_phase
from bio_fa.errors import DescriptionError
from tests.tiny import MODELS

FLAGSHIP = MODELS["hierarchy_of_2"]
FREE = Phase("free", clamp=("input",))
NUDGED = Phase("nudged", clamp=("input",), nudge=(Nudge("output_E"),), plastic=True)


def refused(words: str, describe) -> None:
    """Assert that ``describe`` raises one sentence that contains ``words``."""
    with pytest.raises(DescriptionError, match=re.escape(words)) as raised:
        describe()
    sentence = str(raised.value)
    assert "\n" not in sentence and sentence.endswith((".", "?"))


@pytest.mark.parametrize("strength", [0.0, -0.5, 1.5])
def test_a_nudge_that_could_make_activity_negative_is_refused(strength):
    refused("a strength in (0, 1]", lambda: Nudge("output", strength))


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("tolerance", 0.0, "a tolerance above 0"),
        ("step", 0.0, "a share in (0, 1]"),
        ("step", 1.1, "a share in (0, 1]"),
        ("max_steps", 0, "at least 1 step"),
    ],
)
def test_a_relaxation_that_cannot_end_or_move_is_refused(field, value, allowed):
    refused(allowed, lambda: Settle(**{field: value}))


@pytest.mark.parametrize("duration", [0.0, -1.0])
def test_a_phase_that_lasts_no_time_is_refused(duration):
    refused("seconds above 0", lambda: Phase("free", duration=duration))


@pytest.mark.parametrize("name", ["", "2nd", "a phase", "tonic"])
def test_a_phase_whose_name_no_dataset_could_have_is_refused(name):
    refused("letters, digits", lambda: Phase(name))


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
    assert Protocol((phase,), dt).steps(phase) == steps


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
    "is longer than the time constant 0.02 s of": (replace(FREE, duration=0.05), NUDGED),
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


@given(st.floats(0, 5), st.floats(0, 5), st.floats(1e-3, 1))
def test_a_nudged_activity_lies_between_the_free_one_and_the_target(activity, target, strength):
    # Scellier & Bengio (2017): r = φ + β (target − φ), a convex combination for β in (0, 1].
    nudged = Nudge("output", strength).apply(np.array([activity]), np.array([target]))[0]
    assert nudged == pytest.approx((1 - strength) * activity + strength * target, abs=1e-12)
    assert min(activity, target) - 1e-12 <= nudged <= max(activity, target) + 1e-12


def test_a_protocol_survives_its_table():
    protocol = two_phase(FLAGSHIP, strength=0.3, duration=0.02)
    assert Protocol.from_table(protocol.to_table()) == protocol
