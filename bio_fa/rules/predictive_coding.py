"""Differences in space: every area is predicted from below, and error neurons report how feedback departs from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from bio_fa.circuit import Circuit, tonic_drive
from bio_fa.connectivity import OneToOne
from bio_fa.credit import Activity, ActivityDifference
from bio_fa.neurons import LinearRate
from bio_fa.phase import Nudge, Phase, Settle
from bio_fa.plasticity import Hebbian
from bio_fa.population import UNSIGNED, Population
from bio_fa.projection import Projection
from bio_fa.protocol import Protocol
from bio_fa.rules.companions import unsigned, with_companions
from bio_fa.rules.feedback import Feedback, FixedRandom, LearnedTogether
from bio_fa.rules.network import LayeredNetwork, Network
from bio_fa.rules.wired import WiredRule
from bio_fa.weights import Constant, SignedConstant


@dataclass(frozen=True)
class DifferenceInSpace(WiredRule, abstract=True):
    """μ_ℓ = W_ℓ r_{ℓ−1} + θ_ℓ,  r_ℓ = φ(μ_ℓ + B_ℓ ε_{ℓ+1}),  ε_ℓ = r_ℓ − φ(μ_ℓ),  ΔW_ℓ = η ε_ℓ r_{ℓ−1}ᵀ.

    Each neuron has beside it one that carries its prediction μ, one that says what activity this predicts, φ(μ), and one that
    reports the error ε: what is with feedback and what would be without it are there at the same time.
    """

    carries: ClassVar[str] = "error"
    takes: ClassVar[tuple[type[Feedback], ...]] = (FixedRandom, LearnedTogether)
    because: ClassVar[str] = "B starts from error neurons, which no synapse of the way up reaches that it could copy or mirror"

    strength: float = 0.1
    """β, of the nudge that shows the target to the output, in (0, 1]. Choice: small, for small errors."""
    fixed: bool = True
    """Whether predictions stay those of the free phase during inference; else all relax together."""
    settle: Settle = field(default_factory=lambda: Settle(tolerance=1e-3, step=1.0, max_steps=200))
    """How inference relaxes."""

    def way_up(self, below: str, above: str) -> str:
        """Return the name of the predictions of the area above."""
        return f"{below}_to_{above}_predicted"

    def learns_back(self, population: str) -> dict[str, Any]:
        """Return that feedback learns from the error that it brings, which is an activity."""
        return {"plasticity": Hebbian(1.0)}

    def senses(self, population: str) -> dict[str, Any]:
        """Return the difference in space that is the error."""
        return {"error": ActivityDifference(Activity(population, "inferred"), Activity(f"{population}_expected", "inferred"))}

    def circuit(self, network: LayeredNetwork) -> Circuit:
        """Return the circuit, with three companions beside every population above the input."""
        network = unsigned(self.kind(), network)

        def companions(name: str, layer: Population) -> tuple[Population, ...]:
            linear = Population(f"{name}_predicted", layer.size, UNSIGNED, LinearRate())
            expected = Population(f"{name}_expected", layer.size, UNSIGNED, layer.neuron)
            return linear, expected, replace(linear, name=f"{name}_error")

        projections = [*self._predictions(network), *self.back(network)]
        return with_companions(network, self.kind(), projections, self.apical, companions)

    def _predictions(self, network: Network) -> Iterator[Projection]:
        for pre, post in network.pairs:
            predicted, expected, error = (f"{post}_{role}" for role in ("predicted", "expected", "error"))
            learning = self.learns(post)
            yield Projection(pre, predicted, connectivity=network.connectivity, weights=network.weights, **learning)
            yield tonic_drive(predicted, **learning)
            for neuron in (post, expected):
                yield Projection(predicted, neuron, connectivity=OneToOne(), weights=Constant())
            yield Projection(post, error, connectivity=OneToOne(), weights=Constant())
            yield Projection(expected, error, connectivity=OneToOne(), weights=SignedConstant(-1.0))

    def back(self, network: LayeredNetwork) -> Iterator[Projection]:
        """Yield B, which starts from error neurons."""
        for each in super().back(network):
            yield replace(each, pre=f"{each.pre}_error")

    def trial(self, circuit: Circuit) -> Protocol:
        """Return a free phase, and one of inference with the target shown."""
        held = tuple(each.name for each in circuit.populations if each.name.endswith("_predicted")) if self.fixed else ()
        free = Phase("free", (circuit.input,), settle=self.settle)
        nudge = (Nudge(circuit.output, self.strength),)
        return Protocol((free, replace(free, name="inferred", nudge=nudge, hold=held, plastic=True)))


@dataclass(frozen=True)
class PredictiveCoding(DifferenceInSpace):
    """μ_ℓ = W_ℓ r_{ℓ−1} + θ_ℓ,  r_ℓ = φ(μ_ℓ + B_ℓ ε_{ℓ+1}),  ε_ℓ = r_ℓ − φ(μ_ℓ),  ΔW_ℓ = η ε_ℓ r_{ℓ−1}ᵀ − λ W_ℓ.

    With B = Wᵀ, activities descend the energy Σ_ℓ D(r_ℓ, φ(μ_ℓ)), where D(r, p) = ∫_p^r (φ⁻¹(x) − φ⁻¹(p)) dx, ½ ‖r − μ‖² for
    linear neurons, and so do weights. Feedback learns by the same product as the way up, ΔB_ℓ = η r_ℓ ε_{ℓ+1}ᵀ − λ B_ℓ, and so
    stays or becomes its transpose. Where predictions are *fixed* during inference and errors small, ε is the error of
    backpropagation.

    Use: where errors should be activities of neurons of their own.
    Limits: four neurons stand for one; feedback starts symmetric, unless asked not to; of strong nudges, whose errors are no
        longer small, it learns worse.
    Source: Whittington & Bogacz (2017) Neural Comput. 29:1229–1262; the fixed-prediction assumption, Rosenbaum (2022) PLoS ONE
        17:e0266102; B by the same products, Kolen & Pollack (1994) Proc. ICNN 3:1375–1380.
    Choice: the divergence D in the place of squares, for which errors need no slope; predictions are fixed by default, so that
        inference takes one pass.
    """

    wiring: Feedback = field(default_factory=lambda: LearnedTogether(decay=1e-5, symmetric=True))
