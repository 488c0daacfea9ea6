"""Aims at time steps in another order than stated, spikes that arrive or end a step too early or too late, and windows, holds,
balances and nudges of other steps than theirs. Spikes are scripted, so that every expectation is a closed form.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from bio_fa import (
    INHIBITORY,
    LIF,
    TONIC,
    Apical,
    Area,
    Circuit,
    ConductanceSynapse,
    Constant,
    CurrentSynapse,
    LocalLearning,
    Nudge,
    Phase,
    Population,
    Projection,
    Protocol,
    Transmission,
    TwoCompartmentLIF,
    Uniform,
    one_phase,
)
from tests.scripted import AT_ONCE, DT, FORCED, NEVER, relay, scripted
from tests.tiny import EVERY_BACKEND, SPIKING_BACKENDS, chain_of, compiled, leaky, with_weights

spiking = pytest.mark.parametrize("backend", SPIKING_BACKENDS)
every_backend = pytest.mark.parametrize("backend", EVERY_BACKEND)
CLAMP = ("input",)


def pair(post: Population, transmission: Transmission = AT_ONCE, weight: float = FORCED, sign: int = 1) -> Circuit:
    """Return the circuit in which one scripted neuron drives a population, the output."""
    source = replace(scripted(1), sign=sign)
    synapses = Projection("input", post.name, weights=Constant(weight), transmission=transmission)
    return Circuit("pair", (Area("all", (source, post)),), (synapses,), "input", post.name)


def lasting(steps: int, window: int | None = None, name: str = "free", **settings: object) -> Phase:
    """Return a phase of so many steps, all of which or the last of which are its window."""
    return Phase(name, CLAMP, duration=steps * DT, window=(window or steps) * DT, **settings)


def ran(circuit: Circuit, phases: tuple[Phase, ...], stimuli: list, backend: str, target: object = None) -> tuple:
    """Return the simulation, its last state, and of each phase the frames of every step and all spikes by population."""
    simulation = compiled(circuit, Protocol(phases, DT), LocalLearning(), backend)
    state, frames, spikes = simulation.init(circuit.sample(0), seed=1), {}, {}
    for phase, stimulus in zip(phases, stimuli, strict=True):
        inputs = {"input": np.atleast_2d(np.asarray(stimulus, dtype=float))}
        inputs |= {} if target is None else {circuit.output: np.atleast_2d(np.asarray(target, dtype=float))}
        state, taken = simulation.run(state, phase, inputs, every=1)
        frames[phase.name] = {each.name: np.array([frame[each.name] for frame in taken]) for each in circuit.populations}
        spikes[phase.name] = {each.name: simulation.spikes(state, each.name) for each in circuit.populations if each.spiking}
    return simulation, state, frames, spikes


@every_backend
def test_a_leaky_unit_follows_its_exponential_step_by_step(backend):
    # Forward Euler on τ du/dt = −u + I gives u_n = I + (u_0 − I)(1 − dt/τ)ⁿ exactly.
    dt, tau, steps = 1e-3, 8e-3, 25
    circuit = chain_of(leaky("input", 1), leaky("unit", 1, tau), weights=Constant(2.0))
    phases = (Phase("rise", CLAMP, duration=steps * dt), Phase("fall", CLAMP, duration=steps * dt))
    simulation = compiled(circuit, Protocol(phases, dt), LocalLearning(), backend)
    state, stimulus, n = simulation.init(circuit.sample(0)), np.array([[0.3], [1.0]]), np.arange(1, steps + 1)
    state, rise = simulation.run(state, phases[0], {"input": stimulus}, every=1)
    state, fall = simulation.run(state, phases[1], {"input": 0 * stimulus}, every=1)
    for trial_number, current in enumerate(2.0 * stimulus[:, 0]):
        risen = [frame["unit"][trial_number, 0] for frame in rise]
        fallen = [frame["unit"][trial_number, 0] for frame in fall]
        np.testing.assert_allclose(risen, current * (1 - (1 - dt / tau) ** n), rtol=1e-12)
        np.testing.assert_allclose(fallen, risen[-1] * (1 - dt / tau) ** n, rtol=1e-12)


@every_backend
def test_frames_come_every_so_many_steps_and_end_with_the_activity_of_the_phase(backend):
    circuit = chain_of(leaky("input"), leaky("unit"), weights=Uniform())
    protocol = one_phase(circuit, duration=12e-3, dt=1e-3)
    simulation, inputs = compiled(circuit, protocol, LocalLearning(), backend), {"input": np.ones((2, 2))}
    parameters = circuit.sample(0)
    _, every = simulation.run(simulation.init(parameters), protocol.phases[0], inputs, every=1)
    state, fourth = simulation.run(simulation.init(parameters), protocol.phases[0], inputs, every=4)
    assert (len(every), len(fourth)) == (12, 3)
    for frame, same in zip(fourth, every[3::4], strict=True):
        np.testing.assert_array_equal(frame["unit"], same["unit"])
    np.testing.assert_array_equal(fourth[-1]["unit"], simulation.activity(state, "unit", "free"))


@spiking
@pytest.mark.parametrize("delay", [0, 1, 2, 7])
def test_a_spike_of_step_k_is_felt_in_step_k_plus_1_plus_its_delay(backend, delay):
    circuit = pair(relay("E"), CurrentSynapse(tau=DT, delay=delay * DT))
    *_, spikes = ran(circuit, (lasting(20),), [[3]], backend)
    assert spikes["free"]["input"].tolist() == [[3, 0, 0]]
    assert spikes["free"]["E"].tolist() == [[3 + 1 + delay, 0, 0]]


@spiking
def test_spikes_pass_a_chain_one_step_a_synapse_whatever_the_order_of_its_populations(backend):
    names = ["C", "A", "D", "B"]
    ends = [("input", "A"), ("A", "B"), ("B", "C"), ("C", "D")]
    synapses = tuple(Projection(*each, weights=Constant(FORCED), transmission=AT_ONCE) for each in ends)
    areas = (Area("all", (*(relay(name) for name in names), scripted(1))),)
    *_, spikes = ran(Circuit("chain", areas, synapses, "input", "D"), (lasting(12),), [[2]], backend)
    assert [spikes["free"][name].tolist() for name in "ABCD"] == [[[2 + number, 0, 0]] for number in (1, 2, 3, 4)]


@spiking
@pytest.mark.parametrize("delay", [0, 3])
def test_a_spike_of_a_phase_that_ends_is_felt_in_the_next(backend, delay):
    circuit = pair(relay("E"), CurrentSynapse(tau=DT, delay=delay * DT))
    *_, spikes = ran(circuit, (lasting(5), lasting(10, name="later")), [[4], [NEVER]], backend)
    assert spikes["free"]["E"].size == 0
    assert spikes["later"]["E"].tolist() == [[delay, 0, 0]]


@spiking
@pytest.mark.parametrize("delay", [0, 2])
def test_a_postsynaptic_potential_has_the_time_course_of_two_exponentials(backend, delay):
    """From the step after the arrival, x_j = w/(τₛ ν₁) qₛʲ drives u: u_m = dt/τₘ · w/(τₛ ν₁) · (qₘᵐ − qₛᵐ)/(qₘ − qₛ)."""
    tau_m, tau_s, w = 20e-3, 4e-3, 1.7
    circuit = pair(leaky("unit", 1, tau_m), CurrentSynapse(tau_s, delay * DT), w)
    _, _, frames, _ = ran(circuit, (lasting(40),), [[3]], backend)
    unit, m = frames["free"]["unit"][:, 0, 0], np.arange(40 - 4 - delay) + 1
    q_m, q_s = 1 - DT / tau_m, 1 - DT / tau_s
    expected = DT / tau_m * w / (tau_s * 100) * (q_m**m - q_s**m) / (q_m - q_s)
    assert not unit[: 4 + delay].any()
    np.testing.assert_allclose(unit[4 + delay :], expected, rtol=1e-11)


@pytest.mark.parametrize(("sign", "reversal"), [(1, 3.5), (-1, -0.5)])
def test_a_conductance_feels_the_potential_at_the_beginning_of_the_step(sign, reversal):
    """v ← v + dt (−v/τ + ν₁ x (E − v)/|E − v₀|), with x of the end of the step before: w/(τₛ ν₁) qₛʲ after a spike."""
    circuit = pair(Population("unit", 1, neuron=LIF(threshold=2.0, reset_to=1.0)), ConductanceSynapse(tau=4e-3), 0.3, sign)
    found = []
    for steps in (3, 4, 5, 9):
        _, state, _, spikes = ran(circuit, (lasting(steps),), [[2]], "reference")
        assert spikes["free"]["unit"].size == 0
        found.append(state.memory.states["unit"]["v"].item())
    v = found[0]
    for step in range(3, 9):
        x = 0.3 / (4e-3 * 100) * (1 - DT / 4e-3) ** (step - 3)
        v = v + DT * (-v / 20e-3 + 100 * x * (reversal - v) / abs(reversal - 0.5))
        if step + 1 in (4, 5, 9):
            assert found[(4, 5, 9).index(step + 1) + 1] == pytest.approx(v, rel=1e-12)


@spiking
@pytest.mark.parametrize(("reversal", "fires"), [(0.9, False), (1.5, True)])
def test_a_conductance_draws_no_further_than_its_reversal_potential(backend, reversal, fires):
    """A spike in every step makes x < 10 w = 3: v moves by less than three quarters of its way to E, and so never past it.

    A current of the same weight takes it above the threshold.
    """

    def driven(synapse: Transmission) -> bool:
        source = scripted(30)
        synapses = Projection("input", "E", weights=Constant(0.3), transmission=synapse)
        circuit = Circuit("many", (Area("all", (source, relay("E", 3))),), (synapses,), "input", "E")
        *_, spikes = ran(circuit, (lasting(40),), [np.arange(30) + 1], backend)
        return spikes["free"]["E"].size > 0

    assert driven(ConductanceSynapse(tau=10e-3, excitation=reversal)) == fires
    assert driven(CurrentSynapse(tau=10e-3))


def constant_drive(neuron: LIF, current: float, size: int = 1) -> Circuit:
    """Return the circuit in which a rate of 1 drives neurons by a constant current."""
    return chain_of(leaky("input", 1), Population("E", size, neuron=neuron), weights=Constant(current))


def intervals(events: np.ndarray) -> set[int]:
    """Return the steps between the spikes of one neuron."""
    return set(np.diff(events[:, 0]).tolist())


def steps_to_threshold(current: float, tau: float = 20e-3) -> int:
    """Return the first n with τ ν₁ I (1 − qⁿ) > 1."""
    return math.floor(math.log(1 - 1 / (tau * 100 * current)) / math.log(1 - DT / tau)) + 1


@spiking
@pytest.mark.parametrize("rest", [0, 1, 2, 5])
@pytest.mark.parametrize("current", [0.8, 2.5, 50.0])
def test_a_refractory_time_of_r_steps_counts_from_that_of_the_spike(backend, rest, current):
    """From reset it takes n steps to the threshold, the first of which is r steps after the spike, or 1 without refractory time."""
    circuit = constant_drive(LIF(refractory=rest * DT), current)
    *_, spikes = ran(circuit, (lasting(160),), [[1.0]], backend)
    events = spikes["free"]["E"]
    assert intervals(events) == {steps_to_threshold(current) + max(rest - 1, 0)}
    assert len(events) >= 2


@spiking
def test_a_refractory_neuron_is_deaf_and_keeps_its_reset(backend):
    """Of three spikes that each would make it fire, one step after the other, a neuron that rests for 3 steps answers the first."""
    circuit = pair(relay("E", refractory=3 * DT))
    circuit = replace(circuit, areas=(Area("all", (scripted(4), relay("E", refractory=3 * DT))),))
    *_, spikes = ran(circuit, (lasting(20),), [[2, 3, 4, 5]], backend)
    assert spikes["free"]["E"].tolist() == [[3, 0, 0], [6, 0, 0]]


@spiking
def test_a_neuron_rests_across_the_end_of_a_phase(backend):
    circuit = pair(relay("E", refractory=4 * DT))
    *_, spikes = ran(circuit, (lasting(5), lasting(6, name="later")), [[3], [0]], backend)
    assert (spikes["free"]["E"].tolist(), spikes["later"]["E"].tolist()) == ([[4, 0, 0]], [])
    *_, spikes = ran(circuit, (lasting(5), lasting(6, name="later")), [[3], [2]], backend)
    assert spikes["later"]["E"].tolist() == [[3, 0, 0]], "4 steps after its spike it can fire again"


@spiking
@pytest.mark.parametrize("neuron", [LIF(), LIF(refractory=3 * DT), TwoCompartmentLIF(carry_over=True)], ids=repr)
def test_two_phases_in_a_row_are_one_of_their_length(backend, neuron):
    circuit = constant_drive(neuron, 1.3, size=4)
    *_, one = ran(circuit, (lasting(60),), [[1.0]], backend)
    *_, two = ran(circuit, (lasting(25), lasting(35, name="later")), [[1.0], [1.0]], backend)
    late = two["later"]["E"] + [25, 0, 0]
    assert np.array_equal(np.concatenate([two["free"]["E"], late]), one["free"]["E"]) and late.size


@spiking
@pytest.mark.parametrize("window", [1, 4, 30])
def test_the_activity_of_a_phase_is_the_mean_over_its_window(backend, window):
    """Spikes: their number over W ν₁ dt. Rates: 1 − qⁿ averaged over the last n. Both after the step has moved them."""
    rates = Projection("input", "unit", weights=Constant(1.0))
    drive = Projection("input", "E", weights=Constant(50.0))
    area = Area("all", (leaky("input", 1), leaky("unit", 1), Population("E", 1, neuron=LIF(refractory=3 * DT))))
    circuit = Circuit("both", (area,), (rates, drive), "input", "E")
    simulation, state, _, spikes = ran(circuit, (lasting(30, window),), [[1.0]], backend)
    fired = (spikes["free"]["E"][:, 0] >= 30 - window).sum()
    assert simulation.activity(state, "E", "free").item() == pytest.approx(fired / (window * DT * 100), rel=1e-12)
    expected = (1 - (1 - DT / 20e-3) ** np.arange(1, 31))[-window:].mean()
    assert simulation.activity(state, "unit", "free").item() == pytest.approx(expected, rel=1e-12)


@spiking
def test_the_activity_of_a_source_is_that_of_its_spikes_not_of_what_it_encodes(backend):
    circuit = replace(pair(relay("E")), areas=(Area("all", (scripted(3), relay("E"))),))
    simulation, state, _, _ = ran(circuit, (lasting(20, 10),), [[4, 15, NEVER]], backend)
    assert simulation.activity(state, "input", "free").tolist() == [[0, 1 / (10 * DT * 100), 0]]


@spiking
@pytest.mark.parametrize("window", [1, 5, 12])
def test_a_held_current_is_the_mean_of_those_felt_in_the_window(backend, window):
    """After a spike in step 3 the unit feels x = w/(τₛ ν₁) qₛʲ in step 4 + j; held, it then relaxes to their mean."""
    circuit = pair(leaky("unit", 1, 10e-3), CurrentSynapse(5e-3), 2.0)
    phases = lasting(12, window), lasting(400, 1, "later", hold=("unit",))
    simulation, state, _, _ = ran(circuit, phases, [[3], [0]], backend)
    felt = np.concatenate([np.zeros(4), 2.0 / (5e-3 * 100) * (1 - DT / 5e-3) ** np.arange(8)])
    assert simulation.activity(state, "unit", "later").item() == pytest.approx(felt[-window:].mean(), rel=1e-9)


def with_feedback(gain: float, balanced_in: str | None) -> Circuit:
    """Return the circuit in which a scripted neuron drives the apical compartment of a rate neuron, excited by a constant 10."""
    unit = replace(leaky("unit", 1, 10e-3), apical=Apical(gain, balanced_in))
    apical = Projection("input", "unit", "apical", weights=Constant(2.0), transmission=CurrentSynapse(5e-3))
    projections = (apical, Projection(TONIC, "unit", weights=Constant(10.0)))
    return Circuit("feedback", (Area("all", (scripted(1), unit)),), projections, "input", "unit")


APICAL = 2.0 / (5e-3 * 100) * (1 - DT / 5e-3) ** np.arange(400)
"""The apical current of the steps after a spike."""


@spiking
@pytest.mark.parametrize("window", [1, 6])
def test_a_balanced_compartment_adds_its_gain_times_the_change_from_the_mean_of_the_balancing_window(backend, window):
    """The spike of step 2 is felt from step 3 on; in the balancing phase the unit feels none of it, and later γ (a − a₀)."""
    phases = lasting(10, window), lasting(30, 1, "later")
    _, _, frames, _ = ran(with_feedback(0.5, "free"), phases, [[2], [NEVER]], backend)
    balance = np.concatenate([np.zeros(3), APICAL])[:10][-window:].mean()
    u, course = 0.0, []
    for step in range(40):
        feedback = 0.0 if step < 10 else 0.5 * (APICAL[step - 3] - balance)
        u += DT / 10e-3 * (10.0 + feedback - u)
        course.append(u)
    found = np.concatenate([frames[each]["unit"][:, 0, 0] for each in ("free", "later")])
    np.testing.assert_allclose(found, course, rtol=1e-11)


@spiking
def test_a_compartment_that_is_never_balanced_adds_its_gain_times_its_current(backend):
    _, _, frames, _ = ran(with_feedback(0.5, None), (lasting(20),), [[2]], backend)
    u, course = 0.0, []
    for step in range(20):
        u += DT / 10e-3 * (10.0 + (0.5 * APICAL[step - 3] if step > 2 else 0.0) - u)
        course.append(u)
    np.testing.assert_allclose(frames["free"]["unit"][:, 0, 0], course, rtol=1e-11)


@spiking
@pytest.mark.parametrize(("target", "strength"), [(1.5, 1.0), (1.5, 0.4), (0.2, 0.5)])
def test_a_spiking_neuron_is_nudged_by_a_current_that_is_its_distance_from_the_target(backend, target, strength):
    """Without a leak a neuron that carries over fires ν₁ T (I + β (target − r₀)) times, to one spike: here 20 times the current."""
    circuit = constant_drive(LIF(tau=1e6, carry_over=True), 0.8)
    phases = lasting(400), lasting(200, name="nudged", nudge=(Nudge("E", strength),))
    simulation, state, _, spikes = ran(circuit, phases, [[1.0], [1.0]], backend, target=[[target]])
    reached = simulation.activity(state, "E", "free").item()
    assert reached == pytest.approx(0.8, abs=1 / 40)
    assert len(spikes["nudged"]["E"]) == pytest.approx(20 * (0.8 + strength * (target - reached)), abs=1 + 1e-9)


@spiking
def test_a_nudge_looks_back_to_the_phase_that_is_named(backend):
    circuit = constant_drive(LIF(tau=1e6, carry_over=True), 1.0)
    last = lasting(200, name="last", nudge=(Nudge("E"),), hold_from="free")
    phases = lasting(200), lasting(200, name="quiet"), last
    simulation, state, _, spikes = ran(circuit, phases, [[1.0], [0.1], [1.0]], backend, target=[[2]])
    reached = simulation.activity(state, "E", "free").item()
    assert reached == pytest.approx(1, abs=1 / 20) and simulation.activity(state, "E", "quiet").item() < 0.2
    assert len(spikes["last"]["E"]) == pytest.approx(20 * (1 + 2 - reached), abs=1 + 1e-9)


@spiking
def test_a_nudged_rate_neuron_among_spikes_is_drawn_in_every_step(backend):
    """r = φ + β (target − φ), with φ the undisturbed course: frames, means and what it drives all have the nudged one."""
    rates = chain_of(leaky("input", 1), leaky("unit", 1), Population("E", 1, neuron=LIF()), weights=Constant(1.0))
    projections = (*rates.projections, Projection("E", "unit", weights=Constant(0.0), transmission=CurrentSynapse()))
    circuit = replace(rates, projections=projections, output="unit")
    phases = lasting(10), lasting(15, name="nudged", nudge=(Nudge("unit", 0.25),))
    simulation, state, frames, _ = ran(circuit, phases, [[1.0], [1.0]], backend, target=[[5.0]])
    undisturbed = 1 - (1 - DT / 20e-3) ** np.arange(11, 26)
    expected = undisturbed + 0.25 * (5 - undisturbed)
    np.testing.assert_allclose(frames["nudged"]["unit"][:, 0, 0], expected, rtol=1e-12)
    assert simulation.activity(state, "unit", "nudged").item() == pytest.approx(expected.mean(), rel=1e-12)


@spiking
def test_inhibition_subtracts_the_current_that_excitation_adds(backend):
    """A unit that is driven by 10 and hears one spike of either sign departs from 10 by the same course, up or down."""
    courses, phases = [], (lasting(200), lasting(30, name="later"))
    for sign in (1, INHIBITORY):
        circuit = pair(leaky("unit", 1, 10e-3), CurrentSynapse(5e-3), 2.0, sign)
        projections = (*circuit.projections, Projection(TONIC, "unit", weights=Constant(10.0)))
        _, _, frames, _ = ran(replace(circuit, projections=projections), phases, [[NEVER], [3]], backend)
        courses.append(frames["later"]["unit"][:, 0, 0] - 10)
    assert abs(courses[0]).max() > 0.5
    np.testing.assert_allclose(courses[1], -courses[0], rtol=0, atol=1e-7)


@spiking
def test_synapses_of_other_weights_signs_and_transmissions_onto_one_neuron_add_up(backend):
    """What a unit feels of three spikes in one step is the sum of what it feels of each: it is linear above threshold."""
    kinds = (CurrentSynapse(4e-3), CurrentSynapse(9e-3, 2 * DT), CurrentSynapse(4e-3))
    middle = [relay("A"), replace(relay("B"), sign=INHIBITORY), relay("C")]
    unit = leaky("unit", 1, 10e-3)
    onto = [
        Projection(each.name, "unit", weights=Constant(0.5 + number), transmission=kind)
        for number, (each, kind) in enumerate(zip(middle, kinds, strict=True))
    ]
    given = [Projection("input", each.name, transmission=AT_ONCE) for each in middle]
    tonic = Projection(TONIC, "unit", weights=Constant(10.0))
    circuit = Circuit("sum", (Area("all", (scripted(3), *middle, unit)),), (*given, *onto, tonic), "input", "unit")
    forced = {f"input_to_{name}": FORCED * np.eye(3)[[number]] for number, name in enumerate("ABC")}

    def felt(*steps: float) -> np.ndarray:
        phase = lasting(40)
        simulation = compiled(circuit, Protocol((phase,), DT), LocalLearning(), backend)
        state = simulation.init(with_weights(circuit.sample(0), **forced), seed=1)
        _, frames = simulation.run(state, phase, {"input": np.array([steps])}, every=1)
        return np.array([frame["unit"][0, 0] for frame in frames])

    silent = felt(NEVER, NEVER, NEVER)
    alone = [felt(*np.where(np.eye(3)[number] > 0, 12, NEVER)) - silent for number in range(3)]
    assert all(abs(each).max() > 0.01 for each in alone) and alone[1].min() < 0
    np.testing.assert_allclose(felt(12, 12, 12) - silent, sum(alone), rtol=0, atol=1e-12)
