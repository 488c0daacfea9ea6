"""Tiny circuits and trials that several tests share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

import numpy as np

from bio_fa import (
    Area,
    Circuit,
    Constraint,
    DivisiveNormalisation,
    LeakyRate,
    Parameters,
    Population,
    Projection,
    Protocol,
    Synapses,
    Weights,
    backends,
)
from bio_fa.backends.base import Simulation, State
from bio_fa.learning import Learning
from models.cortical_hierarchy import cortical_hierarchy
from models.mlp import mlp
from models.two_area import two_area

EVERY_BACKEND = {"reference": {}, "torch_rate": {"precision": "float64", "threads": 1}}
"""Settings by backend, in the precision in which they can be compared."""
MODELS = {
    "two_area": two_area(5, 6, 3),
    "hierarchy_of_1": cortical_hierarchy(5, (6,), 3),
    "hierarchy_of_2": cortical_hierarchy(5, (6, 5), 3),
    "hierarchy_of_3": cortical_hierarchy(4, (5, 4, 4), 3),
    "mlp": mlp(4, (5, 4), 3),
}
"""Every model at a size that the reference simulates in milliseconds."""


def compiled(circuit: Circuit, protocol: Protocol, learning: Learning, backend: str = "torch_rate") -> Simulation:
    """Return the simulation on a backend in double precision."""
    return backends.get(backend, **EVERY_BACKEND[backend]).compile(circuit, protocol, learning)


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
