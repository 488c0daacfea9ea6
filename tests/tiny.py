"""Tiny circuits and trials that several tests share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

import numpy as np

from bio_fa import (
    INHIBITORY,
    LIF,
    AdaptiveCurrentLIF,
    AdaptiveThresholdLIF,
    Area,
    Circuit,
    ConductanceSynapse,
    Constraint,
    CurrentSynapse,
    DendriticError,
    DivisiveNormalisation,
    Eligibility,
    FixedInDegree,
    Hebbian,
    Homeostasis,
    LeakyRate,
    PairSTDP,
    Parameters,
    Plasticity,
    PoissonSource,
    Population,
    Projection,
    Protocol,
    RegularSource,
    Synapses,
    TwoCompartmentLIF,
    Uniform,
    Weights,
    backends,
    two_phase,
)
from bio_fa.backends.base import Backend, Simulation, State
from bio_fa.learning import Learning
from models.cortical_hierarchy import cortical_hierarchy
from models.mlp import mlp
from models.two_area import two_area

EVERY_BACKEND = {
    "reference": {},
    "torch_rate": {"precision": "float64", "threads": 1},
    "torch_spiking": {"precision": "float64", "threads": 1},
    "brian2": {},
}
"""Settings by backend, in the precision in which they can be compared."""
SETTLING_BACKENDS = [name for name in EVERY_BACKEND if name != "brian2"]
"""Those that find fixed points; the others run phases with a duration only."""
SPIKING_BACKENDS = [name for name in EVERY_BACKEND if name != "torch_rate"]
"""Those that run circuits of spiking neurons."""
MODELS = {
    "two_area": two_area(5, 6, 3),
    "hierarchy_of_1": cortical_hierarchy(5, (6,), 3),
    "hierarchy_of_2": cortical_hierarchy(5, (6, 5), 3),
    "hierarchy_of_3": cortical_hierarchy(4, (5, 4, 4), 3),
    "mlp": mlp(4, (5, 4), 3),
}
"""Every model at a size that the reference simulates in milliseconds."""


def excitation_and_inhibition(rule: Plasticity | None = None) -> Circuit:
    """Return the circuit input → E ⇄ I, half of whose synapses exist; E, the output, excites itself by synapses that may learn."""
    e, i = Population("E", 4), Population("I", 2, INHIBITORY)
    half = FixedInDegree(0.5)
    projections = (
        Projection("input", "E", connectivity=half, weights=Uniform(1.0, 3.0)),
        Projection("input", "I", connectivity=half, weights=Uniform(1.0, 3.0)),
        Projection("E", "E", connectivity=half, weights=Uniform(0.2, 0.6), plasticity=rule),
        Projection("E", "I", connectivity=half, weights=Uniform(0.2, 0.6)),
        Projection("I", "E", connectivity=half, weights=Uniform(0.2, 0.6)),
    )
    areas = (Area("input_area", (Population("input", 3),)), Area("V1", (e, i)))
    return Circuit("excitation_and_inhibition", areas, projections, "input", "E")


def lively_two_area() -> Circuit:
    """Return two areas whose synapses are so strong that spiking neurons of every population fire."""
    strong = {"input_to_V1_E": 2.5, "input_to_V1_I": 2.0, "V1_I_to_V1_E": 0.5, "V1_E_to_output": 1.0}
    strong |= dict.fromkeys(("output_to_V1_FE", "output_to_V1_FI", "V1_FE_to_V1_E", "V1_FI_to_V1_E"), 2.0)
    circuit = two_area(3, 4, 2, apical_gain=0.5)
    weights = {name: Uniform(0.7 * mean, 1.3 * mean) for name, mean in strong.items()}
    projections = (replace(each, weights=weights.get(each.name, each.weights)) for each in circuit.projections)
    return replace(circuit, projections=tuple(projections))


EI, TWO_AREA = excitation_and_inhibition(), lively_two_area()
SPIKING = {
    "ei": EI.with_neurons(LIF()),
    "apical": TWO_AREA.with_neurons(TwoCompartmentLIF(), source=PoissonSource()),
    "adaptive_threshold": EI.with_neurons(AdaptiveThresholdLIF()),
    "adaptive_current": EI.with_neurons(AdaptiveCurrentLIF(coupling=0.2)),
    "delays": EI.with_neurons(LIF(), CurrentSynapse(delay=3e-3), RegularSource()),
    "refractory": EI.with_neurons(LIF(refractory=4e-3, carry_over=True)),
    "conductance": EI.with_neurons(LIF(), ConductanceSynapse(), PoissonSource()),
    "poisson_input": EI.with_neurons(LIF(), source=PoissonSource()),
    "regular_input": EI.with_neurons(LIF(), source=RegularSource()),
    "graded_output": TWO_AREA.with_neurons(LIF(), others={"output": DivisiveNormalisation()}),
}
"""Circuits of spiking neurons that the reference simulates for 1 s in less than that."""
V1_E = ("input_to_V1_E", "V1_I_to_V1_E")
"""The projections onto the hidden neurons of two areas that learn; the others keep their rule."""
SPIKING_TWO_AREA = TWO_AREA.with_neurons(LIF(refractory=2e-3), source=PoissonSource())
PLASTIC_SPIKING = {
    "three_factor": SPIKING_TWO_AREA,
    "dendritic_error": SPIKING_TWO_AREA.with_plasticity(dict.fromkeys((*V1_E, "tonic_to_V1_E"), DendriticError())),
    "eligibility": SPIKING_TWO_AREA.with_plasticity(dict.fromkeys(V1_E, Eligibility()), reads="nudged"),
    "pair_stdp": SPIKING["poisson_input"].with_plasticity({"E_to_E": PairSTDP(), "input_to_E": PairSTDP() + Hebbian()}),
    "homeostasis": SPIKING["ei"].with_plasticity({"I_to_E": Homeostasis(), "E_to_E": Homeostasis() + PairSTDP()}),
}
"""Circuits of spiking neurons that learn."""


def spiking_trial(circuit: Circuit, **settings: object) -> Protocol:
    """Return a free and a nudged phase, each long enough for spikes and short enough for the reference."""
    return two_phase(circuit, **{"duration": 0.05, "window": 0.03, **settings})  # type: ignore[arg-type]


def machine(backend: str) -> Backend:
    """Return a backend in double precision."""
    return backends.get(backend, **EVERY_BACKEND[backend])


def compiled(circuit: Circuit, protocol: Protocol, learning: Learning, backend: str = "torch_rate") -> Simulation:
    """Return the simulation on a backend in double precision."""
    return machine(backend).compile(circuit, protocol, learning)


def batch(circuit: Circuit, trials: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Return random stimuli in [0, 1) and random targets: distributions where the output is normalised, else rates."""
    rng = np.random.default_rng(seed)
    stimulus = rng.random((trials, circuit.population(circuit.input).size))
    target = rng.random((trials, circuit.population(circuit.output).size))
    if isinstance(circuit.population(circuit.output).neuron, DivisiveNormalisation):
        target /= target.sum(axis=1, keepdims=True)
    return {circuit.input: stimulus, circuit.output: target}


