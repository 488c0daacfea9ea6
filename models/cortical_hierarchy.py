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

from math import sqrt

from bio_fa.circuit import Circuit, tonic_drive
from bio_fa.connectivity import Connectivity, FixedInDegree
from bio_fa.credit import ActivityDifference
from bio_fa.neurons import DivisiveNormalisation, LeakyRate, Neuron
from bio_fa.plasticity import Plasticity, ThreeFactor
from bio_fa.population import EXCITATORY, INHIBITORY, Apical, Area, Population
from bio_fa.projection import Projection
from bio_fa.weights import Narrow, Normalised


def cortical_hierarchy(
    inputs: int = 64,
    hidden: tuple[int, ...] = (500, 500),
    outputs: int = 10,
    density: float = 0.5,
    inhibitory_share: float = 0.1,
    feedback_share: float = 0.5,
    apical_gain: float = 0.1,
    spread: float = 0.2,
    neuron: Neuron = LeakyRate(),
    output_neuron: Neuron = DivisiveNormalisation(),
    plasticity: Plasticity = ThreeFactor(),
) -> Circuit:
    """Return the hierarchy ``inputs`` → ``hidden`` … → ``outputs``.

    | argument | meaning | source |
    | --- | --- | --- |
    | density | share of the possible synapses of each neuron that exist | Lillicrap et al. (2016): 50 % removed |
    | inhibitory_share | inhibitory neurons per excitatory one, in forward populations | Cornford et al. (2021): 10 % |
    | feedback_share | neurons of each feedback population per excitatory neuron of its area | Choice: smaller shares carry the error on fewer directions and learn worse (docs/science.md) |
    | apical_gain | γ, coupling of the apical compartment | Choice: small, where r⁺ − r⁻ is still linear in the feedback |
    | spread | relative standard deviation of initial magnitudes | Choice: see ``Narrow`` |

    Raises:
        DescriptionError: when a size or share is refused.
    """
    build = _Builder(FixedInDegree(density), spread, plasticity)
    names = [f"V{number}" for number in range(1, len(hidden) + 1)] + ["output"]
    sizes = dict(zip(names, (*hidden, outputs), strict=True))
    below, width = "input", inputs
    areas, projections = [Area("input_area", (Population("input", inputs),))], []
    for name, above in zip(names, [*names[1:], None], strict=True):
        top = above is None
        areas.append(_area(name, sizes[name], inhibitory_share, feedback_share, apical_gain, output_neuron if top else neuron, neuron, top))
        inhibitory = areas[-1].forward[1].size
        projections += build.forward(below, width, f"{name}_E", f"{name}_I", inhibitory)
        if above is not None:
            projections += build.feedback(f"{above}_E", sizes[above], name, areas[-1].feedback[0].size)
        below, width = f"{name}_E", sizes[name]
    return Circuit("cortical_hierarchy", tuple(areas), tuple(projections), "input", below)


def _share(size: int, share: float) -> int:
    return max(2, round(size * share))


def _area(
    name: str, size: int, inhibitory: float, feedback: float, gain: float, excitatory: Neuron, other: Neuron, top: bool
) -> Area:
    apical = None if top else Apical(gain, balanced_in="free")
    forward = (
        Population(f"{name}_E", size, EXCITATORY, excitatory, apical),
        Population(f"{name}_I", _share(size, inhibitory), INHIBITORY, other),
    )
    senders = (
        Population(f"{name}_FE", _share(size, feedback), EXCITATORY, other),
        Population(f"{name}_FI", _share(size, feedback), INHIBITORY, other),
    )
    return Area(name, forward, () if top else senders)


class _Builder:
    """Projections whose initial magnitudes balance excitation and inhibition."""

    def __init__(self, connectivity: Connectivity, spread: float, plasticity: Plasticity) -> None:
        self.connectivity, self.spread, self.plasticity = connectivity, spread, plasticity

    def forward(self, pre: str, width: int, excitatory: str, inhibitory: str, inhibitors: int) -> list[Projection]:
        """Return the forward projections of an area.

        Choice: magnitudes of 1/√K make the fluctuations of the current as large as those of the K inputs. Their sum is √K
        times the mean input rate; inhibitory neurons average the input, so the same sum of inhibition cancels it.
        """
        received, inhibited = self.connectivity.in_degree(width), self.connectivity.in_degree(inhibitors)
        learning = {"plasticity": self.plasticity, "error": ActivityDifference.in_time(excitatory), "reads": "free"}
        excitation, average = Narrow(1 / sqrt(received), self.spread), Narrow(1 / received, self.spread)
        inhibition = Narrow(sqrt(received) / inhibited, self.spread)
        return [
            Projection(pre, excitatory, connectivity=self.connectivity, weights=excitation, **learning),
            Projection(pre, inhibitory, connectivity=self.connectivity, weights=average),
            Projection(inhibitory, excitatory, connectivity=self.connectivity, weights=inhibition, **learning),
            tonic_drive(excitatory, **learning),
        ]

    def feedback(self, above: str, width: int, area: str, senders: int) -> list[Projection]:
        """Return the fixed random feedback of an area, B = P_E Q_E − P_I Q_I.

        Choice: each neuron receives the same sum from both pathways, so that the rows of B sum to 0; a sum of √(K_Q K_P)
        onto the apical compartment makes the current that B carries as large as the error that it reads.
        """
        gain = sqrt(self.connectivity.in_degree(width) * self.connectivity.in_degree(senders))
        shape = Narrow(spread=self.spread)
        reading, driving = Normalised(shape, 1.0), Normalised(shape, gain)
        return [
            Projection(above, f"{area}_FE", connectivity=self.connectivity, weights=reading),
            Projection(above, f"{area}_FI", connectivity=self.connectivity, weights=reading),
            Projection(f"{area}_FE", f"{area}_E", "apical", self.connectivity, driving),
            Projection(f"{area}_FI", f"{area}_E", "apical", self.connectivity, driving),
        ]
