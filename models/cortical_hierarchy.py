"""A hierarchy of cortical areas with separate forward and feedback populations: the flagship.

    input ─► V1_E ─► V2_E ─► … ─► output_E          forward, excitatory; V1_I, V2_I, … inhibit their area, feedforward
              ▲        ▲              │
              └ V1_FE  └ V2_FE ◄──────┘             feedback: V1_FE and V1_FI read the area above through fixed random
                V1_FI    V2_FI                      synapses and drive the apical compartment of V1_E

    r_I = φ(W_IE r_E[ℓ−1]),   b = W_EE r_E[ℓ−1] − W_EI r_I + θ,   r⁻ = φ(b)
    f_E = φ(Q_E r_E[ℓ+1]),    f_I = φ(Q_I r_E[ℓ+1]),   a = P_E f_E − P_I f_I,   r⁺ = φ(b + γ (a⁺ − a⁻))
    ΔW_EE ∝ (r⁺ − r⁻) r_E[ℓ−1]ᵀ,   ΔW_EI ∝ −(r⁺ − r⁻) r_Iᵀ,   Δθ ∝ r⁺ − r⁻

Every weight is a magnitude ≥ 0, every rate ≥ 0, half of the synapses of every neuron are absent, Q and P are fixed.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from math import sqrt
from typing import Any, Literal

from bio_fa.circuit import Circuit, tonic_drive
from bio_fa.connectivity import Connectivity, FixedInDegree
from bio_fa.credit import ActivityDifference
from bio_fa.errors import DescriptionError
from bio_fa.neurons import DivisiveNormalisation, LeakyRate, Neuron
from bio_fa.plasticity import Plasticity, ThreeFactor
from bio_fa.population import EXCITATORY, INHIBITORY, Apical, Area, Population
from bio_fa.projection import Projection
from bio_fa.weights import Narrow, Normalised, Weights


def cortical_hierarchy(
    inputs: int = 64,
    hidden: tuple[int, ...] = (500, 500),
    outputs: int = 10,
    density: float = 0.5,
    inhibitory_share: float = 0.1,
    feedback_share: float = 0.5,
    apical_gain: float = 0.1,
    spread: float = 0.2,
    output_interneurons: int | None = None,
    feedback_from: Literal["next", "output"] = "next",
    neuron: Neuron = LeakyRate(),
    output_neuron: Neuron = DivisiveNormalisation(),
    plasticity: Plasticity = ThreeFactor(),
) -> Circuit:
    """Return the hierarchy ``inputs`` → ``hidden`` … → ``outputs``.

    | argument | meaning | source |
    | --- | --- | --- |
    | density | share of the possible synapses of each neuron that exist | Lillicrap et al. (2016): 50 % removed |
    | inhibitory_share | inhibitory neurons of an area, as a share of its excitatory ones | Cornford et al. (2021): 10 % |
    | feedback_share | size of each feedback population, likewise | Choice: smaller ones learn worse (docs/science.md) |
    | apical_gain | γ, coupling of the apical compartment | Choice: small, where r⁺ − r⁻ is linear in the feedback |
    | spread | relative standard deviation of initial magnitudes | Choice: see ``Narrow`` |
    | output_interneurons | inhibitory neurons of the output area; None: its share | Choice: the share |
    | feedback_from | what the feedback neurons of an area read | Choice: the next area; Nøkland (2016) takes the output |

    Raises:
        DescriptionError: when a size or share is refused.
    """
    anatomy = _Anatomy(inhibitory_share, feedback_share, apical_gain, neuron)
    wiring = _Wiring(FixedInDegree(density), spread, plasticity)
    names = [f"V{number}" for number in range(1, len(hidden) + 1)]
    areas = [Area("input_area", (Population("input", inputs),))]
    areas += [anatomy.hidden(name, size) for name, size in zip(names, hidden, strict=True)]
    areas.append(anatomy.output("output", outputs, output_neuron, output_interneurons))
    projections: list[Projection] = []
    for below, area in itertools.pairwise(areas):
        projections += wiring.forward(below, area)
    for area, above in itertools.pairwise(areas[1:]):
        projections += wiring.feedback(area, above if feedback_from == "next" else areas[-1])
    return Circuit("cortical_hierarchy", tuple(areas), tuple(projections), "input", "output_E")


@dataclass(frozen=True)
class _Anatomy:
    """Who lives in an area."""

    inhibitory_share: float
    feedback_share: float
    apical_gain: float
    neuron: Neuron

    def hidden(self, name: str, size: int) -> Area:
        """Return an area with forward and feedback populations."""
        excitatory = Population(f"{name}_E", size, EXCITATORY, self.neuron, Apical(self.apical_gain, balanced_in="free"))
        senders = _share(size, self.feedback_share)
        feedback = (
            Population(f"{name}_FE", senders, EXCITATORY, self.neuron),
            Population(f"{name}_FI", senders, INHIBITORY, self.neuron),
        )
        return Area(name, (excitatory, self._inhibitory(name, _share(size, self.inhibitory_share))), feedback)

    def output(self, name: str, size: int, neuron: Neuron, interneurons: int | None) -> Area:
        """Return the area that is nudged: forward populations only."""
        inhibitory = self._inhibitory(name, interneurons or _share(size, self.inhibitory_share))
        return Area(name, (Population(f"{name}_E", size, EXCITATORY, neuron), inhibitory))

    def _inhibitory(self, name: str, size: int) -> Population:
        return Population(f"{name}_I", size, INHIBITORY, self.neuron)


def _share(size: int, share: float) -> int:
    """Return the number of neurons that a share of ``size`` is. Choice: at least two, so that sparse synapses have a choice."""
    if not 0 < share < float("inf"):
        raise DescriptionError(f"cortical_hierarchy: a share of {share} of {size} neurons is not allowed; give one above 0.")
    return max(2, round(size * share))


@dataclass(frozen=True)
class _Wiring:
    """Who contacts whom, with initial magnitudes that balance excitation and inhibition."""

    connectivity: Connectivity
    spread: float
    plasticity: Plasticity

    def forward(self, below: Area, area: Area) -> list[Projection]:
        """Return the forward projections into an area: excitation, and inhibition that the same input drives.

        Choice: magnitudes of 1/√K make the fluctuations of the current as large as those of the K inputs. Their sum is √K
        times the mean input rate; inhibitory neurons average the input, so the same sum of inhibition cancels it.
        """
        source, (excitatory, inhibitory) = below.forward[0], area.forward
        received, inhibited = (self.connectivity.in_degree(each.size) for each in (source, inhibitory))
        error = ActivityDifference.in_time(excitatory.name)
        learning: dict[str, Any] = {"plasticity": self.plasticity, "error": error, "reads": "free"}
        return [
            self._project(source, excitatory, Narrow(1 / sqrt(received), self.spread), **learning),
            self._project(source, inhibitory, Narrow(1 / received, self.spread)),
            self._project(inhibitory, excitatory, Narrow(sqrt(received) / inhibited, self.spread), **learning),
            tonic_drive(excitatory.name, **learning),
        ]

    def feedback(self, area: Area, above: Area) -> list[Projection]:
        """Return the fixed random feedback of an area, B = P_E Q_E − P_I Q_I.

        Choice: each neuron receives the same sum from both pathways, so that the rows of B sum to 0; a sum of √(K_Q K_P)
        onto the apical compartment makes the current that B carries as large as the error that it reads.
        """
        source, target = above.forward[0], area.forward[0]
        total = sqrt(self.connectivity.in_degree(source.size) * self.connectivity.in_degree(area.feedback[0].size))
        reading, driving = (Normalised(Narrow(spread=self.spread), each) for each in (1.0, total))
        read = [self._project(source, sender, reading) for sender in area.feedback]
        return read + [self._project(sender, target, driving, compartment="apical") for sender in area.feedback]

    def _project(self, pre: Population, post: Population, weights: Weights, **settings: Any) -> Projection:
        return Projection(pre.name, post.name, connectivity=self.connectivity, weights=weights, **settings)