def trial(simulation: Simulation, state: State, inputs: Mapping[str, np.ndarray]) -> State:
    """Return the state after every phase of one trial."""
    for phase in simulation.protocol.phases:
        state, _ = simulation.run(state, phase, inputs)
    return state


def after_learning(simulation: Simulation, parameters: Parameters, trials: int, size: int = 2, seed: int = 0) -> State:
    """Return the state after ``trials`` learning trials of ``size`` random stimuli each."""
    state = simulation.init(parameters)
    for number in range(trials):
        state = simulation.learn(trial(simulation, state, batch(simulation.circuit, size, seed + number)))
    return state


def with_weights(parameters: Parameters, **weights: object) -> Parameters:
    """Return the parameters with some projections' weights replaced; their masks stay."""
    new = {name: Synapses(np.asarray(w, dtype=float), parameters[name].mask) for name, w in weights.items()}
    return {**parameters, **new}


def with_tonic(circuit: Circuit, seed: int = 0) -> Parameters:
    """Return sampled parameters whose intrinsic excitabilities, 0 in every model, are random: a generic point."""
    rng, parameters = np.random.default_rng([seed, 1]), circuit.sample(seed)
    tonic = {each.name: rng.normal(0.1, 0.2, circuit.shape(each)) for each in circuit.projections if each.from_tonic}
    return with_weights(parameters, **tonic)


def with_constraints(circuit: Circuit, *constraints: Constraint) -> Circuit:
    """Return the circuit whose plastic projections obey further constraints."""
    projections = (replace(each, constraints=constraints) if each.plasticity else each for each in circuit.projections)
    return replace(circuit, projections=tuple(projections))


def violations(circuit: Circuit, parameters: Parameters) -> int:
    """Return how many synapses break Dale's law, exist where none may, or are not finite."""
    count = 0
    for projection in circuit.projections:
        w, mask = parameters[projection.name].w, parameters[projection.name].mask
        dalean = circuit.sign(projection) is not None
        count += np.count_nonzero(w[~mask]) + np.count_nonzero(~np.isfinite(w)) + dalean * np.count_nonzero(w < 0)
    return count


def chain_of(*populations: Population, weights: Weights, **learning: object) -> Circuit:
    """Return the circuit in which each population drives the next, all to all; the last synapses learn as given."""
    ends = list(pairwise(populations))
    learns = [learning if post is populations[-1] else {} for _, post in ends]
    projections = (Projection(pre.name, post.name, weights=weights, **each) for (pre, post), each in zip(ends, learns, strict=True))
    return Circuit("chain", (Area("all", populations),), tuple(projections), populations[0].name, populations[-1].name)


def leaky(name: str, size: int = 2, tau: float = 20e-3) -> Population:
    """Return an excitatory population of threshold-linear neurons."""
    return Population(name, size, neuron=LeakyRate(tau))
