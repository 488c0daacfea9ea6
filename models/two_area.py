"""The smallest complete circuit: one hidden area with forward and feedback populations, and an output area.

    input ─► V1_E ─► output       forward, excitatory
      └► V1_I ─┤                  V1_I inhibits V1_E, feedforward
               ▲
      V1_FE, V1_FI ◄── output     feedback populations read the output and drive V1_E's apical compartment

Written out population by population, to be read and changed. The output has no inhibition of its own: it competes by
divisive normalisation.
"""

from __future__ import annotations

from bio_fa.circuit import Circuit, tonic_drive
from bio_fa.connectivity import FixedInDegree
from bio_fa.credit import ActivityDifference
from bio_fa.neurons import DivisiveNormalisation
from bio_fa.plasticity import Plasticity, ThreeFactor
from bio_fa.population import EXCITATORY, INHIBITORY, Apical, Area, Population
from bio_fa.projection import Projection
from bio_fa.weights import Narrow, Normalised


def two_area(
    inputs: int = 64,
    hidden: int = 100,
    outputs: int = 10,
    apical_gain: float = 0.1,
    plasticity: Plasticity = ThreeFactor(),
) -> Circuit:
    """Return the circuit; half of the synapses of every neuron are absent.

    | argument | meaning | source |
    | --- | --- | --- |
    | apical_gain | γ, coupling of the apical compartment | Choice: small, where r⁺ − r⁻ is still linear in the feedback |

    Raises:
        DescriptionError: when a size or the gain is refused.
    """
    half = FixedInDegree(0.5)
    inhibitory, feedback = max(2, hidden // 10), max(2, hidden // 2)
    areas = (
        Area("input_area", (Population("input", inputs),)),
        Area(
            "V1",
            forward=(
                Population("V1_E", hidden, EXCITATORY, apical=Apical(apical_gain, balanced_in="free")),
                Population("V1_I", inhibitory, INHIBITORY),
            ),
            feedback=(Population("V1_FE", feedback, EXCITATORY), Population("V1_FI", feedback, INHIBITORY)),
        ),
        Area("output_area", (Population("output", outputs, EXCITATORY, DivisiveNormalisation()),)),
    )
    v1, output = ActivityDifference.in_time("V1_E"), ActivityDifference.in_time("output")
    strong, unit = Normalised(Narrow(), (inputs / 2) ** 0.5), Normalised(Narrow(), 1.0)
    projections = (
        Projection("input", "V1_E", "basal", half, strong, plasticity, v1, reads="free"),
        Projection("input", "V1_I", "basal", half, unit),
        Projection("V1_I", "V1_E", "basal", half, strong, plasticity, v1, reads="free"),
        tonic_drive("V1_E", plasticity=plasticity, error=v1, reads="free"),
        Projection("V1_E", "output", "basal", half, unit, plasticity, output, reads="free"),
        tonic_drive("output", plasticity=plasticity, error=output, reads="free"),
        Projection("output", "V1_FE", "basal", half, unit),
        Projection("output", "V1_FI", "basal", half, unit),
        Projection("V1_FE", "V1_E", "apical", half, Normalised(Narrow(), feedback**0.5)),
        Projection("V1_FI", "V1_E", "apical", half, Normalised(Narrow(), feedback**0.5)),
    )
    return Circuit("two_area", areas, projections, "input", "output")
