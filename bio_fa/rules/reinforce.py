"""Reinforce: an action is drawn and rewarded, and whatever random led to it is made likelier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bio_fa.circuit import Circuit
from bio_fa.credit import Reward
from bio_fa.noise import NeuronNoise
from bio_fa.rules.scalar import ScalarFeedback


@dataclass(frozen=True)
class Reinforce(ScalarFeedback):
    """ΔW = η (R − R̄) x r_{ℓ−1}ᵀ with x = ξ / σ² of hidden neurons, whose current holds ξ ~ N(0, σ²), and x = a − r of the output.

    The action a is drawn with the probabilities r of the output and earns R = 1 if it is right, else 0. On average ΔW is the
    gradient of the expected reward of the noisy network, exactly for every σ.

    Use: where only the success of an action is known, not the loss of the answer.
    Limits: the reward tells less than a loss, and its variance grows with the neurons that are noisy: small steps, many trials.
    Source: Williams (1992) Mach. Learn. 8:229–256, theorem 1, with Gaussian hidden units and reinforcement comparison.
    """

    reads: ClassVar[str] = "noisy"

    deviation: float = 0.1
    """σ."""

    def credit(self, population: str) -> Reward:
        """Return the reward."""
        return Reward()

    def noise(self, circuit: Circuit) -> tuple[NeuronNoise, ...]:
        """Return noise for every hidden population."""
        given = (circuit.input, circuit.output)
        return tuple(NeuronNoise(each.name, self.deviation) for each in circuit.populations if each.name not in given)
