"""The flagship in spikes: the hierarchy of ``cortical_hierarchy`` with integrate-and-fire neurons and dendritic errors.

    input ──► V1_E ─► V2_E ─► output_E       V_E: leaky neurons; V_I, V_FE, V_FI: slow integrators, which fire in proportion
                ▲       ▲        │            to their current however weak, as the balance of excitation and inhibition needs
              V1_F*   V2_F* ◄────┘            feedback neurons of every area read the output

    dv/dt = (v_rest − v) / τ + ν₁ (b + L),   b = x_E − x_I + θ,   τ_s dx/dt = −x + Σ w S / ν₁
    L = γ (a − a₀),   a = P_E f_E − P_I f_I                       the apical current, less its mean in the free phase
    ΔW_EE ∝ L ψ r⁻ᵀ,   ΔW_EI ∝ −L ψ r_I⁻ᵀ                         hidden areas: ``DendriticError``
    ΔW ∝ (r⁺ − r⁻) r⁻ᵀ                                            the output area: ``ThreeFactor``

ψ is the neuron's nearness to its threshold and r⁻ the firing in the window of the free phase. The output neurons are graded
and compete by divisive normalisation: they are what is nudged, and what the answer is read from. Input is injected as a
current, or comes as spikes of a source. Every constraint of the flagship holds: magnitudes ≥ 0, half of the synapses of every
neuron absent, Q and P fixed.
"""

from __future__ import annotations

from dataclasses import replace

from bio_fa.circuit import Circuit
from bio_fa.neurons import LIF, DivisiveNormalisation, Neuron, RegularSource, SpikingNeuron
from bio_fa.plasticity import DendriticError
from bio_fa.population import TONIC
from bio_fa.projection import Projection
from bio_fa.transmission import CurrentSynapse, SpikeTransmission
from bio_fa.weights import Constant, Narrow, Normalised
from models.cortical_hierarchy import cortical_hierarchy


def spiking_hierarchy(
    inputs: int = 64,
    hidden: tuple[int, ...] = (250, 200),
    outputs: int = 10,
    density: float = 0.5,
    inhibitory_share: float = 0.1,
    feedback_share: float = 0.2,
    output_interneurons: int = 10,
    apical_gain: float = 0.1,
    excitability: float = 0.05,
    neuron: SpikingNeuron = LIF(tau=40e-3, unit_rate=250.0, carry_over=True),
    interneuron: SpikingNeuron = LIF(tau=100.0, unit_rate=250.0, carry_over=True),
    feedback_neuron: SpikingNeuron = LIF(tau=100.0, unit_rate=1000.0, carry_over=True),
    output_neuron: Neuron = DivisiveNormalisation(tau=20e-3),
    transmission: SpikeTransmission = CurrentSynapse(tau=10e-3),
    onset: SpikeTransmission = CurrentSynapse(tau=2e-3),
    source: Neuron | None = RegularSource(unit_rate=250.0),
) -> Circuit:
    """Return the hierarchy ``inputs`` → ``hidden`` … → ``outputs``, spiking.

    | argument | meaning | source |
    | --- | --- | --- |
    | density | share of the possible synapses of each neuron that exist | Lillicrap et al. (2016): 50 % removed |
    | inhibitory_share | inhibitory neurons of a hidden area, as a share of its excitatory ones | Cornford et al. (2021): 10 % |
    | feedback_share | size of each feedback population, likewise | Choice: docs/science.md |
    | output_interneurons | inhibitory neurons of the output area | Choice: as many as classes, so that their spikes average |
    | apical_gain | γ, coupling of the apical compartment | Choice: small, so that learning hardly disturbs the firing |
    | excitability | θ, the constant drive of hidden excitatory neurons | Choice: a little, so that none is silent for ever |
    | neuron | of hidden excitatory populations | Choice: docs/science.md |
    | interneuron | of inhibitory populations | Choice: integrators, whose rate is linear from 0 up |
    | feedback_neuron | of feedback populations | Choice: likewise; many spikes resolve small errors |
    | source | of the input; None: its activity is injected as a current | Choice: the current |

    Raises:
        DescriptionError: when a size, share or time constant is refused.
    """
    anatomy = (density, inhibitory_share, feedback_share, apical_gain)
    rates = cortical_hierarchy(
        inputs, hidden, outputs, *anatomy, output_interneurons=output_interneurons, feedback_from="output"
    )
    others: dict[str, Neuron] = {rates.output: output_neuron}
    for area in rates.areas[1:]:
        others |= {area.forward[1].name: interneuron} | {each.name: feedback_neuron for each in area.feedback}
    circuit = rates.with_neurons(neuron, transmission, source, others)
    names = [area.forward[0].name for area in circuit.areas[1:-1]]
    dendritic = {each.name: DendriticError() for each in circuit.plastic if each.post in names and not each.from_tonic}
    learning = _evenly_received(_constantly_driven(circuit.with_plasticity(dendritic), names, excitability))
    return replace(_fast_onto_interneurons(learning, onset), name="spiking_hierarchy")


def _constantly_driven(circuit: Circuit, names: list[str], excitability: float) -> Circuit:
    """Return the circuit in which the excitability of the named populations is fixed."""
    fixed = {f"{TONIC}_to_{name}": Projection(TONIC, name, weights=Constant(excitability)) for name in names}
    return replace(circuit, projections=tuple(fixed.get(each.name, each) for each in circuit.projections))


def _fast_onto_interneurons(circuit: Circuit, onset: SpikeTransmission) -> Circuit:
    """Return the circuit in which spikes reach inhibitory forward populations through faster synapses."""
    interneurons = {area.forward[1].name for area in circuit.areas[1:]}
    spiking = {each.name for each in circuit.populations if each.spiking}
    fast = {each.name for each in circuit.projections if each.post in interneurons and each.pre in spiking}
    projections = (replace(each, transmission=onset) if each.name in fast else each for each in circuit.projections)
    return replace(circuit, projections=tuple(projections))


def _evenly_received(circuit: Circuit) -> Circuit:
    """Return the circuit in which all neurons of a population receive the same sum of initial magnitudes.

    Choice: a few interneurons carry all inhibition, so that chance in their magnitudes would silence some neurons for ever.
    """

    def evenly(projection: Projection) -> Projection:
        if projection.from_tonic or not isinstance(projection.weights, Narrow):
            return projection
        received = projection.connectivity.in_degree(circuit.shape(projection)[1])
        return replace(projection, weights=Normalised(projection.weights, projection.weights.mean * received))

    return replace(circuit, projections=tuple(map(evenly, circuit.projections)))
