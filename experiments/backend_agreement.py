"""Do the backends mean the same by one circuit?

Question: do `reference`, `torch_spiking` and `brian2` give the same spikes in the same time steps, and the same weights, over
1 s of biological time? Do `torch_rate` and `brian2` give the same rates? And how far does single precision lead away?
Prediction: in double precision no spike differs, because all of them evaluate the same equations; in single precision spikes
move once a potential lies within rounding of its threshold.

    python -m experiments.backend_agreement [--seconds 1.0] [--seed 1] [--output runs/backend_agreement]

Each circuit learns from one trial, half of it free and half nudged. The tables are printed and left in the output folder.
Runtime: about three minutes. Results: README.md and docs/science.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bio_fa import Circuit, LocalLearning, Parameters, Protocol, Scale, backends, two_phase
from bio_fa.neurons import (
    LIF,
    AdaptiveCurrentLIF,
    AdaptiveThresholdLIF,
    DivisiveNormalisation,
    PoissonSource,
    RegularSource,
    TwoCompartmentLIF,
)
from bio_fa.plasticity import DendriticError, Eligibility, PairSTDP, Plasticity
from bio_fa.transmission import ConductanceSynapse, CurrentSynapse
from models.cortical_hierarchy import cortical_hierarchy
from models.two_area import two_area

DT = 1e-3
GRADED = {"output": DivisiveNormalisation()}
POISSON, REGULAR = PoissonSource(200.0), RegularSource(200.0)
DOUBLE: dict[str, Any] = {"precision": "float64", "threads": 1}


LEARNING = ("input_to_V1_E", "V1_I_to_V1_E")
"""The projections whose rule the plastic cases replace."""


def small() -> Circuit:
    """Return the circuit that the cases share, 20 inputs and 39 neurons with strong feedback."""
    return two_area(20, 16, 5, apical_gain=1.0)


def learning_by(rule: Plasticity, reads: str) -> Circuit:
    """Return that circuit, spiking, with another rule in its hidden area, which reads this phase."""
    return small().with_neurons(LIF(), source=POISSON).with_plasticity(dict.fromkeys(LEARNING, rule), reads)


SPIKING = {
    "excitation and inhibition": small().with_neurons(LIF(), source=POISSON),
    "current injection, graded output": small().with_neurons(LIF(carry_over=True), others=GRADED),
    "apical compartment": small().with_neurons(TwoCompartmentLIF(), source=POISSON),
    "adaptive threshold": small().with_neurons(AdaptiveThresholdLIF(), source=REGULAR),
    "adaptive current": small().with_neurons(AdaptiveCurrentLIF(coupling=0.1), source=REGULAR),
    "delays": small().with_neurons(LIF(), CurrentSynapse(tau=3e-3, delay=4e-3), POISSON),
    "refractory": small().with_neurons(LIF(refractory=5e-3, unit_rate=150.0), source=POISSON),
    "conductances": small().with_neurons(LIF(), ConductanceSynapse(), POISSON),
    "pair STDP": learning_by(PairSTDP(potentiation=0.02, depression=0.021), "free"),
    "eligibility": learning_by(Eligibility(), "nudged"),
    "dendritic error": learning_by(DendriticError(), "free"),
}
RATES = {
    "two areas, rates": small(),
    "hierarchy, rates": cortical_hierarchy(20, (16, 12), 5),
}


@dataclass(frozen=True)
class Outcome:
    """What one backend made of one trial."""

    spikes: dict[tuple[str, str], np.ndarray]
    """[step, trial, neuron] of each spike, by phase and population."""
    activity: dict[tuple[str, str], np.ndarray]
    parameters: Parameters

    def count(self) -> int:
        """Return the number of spikes."""
        return sum(map(len, self.spikes.values()))

    def spikes_apart(self, other: Outcome) -> int:
        """Return how many spikes one of the two has and the other has not."""
        pairs = ((self.spikes[key], other.spikes[key]) for key in self.spikes)
        return sum(len({*map(tuple, one.tolist())} ^ {*map(tuple, two.tolist())}) for one, two in pairs)

    def weights_apart(self, other: Outcome) -> float:
        """Return the largest difference of a weight."""
        return max(float(np.abs(self.parameters[name].w - other.parameters[name].w).max()) for name in self.parameters)

    def activity_apart(self, other: Outcome) -> float:
        """Return the largest difference of an activity."""
        return max(float(np.abs(self.activity[key] - other.activity[key]).max()) for key in self.activity)


def outcome(circuit: Circuit, protocol: Protocol, seed: int, backend: str, settings: Mapping[str, Any]) -> Outcome:
    """Return what a backend makes of one learning trial."""
    simulation = backends.get(backend, **settings).compile(circuit, protocol, LocalLearning(Scale(0.1)))
    rng = np.random.default_rng(seed)
    stimulus = rng.random((1, circuit.population(circuit.input).size))
    target = rng.dirichlet(np.ones(circuit.population(circuit.output).size), 1)
    state, spikes = simulation.init(circuit.sample(seed), seed), {}
    for phase in protocol.phases:
        steps = protocol.steps(phase.duration)
        state, _ = simulation.run(state, phase, {circuit.input: stimulus, circuit.output: target}, every=steps)
        spikes |= {(phase.name, each.name): simulation.spikes(state, each.name) for each in circuit.populations if each.spiking}
    pairs = [(phase.name, each.name) for phase in protocol.phases for each in circuit.populations]
    activity = {(phase, name): simulation.activity(state, name, phase) for phase, name in pairs}
    return Outcome(spikes, activity, simulation.parameters(simulation.learn(state)))


def spiking_rows(seconds: float, seed: int) -> list[str]:
    """Return the table of spiking circuits: how each backend differs from the reference."""
    rows = [
        "| circuit | spikes | `torch_spiking` | `brian2` | single precision |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, circuit in SPIKING.items():
        protocol = two_phase(circuit, 1.0, False, seconds / 2, DT, seconds / 2)
        reference = outcome(circuit, protocol, seed, "reference", {})
        compared = {each: outcome(circuit, protocol, seed, each, settings) for each, settings in MACHINES.items()}
        single = outcome(circuit, protocol, seed, "torch_spiking", {"threads": 1})
        cells = [f"{each.spikes_apart(reference)}, {each.weights_apart(reference):.0e}" for each in compared.values()]
        rows.append(f"| {name} | {reference.count():,} | {' | '.join(cells)} | {single.spikes_apart(reference)} |")
        print(rows[-1], flush=True)
    return rows


MACHINES: dict[str, dict[str, Any]] = {"torch_spiking": DOUBLE, "brian2": {}}


def rate_rows(seconds: float, seed: int) -> list[str]:
    """Return the table of rate circuits: how far Brian2 and torch_rate are apart."""
    rows = ["| circuit | largest difference of a rate | of a weight |", "| --- | --- | --- |"]
    for name, circuit in RATES.items():
        protocol = two_phase(circuit, 1.0, False, seconds / 2, DT)
        here, there = (outcome(circuit, protocol, seed, *each) for each in (("torch_rate", DOUBLE), ("brian2", {})))
        rows.append(f"| {name} | {here.activity_apart(there):.0e} | {here.weights_apart(there):.0e} |")
        print(rows[-1], flush=True)
    return rows


def main() -> None:
    """Read the command line, compare, and leave the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=1.0, help="biological time of a trial")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, default=Path("runs/backend_agreement"))
    options = parser.parse_args()
    print("spikes that differ from the reference, and the largest difference of a weight")
    tables = [spiking_rows(options.seconds, options.seed), rate_rows(options.seconds, options.seed)]
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "tables.md").write_text("\n\n".join("\n".join(rows) for rows in tables) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
