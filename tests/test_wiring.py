"""Aims at synapses that could not work: of rates from spikes or of spikes from rates, without the membrane or the sign that they
need, or with a rule that senses what its populations do not have.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from bio_fa import (
    LIF,
    TONIC,
    UNSIGNED,
    Apical,
    ConductanceSynapse,
    CurrentSynapse,
    DendriticError,
    DivisiveNormalisation,
    Eligibility,
    Graded,
    Hebbian,
    Homeostasis,
    PairSTDP,
    PoissonSource,
    Population,
    Projection,
    Signed,
    ThreeFactor,
)
from bio_fa.credit import ActivityDifference
from bio_fa.errors import PlasticityError
from bio_fa.plasticity import Plasticity
from bio_fa.wiring import check_wiring
from tests.refusals import assert_refused

RATE, SPIKING, SOURCE = Population("E", 2), Population("S", 2, neuron=LIF()), Population("input", 2, neuron=PoissonSource())
DENDRITE = Population("D", 2, neuron=LIF(), apical=Apical())


@dataclass(frozen=True)
class Mixed(Plasticity):
    """A rule that multiplies a spike with an average over trials."""

    def factors(self, pre, post, w):
        yield post.spike, pre.mean, 1


def check(pre: Population | str, post: Population, **settings: object) -> None:
    name = pre if isinstance(pre, str) else pre.name
    check_wiring(Projection(name, post.name, **settings), None if isinstance(pre, str) else pre, post)


ALLOWED = [
    (RATE, RATE, Graded()),
    (RATE, SPIKING, Graded()),
    (TONIC, SPIKING, Graded()),
    (SPIKING, RATE, CurrentSynapse()),
    (SPIKING, SPIKING, CurrentSynapse(delay=1e-3)),
    (SPIKING, SPIKING, ConductanceSynapse()),
    (SOURCE, DENDRITE, ConductanceSynapse()),
    (Population("U", 2, UNSIGNED, LIF()), SPIKING, CurrentSynapse()),
]


@pytest.mark.parametrize(("pre", "post", "transmission"), ALLOWED)
def test_what_is_emitted_is_transmitted(pre, post, transmission):
    check(pre, post, transmission=transmission)


def conductance_onto(population: Population) -> None:
    check(SPIKING, population, transmission=ConductanceSynapse())


REFUSED = {
    "rates from spikes": (
        lambda: check(SPIKING, RATE),
        ("S_to_E: 'S' emits spikes, which 'graded' does not transmit", "give 'conductance_synapse' or 'current_synapse'."),
    ),
    "rates from a source": (
        lambda: check(SOURCE, SPIKING),
        ("input_to_S: 'input' emits spikes, which 'graded' does not transmit",),
    ),
    "spikes from rates": (
        lambda: check(RATE, SPIKING, transmission=CurrentSynapse()),
        ("E_to_S: 'E' emits a rate, which 'current_synapse' does not transmit; give 'graded'.",),
    ),
    "spikes from the tonic drive": (
        lambda: check(TONIC, SPIKING, transmission=CurrentSynapse()),
        ("tonic_to_S: 'tonic' emits a rate, which 'current_synapse' does not transmit; give 'graded'.",),
    ),
    "a conductance without a sign": (
        lambda: check(Population("U", 2, UNSIGNED, LIF()), SPIKING, transmission=ConductanceSynapse()),
        ("U_to_S: 'U' has no sign", "'conductance_synapse'", "give 'current_synapse', or the population a sign."),
    ),
    "a conductance onto a rate": (
        lambda: conductance_onto(RATE),
        ("S_to_E: 'E' has neurons of kind leaky_rate, without the membrane that 'conductance_synapse'", "give 'current_synapse'."),
    ),
    "a conductance onto a normalised rate": (
        lambda: conductance_onto(Population("out", 2, neuron=DivisiveNormalisation())),
        ("S_to_out: 'out' has neurons of kind divisive_normalisation, without the membrane",),
    ),
    "no dendrite": (
        lambda: check(RATE, RATE, compartment="apical"),
        ("E_to_E: 'E' has no apical compartment; give it one, or target 'basal'.",),
    ),
    "signed weights": (
        lambda: check(RATE, RATE, weights=Signed()),
        ("signed draws weights of both signs", "'E' obeys Dale's law", "give magnitudes of at least 0."),
    ),
    "STDP onto rates": (
        lambda: check(SPIKING, RATE, transmission=CurrentSynapse(), plasticity=PairSTDP()),
        ("S_to_E: pair_stdp senses post.spike, but 'E' does not spike; give it spiking neurons, or another rule.",),
    ),
    "STDP from rates": (
        lambda: check(RATE, SPIKING, plasticity=PairSTDP()),
        ("E_to_S: pair_stdp senses pre.spike, but 'E' does not spike",),
    ),
    "STDP from the tonic drive": (
        lambda: check(TONIC, SPIKING, plasticity=PairSTDP()),
        ("tonic_to_S: pair_stdp senses pre.spike, but 'tonic' does not spike",),
    ),
    "sensitivity of rates": (
        lambda: check(RATE, Population("A", 2, apical=Apical()), plasticity=DendriticError()),
        ("E_to_A: dendritic_error senses post.sensitivity, but 'A' does not spike",),
    ),
    "feedback without a dendrite": (
        lambda: check(SPIKING, SPIKING, transmission=CurrentSynapse(), plasticity=Eligibility()),
        ("S_to_S: eligibility senses post.apical, but 'S' has no apical compartment; give it one, or another rule.",),
    ),
    "a sum with one that cannot": (
        lambda: check(RATE, SPIKING, plasticity=Hebbian() + PairSTDP()),
        ("E_to_S: sum senses pre.spike, but 'E' does not spike",),
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_synapses_that_could_not_work_are_refused(case):
    make, fragments = REFUSED[case]
    assert_refused(make, *fragments)


def test_a_rule_that_mixes_moments_and_trials_is_refused_when_it_is_wired():
    words = "Mixed: product 1 multiplies post.spike, sensed moment by moment, with pre.mean, known once a trial; use factors of one"
    assert_refused(lambda: check(SPIKING, SPIKING, transmission=CurrentSynapse(), plasticity=Mixed()), words, error=PlasticityError)


LEARNING = [
    (SOURCE, DENDRITE, Eligibility()),
    (SPIKING, DENDRITE, DendriticError() + PairSTDP()),
    (SPIKING, SPIKING, PairSTDP() + Homeostasis() + Hebbian()),
]


@pytest.mark.parametrize(("pre", "post", "rule"), LEARNING, ids=lambda each: each.kind() if isinstance(each, Plasticity) else "")
def test_a_rule_that_senses_what_is_there_is_wired(pre, post, rule):
    check(pre, post, transmission=CurrentSynapse(), plasticity=rule)


@pytest.mark.parametrize("pre", [RATE, TONIC])
def test_rules_of_activities_work_between_rates_and_spikes_alike(pre):
    check(pre, SPIKING, plasticity=ThreeFactor(), error=ActivityDifference.in_time("S"))
    check(pre, DENDRITE, plasticity=DendriticError())
