"""bio_fa: simulate cortical circuits that learn under biological constraints.

In reading order: who exists (population, area, neurons), who contacts whom (connectivity, weights, transmission, projection),
the whole (circuit); how it learns (credit, plasticity, updates, constraints); what happens (phase, protocol, record); who
computes it and what is left of it (experiment, run).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bio_fa.circuit import Circuit, tonic_drive
from bio_fa.connectivity import AllToAll, Connectivity, FixedInDegree, FixedProbability, OneToOne
from bio_fa.constraints import Bounds, Constraint, Dale, Mask, ProjectionNorm, WeightNorm
from bio_fa.credit import Activity, ActivityDifference, SignedError
from bio_fa.errors import BioFAError
from bio_fa.learning import GradientLearning, LocalLearning
from bio_fa.neurons import (
    LIF,
    AdaptiveCurrentLIF,
    AdaptiveThresholdLIF,
    DivisiveNormalisation,
    HardSigmoidRate,
    LeakyRate,
    LinearRate,
    Neuron,
    PoissonSource,
    RegularSource,
    SaturatingRate,
    SigmoidRate,
    TanhRate,
    TwoCompartmentLIF,
)
from bio_fa.noise import NeuronNoise, SynapseNoise
from bio_fa.phase import Nudge, Phase, Settle
from bio_fa.plasticity import (
    Covariance,
    DendriticError,
    Eligibility,
    Hebbian,
    Homeostasis,
    Oja,
    PairSTDP,
    Plasticity,
    ThreeFactor,
    WeightDecay,
    prove_local,
)
from bio_fa.population import EXCITATORY, INHIBITORY, TONIC, UNSIGNED, Apical, Area, Population
from bio_fa.projection import Projection
from bio_fa.protocol import Protocol, one_phase, two_phase
from bio_fa.recorder import Record
from bio_fa.synapses import Parameters, Synapses
from bio_fa.tie import SignConcordant, Transposed
from bio_fa.transmission import ConductanceSynapse, CurrentSynapse, Graded, Transmission
from bio_fa.updates import (
    Adaptive,
    CosineDecay,
    Decayed,
    ExponentiatedGradient,
    FrozenSigns,
    Momentum,
    Noisy,
    Scale,
    Sign,
    Update,
    chain,
)
from bio_fa.weights import Constant, Constrained, Exponential, LogNormal, Narrow, Normalised, Signed, Uniform, Weights

if TYPE_CHECKING:
    from bio_fa import backends
    from bio_fa.comparison import Comparison, compare
    from bio_fa.config import load
    from bio_fa.experiment import Experiment
    from bio_fa.guard import Liveness
    from bio_fa.io.opened_run import open_run
    from bio_fa.rules import CorticalNetwork, LearningRule, Network
    from bio_fa.running import run

__version__ = "0.1.0"

_LAZY = {
    "Comparison": "bio_fa.comparison",
    "CorticalNetwork": "bio_fa.rules",
    "Experiment": "bio_fa.experiment",
    "LearningRule": "bio_fa.rules",
    "Liveness": "bio_fa.guard",
    "Network": "bio_fa.rules",
    "compare": "bio_fa.comparison",
    "load": "bio_fa.config",
    "open_run": "bio_fa.io.opened_run",
    "run": "bio_fa.running",
}
"""Names whose modules need more than NumPy, imported when they are first used."""

__all__ = [
    "EXCITATORY",
    "INHIBITORY",
    "LIF",
    "TONIC",
    "UNSIGNED",
    "Activity",
    "ActivityDifference",
    "Adaptive",
    "AdaptiveCurrentLIF",
    "AdaptiveThresholdLIF",
    "AllToAll",
    "Apical",
    "Area",
    "BioFAError",
    "Bounds",
    "Circuit",
    "Comparison",
    "ConductanceSynapse",
    "Connectivity",
    "Constant",
    "Constrained",
    "Constraint",
    "CorticalNetwork",
    "CosineDecay",
    "Covariance",
    "CurrentSynapse",
    "Dale",
    "Decayed",
    "DendriticError",
    "DivisiveNormalisation",
    "Eligibility",
    "Experiment",
    "Exponential",
    "ExponentiatedGradient",
    "FixedInDegree",
    "FixedProbability",
    "FrozenSigns",
    "Graded",
    "GradientLearning",
    "HardSigmoidRate",
    "Hebbian",
    "Homeostasis",
    "LeakyRate",
    "LearningRule",
    "LinearRate",
    "Liveness",
    "LocalLearning",
    "LogNormal",
    "Mask",
    "Momentum",
    "Narrow",
    "Network",
    "Neuron",
    "NeuronNoise",
    "Noisy",
    "Normalised",
    "Nudge",
    "Oja",
    "OneToOne",
    "PairSTDP",
    "Parameters",
    "Phase",
    "Plasticity",
    "PoissonSource",
    "Population",
    "Projection",
    "ProjectionNorm",
    "Protocol",
    "Record",
    "RegularSource",
    "SaturatingRate",
    "Scale",
    "Settle",
    "SigmoidRate",
    "Sign",
    "SignConcordant",
    "Signed",
    "SignedError",
    "SynapseNoise",
    "Synapses",
    "TanhRate",
    "ThreeFactor",
    "Transmission",
    "Transposed",
    "TwoCompartmentLIF",
    "Uniform",
    "Update",
    "WeightDecay",
    "WeightNorm",
    "Weights",
    "backends",
    "chain",
    "compare",
    "load",
    "one_phase",
    "open_run",
    "prove_local",
    "run",
    "tonic_drive",
    "two_phase",
]


def __getattr__(name: str) -> Any:
    import importlib

    if name == "backends":
        return importlib.import_module("bio_fa.backends")
    if name not in _LAZY:
        raise AttributeError(f"module 'bio_fa' has no attribute {name!r}")
    return getattr(importlib.import_module(_LAZY[name]), name)
