"""The updates, one file each: how a change Δw becomes a step of the weight. They chain into updates."""

from bio_fa.updates.adaptive import Adaptive
from bio_fa.updates.base import Chain, State, Update, chain
from bio_fa.updates.cosine_decay import CosineDecay
from bio_fa.updates.decayed import Decayed
from bio_fa.updates.exponentiated_gradient import ExponentiatedGradient
from bio_fa.updates.frozen_signs import FrozenSigns
from bio_fa.updates.momentum import Momentum
from bio_fa.updates.noisy import Noisy
from bio_fa.updates.scale import Scale
from bio_fa.updates.sign import Sign

__all__ = [
    "Adaptive",
    "Chain",
    "CosineDecay",
    "Decayed",
    "ExponentiatedGradient",
    "FrozenSigns",
    "Momentum",
    "Noisy",
    "Scale",
    "Sign",
    "State",
    "Update",
    "chain",
]
