"""The neuron models, one file each."""

from bio_fa.neurons.adaptive_current_lif import AdaptiveCurrentLIF
from bio_fa.neurons.adaptive_threshold_lif import AdaptiveThresholdLIF
from bio_fa.neurons.base import Neuron, NeuronState, RateNeuron
from bio_fa.neurons.divisive_normalisation import DivisiveNormalisation
from bio_fa.neurons.hard_sigmoid_rate import HardSigmoidRate
from bio_fa.neurons.leaky_rate import LeakyRate
from bio_fa.neurons.lif import LIF
from bio_fa.neurons.linear_rate import LinearRate
from bio_fa.neurons.saturating_rate import SaturatingRate
from bio_fa.neurons.sigmoid_rate import SigmoidRate
from bio_fa.neurons.spike_source import PoissonSource, RegularSource, SpikeSource
from bio_fa.neurons.spiking import IntegrateAndFire, SpikingNeuron
from bio_fa.neurons.tanh_rate import TanhRate
from bio_fa.neurons.two_compartment_lif import TwoCompartmentLIF

__all__ = [
    "LIF",
    "AdaptiveCurrentLIF",
    "AdaptiveThresholdLIF",
    "DivisiveNormalisation",
    "HardSigmoidRate",
    "IntegrateAndFire",
    "LeakyRate",
    "LinearRate",
    "Neuron",
    "NeuronState",
    "PoissonSource",
    "RateNeuron",
    "RegularSource",
    "SaturatingRate",
    "SigmoidRate",
    "SpikeSource",
    "SpikingNeuron",
    "TanhRate",
    "TwoCompartmentLIF",
]
