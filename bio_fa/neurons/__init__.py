"""The neuron models, one file each."""

from bio_fa.neurons.base import Neuron, RateNeuron
from bio_fa.neurons.divisive_normalisation import DivisiveNormalisation
from bio_fa.neurons.leaky_rate import LeakyRate
from bio_fa.neurons.saturating_rate import SaturatingRate

__all__ = ["DivisiveNormalisation", "LeakyRate", "Neuron", "RateNeuron", "SaturatingRate"]
