"""DendriticMicrocircuit: interneurons explain away what comes from above, and what they cannot explain is the error."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from bio_fa.circuit import Circuit, tonic_drive
from bio_fa.credit import Activity, ActivityDifference
from bio_fa.phase import Nudge, Phase, Settle
from bio_fa.plasticity import ApicalError, Plasticity, ThreeFactor
from bio_fa.population import Apical, Population
from bio_fa.projection import Projection
from bio_fa.protocol import Protocol
from bio_fa.rules.base import LearningRule
from bio_fa.rules.companions import unsigned, with_companions
from bio_fa.rules.network import OUTPUT, LayeredNetwork
from bio_fa.weights import Signed, StartingAs, Weights


@dataclass(frozen=True)
class DendriticMicrocircuit(LearningRule):
    """u_ℓ = W_ℓ r_{ℓ−1} + θ_ℓ + γ a_ℓ,  a_ℓ = B_ℓ r_{ℓ+1} + M_ℓ i_ℓ,  i_ℓ = φ(V_ℓ r_ℓ + c_ℓ),  ΔW_ℓ = η γ a_ℓ r_{ℓ−1}ᵀ.

    Interneurons i learn to mimic the area above, ΔV_ℓ = η (r_{ℓ+1} − i_ℓ) r_ℓᵀ, and their synapses onto the apical dendrite to
    cancel what it receives, ΔM_ℓ = −η γ a_ℓ i_ℓᵀ. Where they do both (V = W, M = −B: the self-predicting state), a = 0 without
    a nudge, and with it a = B (r − i) is an error. The output learns from the same difference, ΔW_L = η (r_L − i_{L−1}) r_{L−1}ᵀ.
    All synapses learn at once, while the output is nudged; the free phase is for answers only.

    Use: where errors should live in dendrites, without phases of learning.
    Limits: interneurons learn from the same trials, and explain away part of the errors too; phases relax, and are slow.
    Source: Sacramento et al. (2018) NeurIPS 31:8721–8732.
    Choice: a difference in space stands for the one-to-one teaching of interneurons, and feedback B is fixed and random.
    """

    feedback: ClassVar[str] = "random activity, less its prediction"

    strength: float = 1.0
    """β, of the nudge, in (0, 1]."""
    gain: float = 0.3
    """γ, the coupling of apical compartments. Choice: errors must be larger than what interneurons miss from trial to trial."""
    weights: Weights = field(default_factory=lambda: Signed(1.0))
    """B."""
    cancels: bool = False
    """Whether M learns too. Choice: it stays −B, as B is fixed; adaptive steps would move it more than errors are large."""
    settle: Settle = field(default_factory=lambda: Settle(tolerance=1e-3, step=1.0, max_steps=100))
    """How the phases relax."""

    @property
    def apical(self) -> Apical:
        """The compartment in which the area above and interneurons meet."""
        return Apical(self.gain)

    def plasticity(self, population: str) -> Plasticity:
        """Return the rule of the way up: the apical error, and for the output that of its nudge."""
        return ThreeFactor() if population == OUTPUT else ApicalError()

    def senses(self, population: str) -> dict[str, Any]:
        """Return that hidden neurons sense nothing but their dendrites."""
        return {}

    def _forward(self, network: LayeredNetwork) -> Iterator[Projection]:
        """Yield the way up; the output learns from what interneurons of the area below did not predict of it."""
        for pre, post in network.pairs:
            predicted = Activity(f"{pre}_inter", "nudged") if pre in network.layers else Activity(post, "free")
            error = {"error": ActivityDifference(Activity(post, "nudged"), predicted)} if post == OUTPUT else self.senses(post)
            yield from network.forward(pre, post, plasticity=self.plasticity(post), **error)

    def back(self, network: LayeredNetwork) -> Iterator[Projection]:
        """Yield B, and the way through interneurons, which start in the self-predicting state."""
        for above, below in network.returns:
            inter = f"{below}_inter"
            error = ActivityDifference(Activity(above, "nudged"), Activity(inter, "nudged"))
            mimicry: dict[str, Any] = {"plasticity": ThreeFactor(), "error": error}
            yield Projection(above, below, "apical", weights=self.weights)
            yield Projection(below, inter, weights=StartingAs(f"{below}_to_{above}"), **mimicry)
            yield tonic_drive(inter, **mimicry)
            cancelling = StartingAs(f"{above}_to_{below}", -1.0)
            yield Projection(inter, below, "apical", weights=cancelling, plasticity=ApicalError(-1.0) if self.cancels else None)

    def circuit(self, network: LayeredNetwork) -> Circuit:
        """Return the circuit, with interneurons of the kind and number of the area above beside every hidden population."""
        network = unsigned(self.kind(), network)
        above = {below: upper for upper, below in network.returns}
        sizes = dict(zip((*network.layers, OUTPUT), (*network.hidden, network.outputs), strict=True))

        def inter(name: str, layer: Population) -> tuple[Population, ...]:
            if name == OUTPUT:
                return ()
            neuron = network.output_neuron if above[name] == OUTPUT else network.neuron
            return (replace(layer, name=f"{name}_inter", size=sizes[above[name]], neuron=neuron, apical=None),)

        return with_companions(network, self.kind(), [*self._forward(network), *self.back(network)], self.apical, inter)

    def protocol(self, circuit: Circuit) -> Protocol:
        """Return a free phase, from which nothing is learned, and a nudged one."""
        free = Phase("free", (circuit.input,), settle=self.settle)
        return Protocol((free, replace(free, name="nudged", nudge=(Nudge(circuit.output, self.strength),), plastic=True)))
