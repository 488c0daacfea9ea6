"""An unconstrained network of unsigned neurons: the baseline that the field compares with. Not Dalean, and says so.

    input ─► H1 ─► H2 ─► … ─► output          with feedback: each hidden population's apical compartment reads the next

    b = W r[ℓ−1] + θ,   r⁻ = φ(b),   r⁺ = φ(b + γ B (r⁺[ℓ+1] − r⁻[ℓ+1])),   ΔW ∝ (r⁺ − r⁻) r[ℓ−1]ᵀ

Under gradient learning it is a multilayer perceptron with backpropagation; under local learning, feedback alignment by
activity differences: as γ → 0 the update is that of Lillicrap et al. (2016) with the fixed random matrix B.
"""

from __future__ import annotations

import itertools
from typing import Any

from bio_fa.circuit import Circuit, tonic_drive
from bio_fa.connectivity import FixedInDegree
from bio_fa.credit import ActivityDifference
from bio_fa.neurons import DivisiveNormalisation, LeakyRate, Neuron
from bio_fa.plasticity import Plasticity, ThreeFactor
from bio_fa.population import UNSIGNED, Apical, Area, Population
from bio_fa.projection import Projection
from bio_fa.weights import Signed


def mlp(
    inputs: int = 64,
    hidden: tuple[int, ...] = (500, 500),
    outputs: int = 10,
    density: float = 1.0,
    apical_gain: float = 0.1,
    neuron: Neuron = LeakyRate(),
    output_neuron: Neuron = DivisiveNormalisation(),
    plasticity: Plasticity = ThreeFactor(),
) -> Circuit:
    """Return the network ``inputs`` → ``hidden`` … → ``outputs``, every population unsigned.

    | argument | meaning | source |
    | --- | --- | --- |
    | density | share of the possible synapses of each neuron that exist | Choice: all |
    | apical_gain | γ, coupling of the apical compartment | Choice: as in ``cortical_hierarchy`` |

    Raises:
        DescriptionError: when a size or share is refused.
    """
    connectivity = FixedInDegree(density)
    names = ["input", *(f"H{number}" for number in range(1, len(hidden) + 1)), "output"]
    sizes = [inputs, *hidden, outputs]
    areas = [Area("input_area", (Population("input", inputs, UNSIGNED),))]
    projections = []
    for pre, post, size in zip(names[:-1], names[1:], sizes[1:], strict=True):
        top = post == "output"
        apical = None if top else Apical(apical_gain, balanced_in="free")
        areas.append(Area(f"{post}_area", (Population(post, size, UNSIGNED, output_neuron if top else neuron, apical),)))
        learning: dict[str, Any] = {"plasticity": plasticity, "error": ActivityDifference.in_time(post), "reads": "free"}
        projections.append(Projection(pre, post, connectivity=connectivity, weights=Signed(), **learning))
        projections.append(tonic_drive(post, **learning))
    for hears, speaks in itertools.pairwise(names[1:]):
        projections.append(Projection(speaks, hears, "apical", connectivity, Signed(1.0)))
    return Circuit("mlp", tuple(areas), tuple(projections), "input", "output")
