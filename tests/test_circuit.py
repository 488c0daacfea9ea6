"""Aims at circuits that should not exist, at synapses drawn for one reason and moved by another, and at a law that holds
on paper only: a sign read from the wrong side, a constraint left out.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bio_fa.circuit import Circuit, tonic_drive
from bio_fa.connectivity import AllToAll, FixedInDegree
from bio_fa.constraints import Bounds, Dale, Mask, WeightNorm
from bio_fa.credit import Activity, ActivityDifference
from bio_fa.neurons import LIF, DivisiveNormalisation, LeakyRate, PoissonSource, TwoCompartmentLIF
from bio_fa.plasticity import Hebbian, ThreeFactor
from bio_fa.population import EXCITATORY, INHIBITORY, TONIC, UNSIGNED, Apical, Area, Population
from bio_fa.projection import Projection
from bio_fa.transmission import ConductanceSynapse, CurrentSynapse, Graded
from bio_fa.weights import Constant, Exponential, Narrow, Signed
from tests.refusals import assert_refused

HALF = FixedInDegree(0.5)
LEARNING = {"plasticity": ThreeFactor(), "error": ActivityDifference.in_time("E")}

INPUT = Area("retina", (Population("input", 8),))
V1 = Area("V1", (Population("E", 6, apical=Apical()), Population("I", 4, INHIBITORY)))
OUTPUT = Area("V2", (Population("output", 3),))
PROJECTIONS = (
    Projection("input", "E", connectivity=HALF, weights=Exponential(), **LEARNING),
    Projection("input", "I", connectivity=HALF, weights=Narrow()),
    Projection("I", "E", connectivity=HALF, weights=Exponential(), constraints=(WeightNorm(2.0),), **LEARNING),
    Projection("E", "output", weights=Exponential(), **LEARNING | {"error": ActivityDifference.in_time("output")}),
    Projection("output", "E", "apical", HALF),
    tonic_drive("E", **LEARNING),
)
CIRCUIT = Circuit("example", (INPUT, V1, OUTPUT), PROJECTIONS, "input", "output")


def circuit(*more: Projection, **changes: object) -> Circuit:
    """Return the example with further projections, or with other fields."""
    return replace(CIRCUIT, **{"projections": PROJECTIONS + more, **changes})


def without(name: str) -> tuple[Projection, ...]:
    return tuple(each for each in PROJECTIONS if each.name != name)


def error_from(population: str) -> Projection:
    sensed = ActivityDifference(Activity(population, "free"), Activity("E", "free"))
    return Projection("E", "E", plasticity=ThreeFactor(), error=sensed)


LONELY = Area("V4", (Population("lonely", 2),))
UNSIGNED_INPUT = Area("retina", (Population("input", 8, UNSIGNED),))
INCONSISTENT = {
    "an illegal name": (lambda: circuit(name="a b"), ("Circuit 'a b'", "name = 'a b'", "letters")),
    "a population twice": (
        lambda: circuit(areas=(INPUT, V1, OUTPUT, Area("V3", (Population("E", 2),)))),
        ("population 'E' exists twice", "rename"),
    ),
    "an area twice": (
        lambda: circuit(areas=(INPUT, V1, OUTPUT, replace(LONELY, name="V1"))),
        ("area 'V1' exists twice", "rename"),
    ),
    "a projection twice": (lambda: circuit(Projection("input", "E")), ("projection 'input_to_E' exists twice", "keep one")),
    "a misspelt presynaptic end": (
        lambda: circuit(Projection("inptu", "E")),
        ("projection inptu_to_E", "no population is called 'inptu'", "did you mean 'input'?"),
    ),
    "a misspelt postsynaptic end": (
        lambda: circuit(Projection("E", "outptu")),
        ("projection E_to_outptu", "no population is called 'outptu'", "did you mean 'output'?"),
    ),
    "a projection onto the tonic drive": (
        lambda: circuit(Projection("E", TONIC)),
        ("projection E_to_tonic", "no population is called 'tonic'", "known are: E, I, input, output."),
    ),
    "an unknown input": (lambda: circuit(input="inptu"), ("the input", "'inptu'", "did you mean 'input'?")),
    "an unknown output": (lambda: circuit(output="motor"), ("the output", "'motor'", "known are: E, I, input, output.")),
    "a compartment that is not there": (
        lambda: circuit(Projection("E", "I", "apical")),
        ("E_to_I: 'I' has no apical compartment", "give it one, or target 'basal'"),
    ),
    "signed weights under Dale's law": (
        lambda: circuit(Projection("E", "I", weights=Signed())),
        ("E_to_I: signed draws weights of both signs", "'E' obeys Dale's law", "give magnitudes of at least 0"),
    ),
    "an error of another size": (
        lambda: circuit(error_from("input")),
        ("E_to_E", "'input' with 8 neurons", "'E' has 6", "name a population of equal size"),
    ),
    "an error from nobody": (
        lambda: circuit(error_from("EE")),
        ("the error of E_to_E", "no population is called 'EE'", "did you mean 'E'?"),
    ),
    "a population that hears nothing": (
        lambda: circuit(projections=without("input_to_I")),
        ("Circuit 'example'", "nothing projects to 'I'", "add a projection or remove it"),
    ),
    "a population that hears the tonic drive only": (
        lambda: circuit(projections=(*without("input_to_I"), tonic_drive("I"))),
        ("nothing projects to 'I'", "add a projection or remove it"),
    ),
    "an area without an output": (
        lambda: circuit(Projection("E", "lonely"), Projection("lonely", "lonely"), areas=(INPUT, V1, OUTPUT, LONELY)),
        ("area 'V4' has no output", "project from it, or remove it"),
    ),
    "no path to the output": (
        lambda: circuit(projections=(*without("E_to_output"), Projection("output", "output"))),
        ("no path leads from input 'input' to output 'output'", "add one"),
    ),
    "a list of areas": (lambda: circuit(areas=[INPUT, V1, OUTPUT]), ("areas = [", "each item is a Area")),
}


@pytest.mark.parametrize("case", INCONSISTENT)
def test_an_inconsistent_circuit_is_refused(case):
    make, fragments = INCONSISTENT[case]
    assert_refused(make, *fragments)


def test_an_unknown_name_is_answered_with_the_nearest():
    assert_refused(lambda: CIRCUIT.population("ouput"), "Circuit 'example'", "did you mean 'output'?")
    assert_refused(lambda: CIRCUIT.projection("input_to_e"), "Circuit 'example'", "did you mean 'input_to_E'?")


def test_populations_are_listed_area_by_area():
    assert [each.name for each in CIRCUIT.populations] == ["input", "E", "I", "output"]


def test_projections_are_found_by_what_they_reach():
    assert [each.pre for each in CIRCUIT.onto("E", "basal")] == ["input", "I", TONIC]
    assert [each.pre for each in CIRCUIT.onto("E", "apical")] == ["output"]


def test_the_plastic_projections_are_those_with_a_rule():
    assert [each.name for each in CIRCUIT.plastic] == ["input_to_E", "I_to_E", "E_to_output", "tonic_to_E"]


def test_weights_have_a_row_for_each_postsynaptic_neuron_and_a_column_for_each_presynaptic_one():
    assert CIRCUIT.shape(CIRCUIT.projection("input_to_I")) == (4, 8)
    assert CIRCUIT.shape(CIRCUIT.projection("tonic_to_E")) == (6, 1)


def test_the_sign_of_a_synapse_is_that_of_its_presynaptic_population():
    signs = {each.name: CIRCUIT.sign(each) for each in CIRCUIT.projections}
    assert signs["input_to_I"] == EXCITATORY and signs["I_to_E"] == INHIBITORY and signs["tonic_to_E"] is None


def test_a_circuit_with_an_unsigned_population_says_that_it_is_not_dalean():
    unsigned = circuit(Projection("input", "output", weights=Signed()), areas=(UNSIGNED_INPUT, V1, OUTPUT))
    assert CIRCUIT.dalean and not unsigned.dalean
    assert unsigned.sign(unsigned.projection("input_to_output")) is None
    assert "does not obey Dale's law" in unsigned.summary() and "does not" not in CIRCUIT.summary()


@pytest.mark.parametrize(
    ("projection", "expected"),
    [
        (Projection("E", "I", connectivity=AllToAll()), (Dale(),)),
        (Projection("E", "I", connectivity=HALF), (Dale(), Mask())),
        (Projection(TONIC, "I"), ()),
        (Projection("E", "I", connectivity=HALF, plasticity=Hebbian(), constraints=(Bounds(1.0),)), (Dale(), Mask(), Bounds(1.0))),
    ],
)
def test_structure_constrains_first_and_the_projections_own_constraints_follow(projection, expected):
    assert circuit(projection).constraints(projection) == expected


def test_sampled_synapses_obey_the_constraints_from_the_start():
    sampled = CIRCUIT.sample(seed=1)
    assert set(sampled) == {each.name for each in CIRCUIT.projections}
    assert all((each.w >= 0).all() and (each.w[~each.mask] == 0).all() for each in sampled.values())
    np.testing.assert_allclose(np.linalg.norm(sampled["I_to_E"].w, axis=1), 2.0, rtol=1e-14)


def drawn(seed: int, like: Circuit = CIRCUIT) -> dict[str, tuple[bytes, bytes]]:
    return {name: (each.w.tobytes(), each.mask.tobytes()) for name, each in like.sample(seed).items()}


def test_a_seed_decides_every_draw():
    assert drawn(1) == drawn(1)
    assert all(drawn(1)[name] != drawn(2)[name] for name in ("input_to_E", "input_to_I", "I_to_E", "E_to_output"))


def test_adding_reordering_or_removing_projections_moves_no_other_draw():
    added = drawn(1, circuit(Projection("E", "I", weights=Exponential())))
    assert {name: added[name] for name in drawn(1)} == drawn(1)
    assert drawn(1, circuit(projections=PROJECTIONS[::-1])) == drawn(1)


def test_projections_of_one_shape_and_distribution_are_drawn_independently():
    alike = [Projection(pre, "E", connectivity=HALF, weights=Exponential()) for pre in ("E", "output")]
    areas = (INPUT, V1, replace(OUTPUT, forward=(Population("output", 6),)))
    synapses = circuit(projections=(*without("output_to_E"), *alike), areas=areas).sample(1)
    first, second = (synapses[each.name] for each in alike)
    assert not np.array_equal(first.mask, second.mask)
    both = first.mask & second.mask
    assert both.any() and (first.w[both] != second.w[both]).all()


def test_other_weights_leave_the_mask_where_it_is():
    other = circuit(projections=(replace(PROJECTIONS[0], weights=Constant()), *PROJECTIONS[1:]))
    assert drawn(1, other)["input_to_E"][1] == drawn(1)["input_to_E"][1]


def test_the_tonic_drive_is_silent_at_first_and_one_synapse_a_neuron():
    tonic = CIRCUIT.sample(0)["tonic_to_E"]
    assert tonic.w.shape == (6, 1) and not tonic.w.any() and tonic.mask.all()


def signals(of: Circuit) -> dict[str, str]:
    return {each.name: each.transmission.kind() for each in of.projections}


def test_spiking_neurons_take_the_place_of_rates_and_leave_every_synapse_as_it_is():
    spiking = CIRCUIT.with_neurons(LIF(), CurrentSynapse(delay=2e-3), PoissonSource())
    assert drawn(1, spiking) == drawn(1)
    assert spiking.dalean and spiking.spiking and not CIRCUIT.spiking
    assert [each.neuron for each in spiking.populations] == [PoissonSource(), LIF(), LIF(), LIF()]
    assert [(each.name, each.size, each.sign, each.apical) for each in spiking.populations] == [
        (each.name, each.size, each.sign, each.apical) for each in CIRCUIT.populations
    ]
    assert spiking.plastic and [each.plasticity for each in spiking.plastic] == [each.plasticity for each in CIRCUIT.plastic]


def test_whatever_spikes_gets_the_transmission_and_whatever_does_not_stays_graded():
    synapse = CurrentSynapse(tau=3e-3)
    assert set(signals(CIRCUIT).values()) == {"graded"}
    injected = signals(CIRCUIT.with_neurons(LIF(), synapse))
    assert {name for name, kind in injected.items() if kind == "graded"} == {"input_to_E", "input_to_I", "tonic_to_E"}
    encoded = CIRCUIT.with_neurons(LIF(), synapse, PoissonSource())
    assert {each.transmission for each in encoded.projections if not each.from_tonic} == {synapse}
    assert encoded.projection("tonic_to_E").transmission == Graded()


def test_some_populations_may_stay_rates():
    mixed = CIRCUIT.with_neurons(LIF(), others={"output": DivisiveNormalisation()})
    assert mixed.population("output").neuron == DivisiveNormalisation() and mixed.population("E").neuron == LIF()
    assert signals(mixed)["output_to_E"] == "graded" and signals(mixed)["E_to_output"] == "current_synapse"


def test_spiking_neurons_can_be_exchanged_again():
    once = CIRCUIT.with_neurons(LIF(), source=PoissonSource())
    twice = once.with_neurons(TwoCompartmentLIF(), ConductanceSynapse())
    assert twice.population("input").neuron == PoissonSource() and twice.population("E").neuron == TwoCompartmentLIF()
    assert {each.transmission for each in twice.projections if not each.from_tonic} == {ConductanceSynapse()}


CANNOT_SPIKE = {
    "others by a name that nobody has": (
        lambda: CIRCUIT.with_neurons(LIF(), others={"ouput": LeakyRate()}),
        ("with_neurons: no population is called 'ouput'", "did you mean 'output'?"),
    ),
    "an input that could only be driven": (
        lambda: CIRCUIT.with_neurons(LIF(), source=LIF()),
        ("'input' has neurons of kind lif, but the activity of the input is given", "give it a source of spikes or rate neurons"),
    ),
    "a source that is not the input": (
        lambda: CIRCUIT.with_neurons(LIF(), others={"I": PoissonSource()}),
        ("'I' has neurons of kind poisson_source, but only the input 'input' can be a source of spikes", "give it other neurons"),
    ),
    "a conductance onto rates": (
        lambda: CIRCUIT.with_neurons(LIF(), ConductanceSynapse(), others={"output": LeakyRate()}),
        ("E_to_output: 'output' has neurons of kind leaky_rate", "give 'current_synapse'"),
    ),
    "a conductance from neurons without a sign": (
        lambda: circuit(areas=(UNSIGNED_INPUT, V1, OUTPUT)).with_neurons(LIF(), ConductanceSynapse(), PoissonSource()),
        ("input_to_E: 'input' has no sign", "give 'current_synapse', or the population a sign"),
    ),
}


@pytest.mark.parametrize("case", CANNOT_SPIKE)
def test_neurons_that_cannot_take_their_place_are_refused(case):
    make, fragments = CANNOT_SPIKE[case]
    assert_refused(make, *fragments)


def test_time_constants_and_latencies_are_told_with_whose_they_are():
    spiking = CIRCUIT.with_neurons(LIF(tau=30e-3, refractory=2e-3), CurrentSynapse(tau=4e-3, delay=3e-3))
    assert set(spiking.time_constants()) >= {("E", "tau", 30e-3), ("E", "trace_tau", 20e-3), ("E_to_output", "tau", 4e-3)}
    assert set(spiking.latencies()) == {
        *((name, "refractory", 2e-3) for name in ("E", "I", "output")),
        *((name, "delay", 3e-3) for name in ("I_to_E", "E_to_output", "output_to_E")),
    }
    assert CIRCUIT.latencies() == []


def test_other_rules_can_be_given_to_some_projections_and_the_others_keep_theirs():
    other = CIRCUIT.with_plasticity({"I_to_E": Hebbian(0.1)}, reads="nudged")
    assert (other.projection("I_to_E").plasticity, other.projection("I_to_E").reads) == (Hebbian(0.1), "nudged")
    assert other.projection("input_to_E") == CIRCUIT.projection("input_to_E")
    assert CIRCUIT.with_plasticity({"I_to_E": Hebbian(0.1)}).projection("I_to_E").reads == CIRCUIT.projection("I_to_E").reads
    assert drawn(1, other) == drawn(1)


def test_a_rule_for_a_projection_that_does_not_exist_is_refused():
    assert_refused(lambda: CIRCUIT.with_plasticity({"I_to_EE": Hebbian()}), "no projection is called 'I_to_EE'", "'I_to_E'?")


def test_the_tonic_drive_is_never_centred():
    learns = {**LEARNING, "plasticity": ThreeFactor(0.5, centred=True)}
    assert tonic_drive("E", **learns).plasticity == ThreeFactor(0.5)
    assert tonic_drive("E", **{**learns, "plasticity": learns["plasticity"] + Hebbian()}).plasticity == ThreeFactor(0.5) + Hebbian()
    assert tonic_drive("E").plasticity is None


def test_a_summary_counts_neurons_and_learning_projections():
    """8 + 6 + 4 + 3 neurons; four of six projections learn."""
    summary = CIRCUIT.summary()
    assert "21 neurons" in summary and "4 of 6 projections learn" in summary and "obeys Dale's law" in summary
    assert "V1: E (6), I (4)" in summary


def test_a_circuit_cites_what_its_parts_are_made_of():
    cited = {line.split(":")[0] for line in CIRCUIT.sources()}
    assert cited >= {"ThreeFactor", "ActivityDifference", "FixedInDegree", "WeightNorm", "LeakyRate", "Narrow"}
