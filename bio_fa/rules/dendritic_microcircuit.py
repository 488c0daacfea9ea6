"""DendriticMicrocircuit: interneurons explain away what comes from above, and what they cannot explain is the error."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from bio_fa.circuit import Circuit, tonic_drive
from bio_fa.credit import Activity, ActivityDifference
from bio_fa.phase import Nudge, Phase, Settle
from bio_fa.plasticity import ApicalError, ThreeFactor
from bio_fa.population import Apical, Population
from bio_fa.projection import Projection
from bio_fa.protocol import Protocol
from bio_fa.rules.companions import unsigned, with_companions
from bio_fa.rules.feedback import Feedback, Stepwise
from bio_fa.rules.network import OUTPUT, LayeredNetwork
from bio_fa.rules.wired import WiredRule
from bio_fa.weights import StartingAs


@dataclass(frozen=True)
class DendriticMicrocircuit(WiredRule):
    """u_ℓ = W_ℓ r_{ℓ−1} + θ_ℓ + γ a_ℓ,  a_ℓ = B_ℓ r_{ℓ+1} + M_ℓ i_ℓ,  i_ℓ = φ(V_ℓ r_ℓ + c_ℓ),  ΔW_ℓ = η (φ(u_ℓ) − φ(v_ℓ)) r_{ℓ−1}ᵀ.

    Interneurons i learn to mimic the area above, ΔV_ℓ = η (r_{ℓ+1} − i_ℓ) r_ℓᵀ, and their synapses onto the apical dendrite to
    cancel what it receives, ΔM_ℓ = −η γ a_ℓ i_ℓᵀ. Where they do both (V = W, M = −B: the self-predicting state), a = 0 without
    a nudge, and with it a = B (r − i) is an error, by which the soma departs from v_ℓ = W_ℓ r_{ℓ−1} + θ_ℓ, what its basal
    dendrite predicts. There φ(v_ℓ) = i_{ℓ−1}, so that W learns from the same difference as V and stays equal to it.

    Use: where errors should live in dendrites.
    Limits: the areas' neurons must be mimicked one by one; phases relax, and are slow.
    Source: Sacramento et al. (2018) NeurIPS 31:8721–8732.
    Choice: a difference in space stands for the one-to-one teaching of interneurons, and feedback B is fixed and random. What
        the basal dendrites of the first area predict, which no interneuron mimics, is its activity of the free phase.
    """

    carries: ClassVar[str] = "activity, less its prediction"
    takes: ClassVar[tuple[type[Feedback], ...]] = (Stepwise,)
    because: ClassVar[str] = "interneurons of an area predict the next one by a copy of the way up, and cancel B as it was drawn"

    strength: float = 1.0
    """β, of the nudge, in (0, 1]."""
    gain: float = 0.1
    """γ, the coupling of apical compartments. Choice: loops stay weak enough to settle while weights grow."""
    cancels: bool = False
    """Whether M learns too. Choice: it stays −B, as B is fixed; adaptive steps would move it more than errors are large."""
    settle: Settle = field(default_factory=lambda: Settle(tolerance=1e-4, step=1.0, max_steps=100))
    """How the phases relax. Choice: until what is left is small beside the error of a trial that is almost right."""

    @property
    def apical(self) -> Apical:
        """The compartment in which the area above and interneurons meet."""
        return Apical(self.gain)

    def _forward(self, network: LayeredNetwork) -> Iterator[Projection]:
        """Yield the way up, which learns what interneurons of the area below, or else the free phase, did not predict."""
        for pre, post in network.pairs:
            predicted = Activity(f"{pre}_inter", "nudged") if pre in network.layers else Activity(post, "free")
            yield from network.forward(pre, post, **_missed(post, predicted))

    def back(self, network: LayeredNetwork) -> Iterator[Projection]:
        """Yield B, and the way through interneurons, which start in the self-predicting state."""
        for each in super().back(network):
            above, below, inter = each.pre, each.post, f"{each.post}_inter"
            mimicry = _missed(above, Activity(inter, "nudged"))
            yield each
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

    def trial(self, circuit: Circuit) -> Protocol:
        """Return a free phase and a nudged one."""
        free = Phase("free", (circuit.input,), settle=self.settle)
        return Protocol((free, replace(free, name="nudged", nudge=(Nudge(circuit.output, self.strength),), plastic=True)))


def _missed(population: str, predicted: Activity) -> dict[str, Any]:
    """Return the settings by which synapses learn what a prediction of the nudged activity of a population misses."""
    return {"plasticity": ThreeFactor(), "error": ActivityDifference(Activity(population, "nudged"), predicted)}
