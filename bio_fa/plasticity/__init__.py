"""The plasticity rules, one file each; a rule in a user's own file works the same way."""

from bio_fa.plasticity.base import Plasticity, Postsynaptic, Presynaptic, Sum
from bio_fa.plasticity.covariance import Covariance
from bio_fa.plasticity.hebbian import Hebbian
from bio_fa.plasticity.homeostasis import Homeostasis
from bio_fa.plasticity.locality import prove_local
from bio_fa.plasticity.oja import Oja
from bio_fa.plasticity.three_factor import ThreeFactor
from bio_fa.plasticity.weight_decay import WeightDecay

__all__ = [
    "Covariance",
    "Hebbian",
    "Homeostasis",
    "Oja",
    "Plasticity",
    "Postsynaptic",
    "Presynaptic",
    "Sum",
    "ThreeFactor",
    "WeightDecay",
    "prove_local",
]
