"""Aims at populations that cannot exist: an illegal name, no neurons, a sign that is none, a compartment that repels."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bio_fa.neurons import LIF, LeakyRate, Neuron, PoissonSource
from bio_fa.population import EXCITATORY, INHIBITORY, UNSIGNED, Apical, Area, Population
from tests.refusals import assert_refused

ILLEGAL_NAMES = ["", "1V", "_V", "V-1", "V 1", "V1\n", "V/1", "Vé", "tonic", "V" * 65]


@pytest.mark.parametrize("name", ILLEGAL_NAMES)
@pytest.mark.parametrize("make", [lambda name: Population(name, 2), lambda name: Area(name, (Population("E", 2),))])
def test_a_name_that_cannot_be_that_of_a_dataset_is_refused(make, name):
    assert_refused(lambda: make(name), f"name = {name!r} is not allowed", "give letters, digits and '_', a letter first")


@given(st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,63}", fullmatch=True).filter(lambda name: name != "tonic"))
def test_every_word_of_letters_digits_and_underscores_is_a_name(name):
    assert Population(name, 1).name == name


@pytest.mark.parametrize(
    ("make", "fragments"),
    [
        (lambda: Population("E", 0), ("Population 'E'", "size = 0", "at least 1 neuron")),
        (lambda: Population("E", -3), ("size = -3", "at least 1 neuron")),
        (lambda: Population("E", 2.5), ("size = 2.5", "a whole number")),
        (lambda: Population("E", 2, sign=0), ("sign = 0", "1 or -1 or nothing")),
        (lambda: Population("E", 2, neuron="LeakyRate"), ("neuron = 'LeakyRate'", "a Neuron")),
        (lambda: Population("E", 2, apical=0.1), ("apical = 0.1", "a Apical or nothing")),
        (lambda: Area("V1", ()), ("Area 'V1'", "forward = ()", "at least one population")),
        (lambda: Area("V1", ("E",)), ("forward = ('E',)", "each item is a Population")),
        (lambda: Apical(-0.1), ("Apical", "gain = -0.1", "at least 0")),
        (lambda: Apical(float("nan")), ("gain = nan", "a finite number")),
        (lambda: Apical(balanced_in=1), ("balanced_in = 1", "a text or nothing")),
    ],
)
def test_what_cannot_exist_is_refused(make, fragments):
    assert_refused(make, *fragments, "is not allowed; give")


def test_a_population_is_excitatory_and_leaky_unless_said_otherwise():
    assert Population("E", 2) == Population("E", 2, EXCITATORY, LeakyRate(), None)


def test_the_three_signs_multiply_as_dales_law_says():
    assert (EXCITATORY, INHIBITORY, UNSIGNED) == (1, -1, None)


def test_an_area_lists_its_populations_forward_first():
    e, i, fe = (Population(name, 2) for name in ("E", "I", "FE"))
    assert Area("V1", (e, i), (fe,)).populations == (e, i, fe)


def test_the_compartment_adds_its_gain_times_the_apical_change_to_the_basal_current():
    basal, change = np.array([[1.0, -2.0]]), np.array([[0.5, -4.0]])
    assert (basal + Apical(0.25).feedback(change)).tolist() == [[1.125, -3.0]]
    assert (basal + Apical(0.0).feedback(change)).tolist() == basal.tolist()


@dataclass(frozen=True)
class Undriven(Neuron):
    """A neuron without equations."""


def test_neurons_of_no_family_that_a_machine_knows_are_refused():
    families = "rate neurons, spiking neurons or a source of spikes"
    assert_refused(lambda: Population("E", 2, neuron=Undriven()), "Population 'E': neuron = Undriven() is not allowed", families)


@pytest.mark.parametrize(("neuron", "spikes"), [(LeakyRate(), False), (LIF(), True), (PoissonSource(), True)])
def test_spiking_neurons_and_sources_signal_by_spikes(neuron, spikes):
    assert Population("E", 2, neuron=neuron).spiking is spikes


def test_an_area_can_be_mapped_population_by_population():
    area = Area("V1", (Population("E", 2),), (Population("FE", 3),))
    doubled = area.map(lambda each: replace(each, size=2 * each.size))
    assert doubled == Area("V1", (Population("E", 4),), (Population("FE", 6),))
