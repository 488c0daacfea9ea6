"""Aims at two backends that mean different things by one circuit: after several learning trials in double precision their
weights agree to 1e-12, for every model, trial, rule, update, constraint, neuron and batch. And the comparison would
notice: a rate that is wrong by 1 % moves the weights by far more.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bio_fa import (
    Adaptive,
    Bounds,
    Circuit,
    CosineDecay,
    Covariance,
    Decayed,
    DivisiveNormalisation,
    ExponentiatedGradient,
    FrozenSigns,
    HardSigmoidRate,
    Hebbian,
    Homeostasis,
    LeakyRate,
    LinearRate,
    LocalLearning,
    Momentum,
    Noisy,
    Oja,
    ProjectionNorm,
    Protocol,
    SaturatingRate,
    Scale,
    Settle,
    SigmoidRate,
    Sign,
    TanhRate,
    ThreeFactor,
    Update,
    WeightDecay,
    WeightNorm,
    chain,
    one_phase,
    two_phase,
)
from bio_fa.constraints import Constraint, Dale, Mask
from bio_fa.neurons import RateNeuron
from bio_fa.plasticity import Plasticity, RunningMean, RunningVariance, Sum, prove_local
from bio_fa.rules import LearningRule, Network
from bio_fa.rules.dendritic_microcircuit import DendriticMicrocircuit
from bio_fa.wiring import SPIKES_ONLY
from models.cortical_hierarchy import cortical_hierarchy
from models.mlp import mlp
from models.two_area import two_area
from tests.tiny import MODELS, after_learning, compiled, with_constraints, with_tonic

TOLERANCE = 1e-12
TRIALS = 4
RULES = {
    rule.kind(): rule
    for rule in (
        ThreeFactor(),
        Hebbian(rate=0.1),
        Oja(rate=0.1),
        Covariance(rate=0.5),
        Homeostasis(rate=0.1),
        WeightDecay(rate=0.1),
        ThreeFactor(rate=0.5) + Oja(rate=0.05) + Homeostasis(rate=0.01) + Covariance(rate=0.1),
    )
}
UPDATES = {
    update.kind(): update
    for update in (
        Scale(0.3),
        Momentum(0.5),
        Adaptive(rate=0.05),
        Sign(),
        CosineDecay(steps=5),
        Decayed(0.1),
        ExponentiatedGradient(0.5),
        FrozenSigns(2),
        Noisy(0.05),
        chain(Momentum(0.5), Adaptive(rate=0.05), CosineDecay(steps=5), Scale(2.0)),
    )
}
CONSTRAINTS = {
    "dale": (Dale(),),
    "mask": (Mask(),),
    "bounds": (Bounds(largest=0.4),),
    "weight_norm": (WeightNorm(norm=0.8),),
    "projection_norm": (ProjectionNorm(norm=0.8),),
    "both": (WeightNorm(norm=0.8), Bounds(largest=0.4)),
}
NEURONS = {
    neuron.kind(): neuron
    for neuron in (
        LeakyRate(),
        SaturatingRate(),
        DivisiveNormalisation(),
        SigmoidRate(),
        HardSigmoidRate(),
        LinearRate(),
        TanhRate(),
    )
}


def settling(circuit: Circuit) -> Protocol:
    """Return the relaxing trial, settled until rounding is all that moves: only then is 1e-12 a meaningful tolerance."""
    protocol = two_phase(circuit, hold=False)
    tight = Settle(tolerance=1e-14, step=0.5, max_steps=3000)
    return replace(protocol, phases=tuple(replace(phase, settle=tight) for phase in protocol.phases))


PROTOCOLS = {
    "hold": two_phase,
    "weak_nudge": lambda circuit: two_phase(circuit, strength=0.2),
    "relax": settling,
    "duration": lambda circuit: two_phase(circuit, duration=0.04, dt=0.01),
    "relaxing_duration": lambda circuit: two_phase(circuit, hold=False, duration=0.03, dt=0.01),
}


def weights_of(circuit: Circuit, protocol: Protocol, learning: LocalLearning, backend: str, size: int = 2) -> dict[str, np.ndarray]:
    """Return the plastic weights after some learning trials."""
    simulation = compiled(circuit, protocol, learning, backend)
    learned = simulation.parameters(after_learning(simulation, with_tonic(circuit), TRIALS, size))
    return {each.name: learned[each.name].w for each in circuit.plastic}


def distance(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> float:
    """Return the largest difference of any weight; nan where one is not finite."""
    return float(np.max([np.abs(a[name] - b[name]).max() for name in a]))


def assert_agreement(record_property, circuit, protocol=None, learning=None, size=2):
    """Assert that both backends learn the same, and that they learn."""
    protocol, learning = protocol or two_phase(circuit), learning or LocalLearning(Scale(0.5))
    here, there = (weights_of(circuit, protocol, learning, name, size) for name in ("torch_rate", "reference"))
    start = {name: synapses.w for name, synapses in with_tonic(circuit).items()}
    record_property("largest_difference", distance(here, there))
    assert distance(here, there) <= TOLERANCE
    assert distance(there, start) > 1e-3, "nothing was learned, so that agreement means nothing"


def of_learning_rules() -> set[str]:
    """Return the plasticity rules of the catalogue's circuits, which tests/contracts/test_learning_rules.py compares.

    That of interneurons which learn to cancel feedback is compared in tests/rules/test_dendritic_microcircuit.py.
    """
    learning_rules = [*(rule() for rule in LearningRule.kinds().values()), DendriticMicrocircuit(cancels=True)]
    circuits = [rule.circuit(Network(6, (5, 4), 3)) for rule in learning_rules]
    rules = [each.plasticity for circuit in circuits for each in circuit.plastic if each.plasticity is not None]
    return {each.kind() for rule in rules for each in (rule.rules if isinstance(rule, Sum) else (rule,))}


def test_nothing_that_is_registered_for_rates_is_left_out():
    def ours(family):
        return {name for name, kind in family.kinds().items() if kind.__module__.startswith("bio_fa.")}

    of_spikes = {name for name in ours(Plasticity) - {"sum"} if prove_local(Plasticity.kinds()[name]()) & SPIKES_ONLY}
    elsewhere = of_learning_rules() | {rule.kind() for rule in (RunningMean, RunningVariance)}  # tests/test_standardisation.py
    assert ours(Plasticity) - of_spikes - elsewhere == set(RULES) - elsewhere
    assert ours(Update) == set(UPDATES)
    assert ours(RateNeuron) == set(NEURONS)
    assert ours(Constraint) == {each.kind() for constraints in CONSTRAINTS.values() for each in constraints}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("model", MODELS)
def test_every_model_in_every_trial(record_property, model, protocol):
    circuit = MODELS[model]
    assert_agreement(record_property, circuit, PROTOCOLS[protocol](circuit))


@pytest.mark.parametrize("size", [1, 5])
@pytest.mark.parametrize("model", ["hierarchy_of_2", "mlp"])
def test_batches_of_one_and_of_five(record_property, model, size):
    assert_agreement(record_property, MODELS[model], size=size)


@pytest.mark.parametrize("build", [two_area, mlp], ids=lambda build: build.__name__)
@pytest.mark.parametrize("rule", RULES)
def test_every_rule_and_their_sum(record_property, rule, build):
    sizes = {"hidden": 6} if build is two_area else {"hidden": (6,)}
    assert_agreement(record_property, build(5, outputs=3, plasticity=RULES[rule], **sizes), size=3)


@pytest.mark.parametrize("build", [two_area, mlp], ids=lambda build: build.__name__)
def test_a_rule_that_is_centred(record_property, build):
    sizes = {"hidden": 6} if build is two_area else {"hidden": (6,)}
    assert_agreement(record_property, build(5, outputs=3, plasticity=ThreeFactor(centred=True), **sizes), size=3)


@pytest.mark.parametrize("rule", ["hebbian", "oja", "covariance", "homeostasis", "weight_decay"])
def test_rules_without_an_error_in_one_phase(record_property, rule):
    circuit = mlp(4, (5,), 3, plasticity=RULES[rule])
    assert_agreement(record_property, circuit, one_phase(circuit))


@pytest.mark.parametrize("update", UPDATES)
def test_every_update(record_property, update):
    assert_agreement(record_property, MODELS["two_area"], learning=LocalLearning(UPDATES[update]))


@pytest.mark.parametrize("model", ["two_area", "mlp"])
@pytest.mark.parametrize("name", CONSTRAINTS)
def test_every_constraint(record_property, name, model):
    if model == "mlp" and name == "dale":
        pytest.skip("Dale's law does not hold of unsigned neurons")
    assert_agreement(record_property, with_constraints(MODELS[model], *CONSTRAINTS[name]))


@pytest.mark.parametrize("output", NEURONS)
@pytest.mark.parametrize("hidden", NEURONS)
def test_every_neuron(record_property, hidden, output):
    neurons = {"neuron": NEURONS[hidden], "output_neuron": NEURONS[output]}
    build = mlp if any(each.signed for each in neurons.values()) else cortical_hierarchy
    circuit = build(5, (6,), 3, **neurons)
    assert_agreement(record_property, circuit, two_phase(circuit, strength=0.5))


@pytest.mark.parametrize("horizon", [1, 2])
def test_averages_with_a_short_memory(record_property, horizon):
    circuit = two_area(5, 6, 3, plasticity=Covariance(rate=1.0))
    assert_agreement(record_property, circuit, learning=LocalLearning(Scale(1.0), horizon))


@pytest.mark.parametrize("phase", ["free", "nudged"])
def test_rules_that_read_either_phase(record_property, phase):
    circuit = MODELS["two_area"]
    projections = tuple(replace(each, reads=phase) if each.plasticity else each for each in circuit.projections)
    assert_agreement(record_property, replace(circuit, projections=projections))


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("model", MODELS)
def test_the_comparison_notices_a_rate_that_is_wrong_by_a_hundredth(model, protocol):
    circuit = MODELS[model]
    here, there = (
        weights_of(circuit, PROTOCOLS[protocol](circuit), LocalLearning(Scale(rate)), "torch_rate") for rate in (0.5, 0.505)
    )
    assert distance(here, there) > 1e6 * TOLERANCE


@pytest.mark.parametrize("rule", [name for name in RULES if name != "sum"])
def test_the_comparison_notices_a_rule_that_is_wrong_by_a_hundredth(rule):
    right = RULES[rule]
    circuits = (mlp(4, (5,), 3, plasticity=each) for each in (right, replace(right, rate=1.01 * right.rate)))
    here, there = (weights_of(circuit, two_phase(circuit), LocalLearning(Scale(1.0)), "torch_rate") for circuit in circuits)
    assert distance(here, there) > 1e6 * TOLERANCE
