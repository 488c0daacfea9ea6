"""Aims at a model that breaks the constraints it is there to show: a magnitude below 0, a dense neuron, inhibition over
long range, feedback that learns, or feedback whose excitation outweighs its inhibition. Every file of models/ is looked at.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import json
import pkgutil
from dataclasses import replace

import numpy as np
import pytest

import models
from bio_fa.circuit import Circuit
from bio_fa.constraints import Dale
from bio_fa.pathways import feedback_pairs
from bio_fa.population import INHIBITORY
from bio_fa.projection import Projection
from bio_fa.synapses import Parameters, check_synapses
from bio_fa.weights import Exponential
from models.cortical_hierarchy import cortical_hierarchy

NAMES = [module.name for module in pkgutil.iter_modules(models.__path__)]
MODELS = {name: getattr(importlib.import_module(f"models.{name}"), name) for name in NAMES}
CIRCUITS = {name: model() for name, model in MODELS.items()}
NOT_DALEAN = {"mlp": "the unconstrained baseline"}

every_model = pytest.mark.parametrize("name", NAMES)
dalean_models = pytest.mark.parametrize("name", [name for name in NAMES if name not in NOT_DALEAN])


@pytest.fixture(scope="module")
def sampled() -> dict[str, Parameters]:
    return {name: circuit.sample(seed=1) for name, circuit in CIRCUITS.items()}


def fixed_feedback(circuit: Circuit) -> list[Projection]:
    """Return the projections onto feedback populations and onto apical compartments."""
    senders = {population.name for area in circuit.areas for population in area.feedback}
    return [each for each in circuit.projections if each.post in senders or each.compartment == "apical"]


def area_of(circuit: Circuit) -> dict[str, str]:
    return {population.name: area.name for area in circuit.areas for population in area.populations}


@every_model
def test_it_is_dalean_as_stated(name):
    circuit = CIRCUITS[name]
    assert circuit.dalean == (name not in NOT_DALEAN)
    signed = [each for each in circuit.projections if not each.from_tonic]
    assert all((Dale() in circuit.constraints(each)) == circuit.dalean for each in signed)


@every_model
def test_its_synapses_fit_its_structure(name, sampled):
    circuit = CIRCUITS[name]
    for each in circuit.projections:
        check_synapses(each.name, sampled[name][each.name], circuit.shape(each), circuit.sign(each) is not None)


@dalean_models
def test_every_magnitude_is_at_least_0(name, sampled):
    assert all((synapses.w >= 0).all() for synapses in sampled[name].values())


@every_model
def test_every_neuron_has_the_share_of_synapses_that_was_asked(name, sampled):
    circuit = CIRCUITS[name]
    asked = inspect.signature(MODELS[name]).parameters.get("density")
    density = 0.5 if asked is None else asked.default
    for each in (each for each in circuit.projections if not each.from_tonic):
        possible = circuit.shape(each)[1]
        assert (sampled[name][each.name].mask.sum(axis=1) == max(1, round(density * possible))).all()


@pytest.mark.parametrize("density", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("name", [name for name in NAMES if "density" in inspect.signature(MODELS[name]).parameters])
def test_another_density_can_be_asked_for(name, density):
    circuit = MODELS[name](20, (30, 10), 5, density=density)
    for each in (each for each in circuit.projections if not each.from_tonic):
        assert (circuit.sample(0)[each.name].mask.sum(axis=1) == max(1, round(density * circuit.shape(each)[1]))).all()


@every_model
def test_existing_synapses_have_a_weight(name, sampled):
    """A magnitude of 0 is an absence that the mask denies; a spread of 0.2 draws one with a probability of 3 · 10⁻⁷."""
    circuit = CIRCUITS[name]
    synapses = [sampled[name][each.name] for each in circuit.projections if not each.from_tonic]
    assert sum(np.count_nonzero(each.w[each.mask] == 0) for each in synapses) <= 3


@every_model
def test_it_comes_back_from_json_as_it_was(name):
    assert Circuit.from_table(json.loads(json.dumps(CIRCUITS[name].to_table()))) == CIRCUITS[name]


@every_model
def test_inhibition_stays_within_its_area(name):
    circuit, area = CIRCUITS[name], area_of(CIRCUITS[name])
    inhibitory = [each for each in circuit.projections if circuit.sign(each) == INHIBITORY]
    assert (len(inhibitory) > 0) == circuit.dalean
    assert all(area[each.pre] == area[each.post] for each in inhibitory)


@every_model
def test_feedback_is_fixed(name):
    feedback = fixed_feedback(CIRCUITS[name])
    assert feedback and all(each.plasticity is None for each in feedback)


def effective_feedback(parameters: Parameters, paths: list[list]) -> np.ndarray:
    """Return B = Σ sign · P Q, (area, next area)."""
    return sum(sign * functools.reduce(np.matmul, [parameters[each].w for each in names]) for *names, sign in paths)


@every_model
def test_feedback_is_no_transport_of_the_forward_weights(name, sampled):
    """The correlation of n independent entries has a standard deviation of 1 / √n."""
    for pair in feedback_pairs(CIRCUITS[name]):
        back, forward = effective_feedback(sampled[name], pair["feedback"]), sampled[name][pair["forward"]].w.T
        assert abs(np.corrcoef(forward.ravel(), back.ravel())[0, 1]) < 4.5 / forward.size**0.5


@dalean_models
def test_forward_and_feedback_neurons_are_distinct(name):
    circuit = CIRCUITS[name]
    forward = {population.name for area in circuit.areas for population in area.forward}
    feedback = {population.name for area in circuit.areas for population in area.feedback}
    assert feedback and not forward & feedback
    direct = [each for each in circuit.projections if each.compartment == "apical" and each.pre not in feedback]
    assert not direct


@every_model
def test_what_it_learns_is_carried_by_an_activity_difference_in_time_of_its_own_neurons(name):
    for each in CIRCUITS[name].plastic:
        assert each.error.plus.population == each.error.minus.population == each.post
        assert (each.error.plus.phase, each.error.minus.phase) == ("nudged", "free")


@every_model
def test_adding_a_projection_moves_no_other_draw(name, sampled):
    circuit = CIRCUITS[name]
    hidden = circuit.areas[1].forward[0].name
    spoken = next(each.transmission for each in circuit.projections if each.pre == hidden)
    added = Projection(hidden, hidden, weights=Exponential(), transmission=spoken)
    more = replace(circuit, projections=(added, *circuit.projections)).sample(seed=1)
    assert all(
        np.array_equal(more[each].w, before.w) and np.array_equal(more[each].mask, before.mask)
        for each, before in sampled[name].items()
    )


@pytest.mark.parametrize("hidden", [(7,), (7, 3), (2, 9, 4), (5, 5, 5, 5), (1,)])
@pytest.mark.parametrize("name", [name for name in NAMES if "hidden" in inspect.signature(MODELS[name]).parameters])
def test_it_builds_and_samples_at_any_depth_and_width(name, hidden):
    one_area = isinstance(inspect.signature(MODELS[name]).parameters["hidden"].default, int)
    circuit = MODELS[name](3, hidden[0] if one_area else hidden, 2)
    assert circuit.population(circuit.input).size == 3 and circuit.population(circuit.output).size == 2
    assert len(circuit.areas) == (3 if one_area else len(hidden) + 2)
    assert [area.forward[0].size for area in circuit.areas[1:-1]] == [hidden[0]] if one_area else [*hidden]
    assert len(circuit.sample(0)) == len(circuit.projections)


@every_model
def test_its_table_of_parameters_gives_a_source_or_a_choice_in_every_row(name):
    rows = [line for line in inspect.getdoc(MODELS[name]).splitlines() if line.startswith("| ")][2:]
    assert rows and all("Choice:" in row or "et al." in row for row in rows)
    parameters = inspect.signature(MODELS[name]).parameters
    assert all(row.split("|")[1].strip() in parameters for row in rows)


@dalean_models
def test_the_rows_of_the_effective_feedback_sum_to_0(name, sampled):
    """B = P_E Q_E − P_I Q_I, from whichever area it comes: an equal change of all neurons there is no error."""
    circuit = CIRCUITS[name]
    taught = [each for each in circuit.populations if each.apical is not None]
    for population in taught:
        last = circuit.onto(population.name, "apical")
        paths = [[p.name, q.name, circuit.sign(p)] for p in last for q in circuit.onto(p.pre, "basal") if not q.from_tonic]
        back = effective_feedback(sampled[name], paths)
        np.testing.assert_allclose(back.sum(axis=1), 0, atol=1e-12 * np.abs(back).sum(axis=1).max())
        assert back.any()
    assert len(taught) == len(circuit.areas) - 2


SEEDS = 60


def imbalance(circuit: Circuit, seed: int) -> list[float]:
    """Return, for each area, the mean basal current of its excitatory neurons in the free phase over its excitatory part."""
    synapses = circuit.sample(seed)
    rate, ratios = np.random.default_rng(seed).random(circuit.population("input").size), []
    below = "input"
    for area in circuit.areas[1:]:
        e, i = (population.name for population in area.forward)
        excitation = synapses[f"{below}_to_{e}"].w @ rate
        inhibition = synapses[f"{i}_to_{e}"].w @ np.maximum(synapses[f"{below}_to_{i}"].w @ rate, 0)
        ratios.append((excitation - inhibition).mean() / excitation.mean())
        rate, below = np.maximum(excitation - inhibition, 0), e
    return ratios


def test_in_the_hierarchy_inhibition_cancels_excitation_in_expectation():
    """K_E synapses of 1/√K_E from the area below, and K_I of √K_E/K_I from neurons that average it, have equal sums of √K_E."""
    circuit = cortical_hierarchy(100, (80, 60), 40)
    ratios = np.array([imbalance(circuit, seed) for seed in range(SEEDS)])
    error = ratios.std(axis=0, ddof=1) / SEEDS**0.5
    assert (error < 0.02).all()  # so that an imbalance of a tenth would be seen
    assert (np.abs(ratios.mean(axis=0)) < 4 * error).all()


def test_the_basal_currents_of_the_hierarchy_vary_as_its_magnitudes_say():
    """Half of n inputs of 1/√K, K = n/2, drawn without replacement: ½ Var[r] + σ² E[r²]; the spread σ of K_I inhibitory
    magnitudes adds σ² K/K_I r̄², and the spread of inhibitory rates less than a fiftieth of that.
    """
    circuit = cortical_hierarchy(400, (300,), 10)
    synapses, rate = circuit.sample(0), np.random.default_rng(0).random(400)
    inhibition = synapses["V1_I_to_V1_E"].w @ (synapses["input_to_V1_I"].w @ rate)
    current = synapses["input_to_V1_E"].w @ rate - inhibition
    expected = rate.var() / 2 + 0.04 * (rate**2).mean() + 0.04 * 200 / 15 * rate.mean() ** 2
    assert current.var() == pytest.approx(expected, rel=4 * (2 / 300) ** 0.5)
