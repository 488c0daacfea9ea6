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
from typing import Literal

from bio_fa.circuit import Circuit
from bio_fa.connectivity import FixedInDegree
from bio_fa.credit import ActivityDifference
from bio_fa.hierarchy import Anatomy, Wiring
from bio_fa.neurons import DivisiveNormalisation, LeakyRate, Neuron
from bio_fa.plasticity import Plasticity, ThreeFactor
from bio_fa.population import Apical, Area, Population
from bio_fa.projection import Projection


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
    anatomy = Anatomy(inhibitory_share, feedback_share, Apical(apical_gain, balanced_in="free"), neuron)
    wiring = Wiring(FixedInDegree(density), spread)
    names = [f"V{number}" for number in range(1, len(hidden) + 1)]
    areas = [Area("input_area", (Population("input", inputs),))]
    areas += [anatomy.hidden(name, size) for name, size in zip(names, hidden, strict=True)]
    areas.append(anatomy.output("output", outputs, output_neuron, output_interneurons))
    projections: list[Projection] = []
    for below, area in itertools.pairwise(areas):
        error = ActivityDifference.in_time(area.forward[0].name)
        projections += wiring.forward(below, area, plasticity=plasticity, error=error, reads="free")
    for area, above in itertools.pairwise(areas[1:]):
        projections += wiring.feedback(area, above if feedback_from == "next" else areas[-1])
    return Circuit("cortical_hierarchy", tuple(areas), tuple(projections), "input", "output_E")
