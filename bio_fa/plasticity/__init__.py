"""The plasticity rules, one file each; a rule in a user's own file works the same way."""

from bio_fa.plasticity.apical_error import ApicalError
from bio_fa.plasticity.base import MOMENTARY, Plasticity, Postsynaptic, Presynaptic, Product, Sum
from bio_fa.plasticity.burst_difference import BurstDifference
from bio_fa.plasticity.covariance import Covariance
from bio_fa.plasticity.dendritic_error import DendriticError
from bio_fa.plasticity.eligibility import Eligibility
from bio_fa.plasticity.exploration import Exploration
from bio_fa.plasticity.hebbian import Hebbian
from bio_fa.plasticity.hebbian_contrast import HebbianContrast
from bio_fa.plasticity.homeostasis import Homeostasis
from bio_fa.plasticity.intrinsic import Intrinsic
from bio_fa.plasticity.locality import momentary, prove_local, senses_error, senses_now
from bio_fa.plasticity.oja import Oja
from bio_fa.plasticity.pair_stdp import PairSTDP
from bio_fa.plasticity.returned_error import ReturnedError
from bio_fa.plasticity.running_moments import RunningMean, RunningVariance
from bio_fa.plasticity.three_factor import ThreeFactor
from bio_fa.plasticity.weight_decay import WeightDecay

__all__ = [
    "MOMENTARY",
    "ApicalError",
    "BurstDifference",
    "Covariance",
    "DendriticError",
    "Eligibility",
    "Exploration",
    "Hebbian",
    "HebbianContrast",
    "Homeostasis",
    "Intrinsic",
    "Oja",
    "PairSTDP",
    "Plasticity",
    "Postsynaptic",
    "Presynaptic",
    "Product",
    "ReturnedError",
    "RunningMean",
    "RunningVariance",
    "Sum",
    "ThreeFactor",
    "WeightDecay",
    "momentary",
    "prove_local",
    "senses_error",
    "senses_now",
]
