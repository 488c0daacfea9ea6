"""The smallest whole experiment with spikes that several tests run."""

from __future__ import annotations

from typing import Any

from bio_fa import backends, two_phase
from bio_fa.circuit import Circuit
from bio_fa.experiment import Experiment
from bio_fa.neurons import LIF, DivisiveNormalisation, PoissonSource, SpikingNeuron
from bio_fa.protocol import Protocol
from bio_fa.recorder import Record
from bio_fa.tasks import Digits
from models.two_area import two_area
from tests.small import small_experiment

LIVELY = LIF(tau=0.1)
"""Neurons that leak so little that a tenth of the drive which counts as 1 makes them fire."""
RATE_OUTPUT = {"output": DivisiveNormalisation()}
"""Neurons of a population that does not spike in a circuit that does."""


def spiking_circuit(hidden: int = 10, neuron: SpikingNeuron = LIVELY, **how: Any) -> Circuit:
    """Return the circuit of two areas, of spiking neurons."""
    return two_area(hidden=hidden).with_neurons(neuron, **{"source": PoissonSource(), **how})


def short(circuit: Circuit, duration: float = 0.02, window: float = 0.01) -> Protocol:
    """Return the two-phase trial of a few time steps."""
    return two_phase(circuit, duration=duration, window=window)


def spiking_experiment(**changes: Any) -> Experiment:
    """Return 32 digits for 10 hidden neurons that spike, with some fields changed."""
    circuit = changes.pop("circuit", None) or spiking_circuit()
    defaults = {
        "protocol": short(circuit),
        "backend": backends.get("torch_spiking", threads=1),
        "task": Digits(train_trials=32, test_trials=16),
        "epochs": 1,
        "record": Record(trials=8),
    }
    return small_experiment(**{"circuit": circuit, **defaults, **changes})
