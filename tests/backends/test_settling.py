"""Aims at fixed points that are not those of the equations: each expectation is a closed form, or the equations of
``models/cortical_hierarchy.py`` written a second time, in plain NumPy, below.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest

from bio_fa import (
    INHIBITORY,
    Apical,
    Area,
    Circuit,
    Constant,
    Hebbian,
    LeakyRate,
    LocalLearning,
    Nudge,
    Phase,
    Population,
    Projection,
    Protocol,
    SaturatingRate,
    Settle,
    Uniform,
    one_phase,
    two_phase,
)
from bio_fa.backends.settling import Settling
from bio_fa.plasticity import Plasticity
from models.cortical_hierarchy import cortical_hierarchy
from models.mlp import mlp
from tests.tiny import SETTLING_BACKENDS, batch, chain_of, compiled, leaky, trial, with_tonic

PHI = {"leaky_rate": lambda u: np.maximum(u, 0), "saturating_rate": lambda u: np.tanh(np.maximum(u, 0))}
TRIALS = 3

backend = pytest.mark.parametrize("backend", SETTLING_BACKENDS)


@dataclass(frozen=True)
class FeedbackRule(Plasticity):
    """Δw = γ (a − a₀) r: what the dendrite feels teaches."""

    def factors(self, pre, post, w):
        yield post.apical, pre.activity, 1


def softmax(u: np.ndarray) -> np.ndarray:
    e = np.exp(u)
    return e / e.sum(axis=1, keepdims=True)


def hierarchy_by_hand(depth, w, x, target, phi, gamma, beta):
    """Transcribe design equations: r_I = φ(W_IE r), b = W_EE r − W_EI r_I + θ, r⁻ = φ(b); then, top-down,
    f = φ(Q r[ℓ+1]), a = P_E f_E − P_I f_I, r⁺ = φ(b + γ (a⁺ − a⁻)), with r⁺ = r⁻ + β (target − r⁻) at the output."""
    names, below, b, r = [*(f"V{number}" for number in range(1, depth + 1)), "output"], "input", {}, {"input": x}
    for name in names:
        r_i = phi(r[below] @ w[f"{below}_to_{name}_I"].T)
        excitation, inhibition = r[below] @ w[f"{below}_to_{name}_E"].T, r_i @ w[f"{name}_I_to_{name}_E"].T
        b[name] = excitation - inhibition + w[f"tonic_to_{name}_E"][:, 0]
        below = f"{name}_E"
        r[below] = softmax(b[name]) if name == "output" else phi(b[name])

    def apical(name, above, rates):
        f_e, f_i = phi(rates @ w[f"{above}_E_to_{name}_FE"].T), phi(rates @ w[f"{above}_E_to_{name}_FI"].T)
        return f_e @ w[f"{name}_FE_to_{name}_E"].T - f_i @ w[f"{name}_FI_to_{name}_E"].T

    nudged = {"output_E": r["output_E"] + beta * (target - r["output_E"])}
    for name, above in list(pairwise(names))[::-1]:
        change = apical(name, above, nudged[f"{above}_E"]) - apical(name, above, r[f"{above}_E"])
        nudged[f"{name}_E"] = phi(b[name] + gamma * change)
    return r, nudged


@backend
@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("neuron", [LeakyRate(), SaturatingRate()], ids=lambda neuron: neuron.kind())
def test_the_flagship_obeys_its_equations_in_both_phases(backend, depth, neuron):
    gamma, beta = 0.7, 0.4
    circuit = cortical_hierarchy(5, (6, 5, 4)[:depth], 3, apical_gain=gamma, neuron=neuron)
    simulation = compiled(circuit, two_phase(circuit, beta), LocalLearning(), backend)
    parameters, inputs = with_tonic(circuit), batch(circuit, TRIALS)
    state = trial(simulation, simulation.init(parameters), inputs)
    w = {name: synapses.w for name, synapses in parameters.items()}
    expected = hierarchy_by_hand(depth, w, inputs["input"], inputs["output_E"], PHI[neuron.kind()], gamma, beta)
    for phase, activities in zip(("free", "nudged"), expected, strict=True):
        for population, rates in activities.items():
            np.testing.assert_allclose(simulation.activity(state, population, phase), rates, rtol=0, atol=1e-13)
    changes = [np.abs(expected[1][name] - expected[0][name]).max() for name in expected[1]]
    assert min(changes) > 1e-4, "the point is not generic: some population does not feel the nudge"


@backend
def test_a_phase_that_settles_has_one_frame_and_none_is_kept_unasked(backend):
    circuit = chain_of(leaky("input"), leaky("unit"), weights=Uniform())
    simulation = compiled(circuit, one_phase(circuit), LocalLearning(), backend)
    state, phase = simulation.init(circuit.sample(0)), simulation.protocol.phases[0]
    for every, frames in ((0, 0), (1, 1), (5, 1)):
        assert len(simulation.run(state, phase, {"input": np.ones((2, 2))}, every)[1]) == frames


def excitation_and_inhibition(gain: float = 1.0) -> Circuit:
    """Return the loop E ⇄ I, with E onto itself, whose every rate stays above threshold."""
    e, i = Population("E", 3), Population("I", 2, INHIBITORY)
    inside = [Projection(pre, post, weights=Uniform(0.05 * gain, 0.2 * gain)) for pre in "EI" for post in "EI"]
    drive = [Projection("input", "E", weights=Uniform(0.5, 1)), Projection("input", "I", weights=Uniform(0.5, 1))]
    return Circuit("loop", (Area("input_area", (leaky("input", 4),)), Area("V1", (e, i))), (*drive, *inside), "input", "E")


@backend
def test_relaxation_reaches_the_algebraic_fixed_point_of_a_linear_loop(backend):
    # Above threshold r = A r + W x, so that r = (1 − A)⁻¹ W x.
    circuit, tolerance = excitation_and_inhibition(), 1e-13
    phase = Phase("free", ("input",), settle=Settle(tolerance, step=0.3))
    simulation, parameters = compiled(circuit, Protocol((phase,)), LocalLearning(), backend), circuit.sample(1)
    w = {name: synapses.w for name, synapses in parameters.items()}
    x = batch(circuit, TRIALS)["input"] + 0.5
    state, _ = simulation.run(simulation.init(parameters), phase, {"input": x})
    loop = np.block([[w["E_to_E"], -w["I_to_E"]], [w["E_to_I"], -w["I_to_I"]]])
    drive = np.vstack([w["input_to_E"], w["input_to_I"]])
    r = np.linalg.solve(np.eye(5) - loop, drive @ x.T).T
    assert (r > 0).all(), "the closed form holds above threshold only"
    found = np.hstack([simulation.activity(state, "E", "free"), simulation.activity(state, "I", "free")])
    np.testing.assert_allclose(found, r, rtol=0, atol=1e-11)


def mutual(coupling: float) -> Circuit:
    """Return E ⇄ I, both excitatory here, of one neuron each: u = w r + x."""
    projections = [Projection("input", "A"), *(Projection(*pair, weights=Constant(coupling)) for pair in ("AB", "BA"))]
    area = Area("V1", (leaky("A", 1), leaky("B", 1)))
    return Circuit("mutual", (Area("input_area", (leaky("input", 1),)), area), tuple(projections), "input", "B")


@backend
@pytest.mark.parametrize(("step", "steps"), [(1.0, 62), (1.25, 25)])
def test_populations_in_turn_settle_in_as_many_steps_as_young_predicts(backend, step, steps):
    # Young (1954): with ρ = 0.8 side by side, ρ² = 0.64 a step in turn, and ω − 1 = 0.25 with ω = 2 / (1 + √(1 − ρ²)) = 1.25, whose
    # double root costs a factor of the number of steps; 0.64⁶² ≈ 25 · 0.25²³ ≈ 1e-12.
    circuit, x = mutual(0.8), {"input": np.ones((1, 1))}
    for allowed, settles in ((steps + 4, True), (steps - 6, False)):
        phase = Phase("free", ("input",), settle=Settle(1e-12, step, allowed))
        simulation = compiled(circuit, Protocol((phase,)), LocalLearning(), backend)
        with warnings.catch_warnings(record=True) as raised:
            warnings.simplefilter("always")
            state, _ = simulation.run(simulation.init(circuit.sample(0)), phase, x)
        assert (not raised) == settles
    # r_A = 0.8 r_B + x and r_B = 0.8 r_A, near enough even where steps were too few.
    assert simulation.activity(state, "B", "free").item() == pytest.approx(0.8 / (1 - 0.64), rel=1e-8)


@backend
def test_how_many_steps_a_linear_loop_takes_does_not_depend_on_the_size_of_its_input(backend):
    # A movement is measured relative to the potentials: 0.64³¹ ≈ 1e-6. Single precision could not settle large ones otherwise.
    circuit = mutual(0.8)
    phase = Phase("free", ("input",), settle=Settle(1e-6, 1.0, 36))
    simulation = compiled(circuit, Protocol((phase,)), LocalLearning(), backend)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        simulation.run(simulation.init(circuit.sample(0)), phase, {"input": np.full((1, 1), 1e6)})


@backend
def test_what_clamped_populations_send_is_summed_once_a_phase(backend, monkeypatch):
    circuit, sums = excitation_and_inhibition(), []
    phase = Phase("free", ("input",))
    simulation = compiled(circuit, Protocol((phase,)), LocalLearning(), backend)
    currents = simulation.currents

    def counted(inlet, signals, weights):
        sums.append("input" in signals)
        return currents(inlet, signals, weights)

    monkeypatch.setattr(simulation, "currents", counted)
    simulation.run(simulation.init(circuit.sample(1)), phase, batch(circuit, TRIALS))
    assert sums.count(True) == 2 < sums.count(False), "one sum each for E and I"


@backend
def test_relaxation_that_is_cut_short_warns_and_says_how_far_it_was(backend):
    circuit = excitation_and_inhibition()
    phase = Phase("free", ("input",), settle=Settle(max_steps=3))
    simulation = compiled(circuit, Protocol((phase,)), LocalLearning(), backend)
    with pytest.warns(RuntimeWarning, match=r"'free' of 'loop' did not settle in 3 steps \(last movement .*raise max_steps"):
        simulation.run(simulation.init(circuit.sample(1)), phase, batch(circuit, 2))


@backend
def test_relaxation_that_explodes_warns_instead_of_passing_for_settled(backend):
    # The first population settles at once; the second grows without bound until ∞ − ∞ is not a number.
    a, e = leaky("A"), leaky("E")
    projections = (Projection("input", "A"), Projection("A", "E"), Projection("E", "E", weights=Constant(1e3)))
    circuit = Circuit("explosive", (Area("all", (leaky("input"), a, e)),), projections, "input", "E")
    phase = Phase("free", ("input",), settle=Settle(max_steps=400))
    simulation = compiled(circuit, Protocol((phase,)), LocalLearning(), backend)
    with np.errstate(all="ignore"), pytest.warns(RuntimeWarning, match="did not settle"):
        simulation.run(simulation.init(circuit.sample(0)), phase, {"input": np.ones((1, 2))})


@backend
def test_relaxation_warns_of_nothing_where_it_settles(backend):
    circuit = excitation_and_inhibition()
    simulation = compiled(circuit, one_phase(circuit), LocalLearning(), backend)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trial(simulation, simulation.init(circuit.sample(1)), batch(circuit, 2))


def three_phases(**last: object) -> Protocol:
    """Return three phases that show different stimuli; the last one holds the current of "unit"."""
    first, second = Phase("first", ("input",)), Phase("second", ("input",))
    return Protocol((first, second, Phase("third", ("input",), hold=("unit",), **last)))


@backend
@pytest.mark.parametrize(("hold_from", "held"), [(None, 1), ("second", 1), ("first", 0)])
def test_a_held_current_keeps_its_value_of_the_named_phase_though_the_stimulus_changes(backend, hold_from, held):
    circuit = chain_of(leaky("input"), leaky("unit"), leaky("output"), weights=Constant(0.5))
    protocol = three_phases(hold_from=hold_from)
    simulation, stimuli = compiled(circuit, protocol, LocalLearning(), backend), [np.full((1, 2), s) for s in (1.0, 2.0, 7.0)]
    state = simulation.init(circuit.sample(0))
    for phase, stimulus in zip(protocol.phases, stimuli, strict=True):
        state, _ = simulation.run(state, phase, {"input": stimulus})
    # Two inputs of weight ½ sum to the stimulus; two units of weight ½ pass it on to the output, which is not held.
    assert simulation.activity(state, "unit", "third").tolist() == stimuli[held].tolist()
    assert simulation.activity(state, "output", "third").tolist() == stimuli[held].tolist()
    assert simulation.activity(state, "input", "third").tolist() == stimuli[2].tolist()


@backend
def test_a_nudge_draws_the_activity_by_its_strength_towards_the_target(backend):
    circuit = chain_of(leaky("input"), leaky("output"), weights=Constant(0.5))
    protocol = Protocol((Phase("free", ("input",)), Phase("nudged", ("input",), (Nudge("output", 0.3),))))
    simulation = compiled(circuit, protocol, LocalLearning(), backend)
    inputs = {"input": np.full((1, 2), 2.0), "output": np.array([[0.0, 5.0]])}
    state = trial(simulation, simulation.init(circuit.sample(0)), inputs)
    assert simulation.activity(state, "output", "free").tolist() == [[2.0, 2.0]]
    # r = φ + β (target − φ): 2 − 0.3 · 2 = 1.4 and 2 + 0.3 · 3 = 2.9.
    np.testing.assert_allclose(simulation.activity(state, "output", "nudged"), [[1.4, 2.9]], rtol=1e-15)


@backend
def test_a_nudge_towards_the_free_activity_changes_nothing_below(backend):
    # a⁺ = a⁻, so that γ (a⁺ − a⁻) = 0 however strong the feedback is.
    circuit = mlp(4, (5, 4), 3, apical_gain=3.0)
    simulation, inputs = compiled(circuit, two_phase(circuit), LocalLearning(), backend), batch(circuit, TRIALS)
    state = trial(simulation, simulation.init(circuit.sample(0)), inputs)
    inputs["output"] = simulation.activity(state, "output", "free")
    state = trial(simulation, simulation.init(circuit.sample(0)), inputs)
    for hidden in ("H1", "H2"):
        free, nudged = (simulation.activity(state, hidden, phase) for phase in ("free", "nudged"))
        np.testing.assert_allclose(nudged, free, rtol=0, atol=1e-14)


@backend
@pytest.mark.parametrize("balanced_in", [None, "free"])
def test_an_apical_compartment_adds_its_gain_times_the_change_of_its_current(backend, balanced_in):
    # One neuron each: u = w_b x + γ (w_a x − a₀), with a₀ = 0 without balance and w_a x_free with it.
    unit = Population("unit", 1, apical=Apical(0.5, balanced_in))
    basal, relay = Projection("input", "unit", weights=Constant(2.0)), Projection("input", "helper", weights=Constant(1.0))
    apical = Projection("helper", "unit", "apical", weights=Constant(3.0))
    area = Area("all", (leaky("input", 1), unit, leaky("helper", 1)))
    circuit = Circuit("pair", (area,), (basal, relay, apical), "input", "unit")
    protocol = Protocol((Phase("free", ("input",)), Phase("later", ("input",))))
    simulation = compiled(circuit, protocol, LocalLearning(), backend)
    state = simulation.init(circuit.sample(0))
    for phase, stimulus in zip(protocol.phases, (1.0, 4.0), strict=True):
        state, _ = simulation.run(state, phase, {"input": np.array([[stimulus]])})
    expected = {None: (2 + 0.5 * 3, 8 + 0.5 * 12), "free": (2, 8 + 0.5 * (12 - 3))}[balanced_in]
    assert tuple(simulation.activity(state, "unit", each).item() for each in ("free", "later")) == expected


@backend
def test_a_population_that_hears_only_feedback_is_silent_while_it_is_balanced(backend):
    unit = Population("unit", 2, apical=Apical(1.0, balanced_in="free"))
    projections = (Projection("input", "unit", "apical"), Projection("unit", "output"))
    circuit = Circuit("apical_only", (Area("all", (leaky("input"), unit, leaky("output"))),), projections, "input", "output")
    simulation = compiled(circuit, one_phase(circuit), LocalLearning(), backend)
    state = trial(simulation, simulation.init(circuit.sample(0)), {"input": np.ones((3, 2))})
    assert simulation.activity(state, "unit", "free").tolist() == np.zeros((3, 2)).tolist()


@backend
def test_a_compartment_that_nothing_reaches_changes_nothing(backend):
    unit = Population("unit", 2, apical=Apical(1.0, balanced_in="free"))
    circuit = chain_of(leaky("input"), unit, weights=Constant(0.5))
    simulation = compiled(circuit, one_phase(circuit), LocalLearning(), backend)
    state = trial(simulation, simulation.init(circuit.sample(0)), {"input": np.ones((3, 2))})
    assert simulation.activity(state, "unit", "free").tolist() == np.ones((3, 2)).tolist()


def test_an_order_is_found_without_loops_and_none_with_an_active_one():
    flagship = cortical_hierarchy(5, (6,), 3)
    held, free = two_phase(flagship), two_phase(flagship, hold=False)
    names = [each.name for each in Settling(flagship, held, held.phases[1]).order or ()]
    assert names.index("output_E") < names.index("V1_FE") < names.index("V1_E")
    assert Settling(flagship, free, free.phases[0]).order is not None, "feedback is balanced in the free phase: no active loop"
    assert Settling(flagship, free, free.phases[1]).order is None


def test_a_rule_of_the_last_plastic_phase_reads_its_activities():
    # The free activity is 1 and the nudged one 3: Δw = r_post r_pre of the nudged phase.
    circuit = chain_of(leaky("input", 1), leaky("output", 1), weights=Constant(1.0), plasticity=Hebbian(rate=1.0))
    phases = (Phase("free", ("input",)), Phase("nudged", ("input",), (Nudge("output"),), plastic=True))
    for reads, expected in ((None, 3.0), ("nudged", 3.0), ("free", 1.0)):
        learns = replace(circuit.projections[0], reads=reads)
        simulation = compiled(replace(circuit, projections=(learns,)), Protocol(phases), LocalLearning())
        state = trial(simulation, simulation.init(circuit.sample(0)), {"input": np.array([[1.0]]), "output": np.array([[3.0]])})
        assert simulation.deltas(state)[learns.name].item() == expected


@backend
@pytest.mark.parametrize("hold", [True, False])
def test_a_rule_senses_what_feedback_adds_in_the_plastic_phase(backend, hold):
    # One neuron each, weights of 1 but the apical one, γ = 0.5: the output moves from x to its target, so that a − a₀ = 3 (t − x).
    projections = (
        Projection("input", "H", plasticity=FeedbackRule(), reads="free"),
        Projection("H", "output"),
        Projection("output", "H", "apical", weights=Constant(3.0)),
    )
    hidden = Population("H", 1, apical=Apical(0.5, balanced_in="free"))
    area = Area("all", (leaky("input", 1), hidden, leaky("output", 1)))
    circuit = Circuit("chain", (area,), projections, "input", "output")
    simulation = compiled(circuit, two_phase(circuit, hold=hold), LocalLearning(), backend)
    inputs = {"input": np.array([[2.0], [1.0]]), "output": np.array([[2.5], [4.0]])}
    state = trial(simulation, simulation.init(circuit.sample(0)), inputs)
    expected = np.mean([0.5 * 3 * (2.5 - 2) * 2, 0.5 * 3 * (4 - 1) * 1])
    assert simulation.deltas(state)["input_to_H"].item() == pytest.approx(expected, rel=1e-7)
