"""Losses: how far the output is from its target. Local rules never see them; reports and gradient learning do."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

from bio_fa.circuit import Circuit
from bio_fa.description import Description
from bio_fa.neurons import DivisiveNormalisation
from bio_fa.ops import Quantity, log


@dataclass(frozen=True)
class Loss(Description, abstract=True):
    """A distance between output activity and target, both (trial, output)."""

    @abstractmethod
    def per_trial(self, activity: Quantity, target: Quantity) -> Quantity:
        """Return the loss of each trial: (trial,)."""


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """L = −Σ target · log(r + ε), for outputs that sum to 1.

    Source: Bishop (2006) Pattern Recognition and Machine Learning, eq. 4.108.
    """

    floor: float = 1e-30
    """ε, so that an activity of 0 costs a finite loss."""

    def per_trial(self, activity: Quantity, target: Quantity) -> Quantity:
        """Return −Σ target · log(r + ε)."""
        return -(target * log(activity + self.floor)).sum(-1)


@dataclass(frozen=True)
class SquaredError(Loss):
    """L = ½ Σ (target − r)².

    Source: Rumelhart, Hinton & Williams (1986) Nature 323:533–536, eq. 3.
    """

    def per_trial(self, activity: Quantity, target: Quantity) -> Quantity:
        """Return ½ Σ (target − r)²."""
        return ((target - activity) ** 2).sum(-1) / 2


def loss_of(circuit: Circuit) -> Loss:
    """Return the loss whose gradient at the output's current is target − r: the error that a nudge makes.

    Choice: cross-entropy for a normalised output, squared error otherwise (exact there where the output is linear).
    """
    normalised = isinstance(circuit.population(circuit.output).neuron, DivisiveNormalisation)
    return CrossEntropy() if normalised else SquaredError()
