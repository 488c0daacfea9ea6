"""What tests of learning rules share: small networks, batches of numbers and weights after some trials."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bio_fa import backends
from bio_fa.backends.base import Simulation, State
from bio_fa.circuit import Circuit
from bio_fa.learning import Learning
from bio_fa.neurons import SigmoidRate
from bio_fa.protocol import Protocol
from bio_fa.rules import LearningRule, Network
from bio_fa.synapses import Parameters
from bio_fa.updates import Scale, Update

SMALL = Network(6, (5, 4), 3)
SMOOTH = Network(6, (5, 4), 3, neuron=SigmoidRate())
ONE_AREA = Network(6, (5,), 3)
STEP = Scale(0.1)
DOUBLE = {"precision": "float64", "threads": 1}


def batch(network: Network, trials: int = 4, seed: int = 0) -> dict[str, np.ndarray]:
    """Return stimuli and one-hot targets."""
    rng = np.random.default_rng(seed)
    stimulus = rng.random((trials, network.inputs))
    return {"input": stimulus, "output": np.eye(network.outputs)[rng.integers(network.outputs, size=trials)]}


@dataclass
class Learner:
    """A network that learns by a rule, trial by trial."""

    simulation: Simulation
    state: State
    inputs: dict[str, np.ndarray]

    def run(self) -> None:
        """Run the phases of one trial."""
        for phase in self.simulation.learning.phases(self.simulation.protocol):
            self.state, _ = self.simulation.run(self.state, phase, self.inputs)

    def deltas(self) -> dict[str, np.ndarray]:
        """Return Δw of the next trial, from which nothing is learned."""
        self.run()
        return self.simulation.deltas(self.state)

    def learn(self, trials: int = 1) -> Parameters:
        """Learn from so many trials and return the parameters."""
        for _ in range(trials):
            self.run()
            self.state = self.simulation.learn(self.state)
        return self.parameters()

    def parameters(self) -> Parameters:
        """Return the parameters as they are."""
        return self.simulation.parameters(self.state)


def learner(
    rule: LearningRule,
    network: Network = SMALL,
    update: Update = STEP,
    backend: str = "torch_rate",
    parameters: Parameters | None = None,
    seed: int = 1,
) -> Learner:
    """Return a network that learns by a rule, in double precision."""
    circuit = rule.circuit(network)
    return of_circuit(circuit, rule.protocol(circuit), rule.learning(update), batch(network), backend, parameters, seed)


def of_circuit(
    circuit: Circuit,
    protocol: Protocol,
    learning: Learning,
    inputs: dict[str, np.ndarray],
    backend: str = "torch_rate",
    parameters: Parameters | None = None,
    seed: int = 1,
) -> Learner:
    """Return a circuit that learns, in double precision."""
    settings = {} if backend == "reference" else DOUBLE
    simulation = backends.get(backend, **settings).compile(circuit, protocol, learning)
    return Learner(simulation, simulation.init(parameters or circuit.sample(seed), seed), inputs)
