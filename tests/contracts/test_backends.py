"""Aims at a backend that breaks what bio_fa promises of every circuit: Dale's law, absent synapses, rates of at least 0,
fixed feedback, repeatable runs, trials that know nothing of each other. Every backend that settles runs through the same
tests; those that spike also through ``test_spiking_backends``.
"""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bio_fa import (
    Adaptive,
    Bounds,
    Circuit,
    Covariance,
    ExponentiatedGradient,
    FrozenSigns,
    Hebbian,
    Homeostasis,
    LocalLearning,
    Momentum,
    Noisy,
    Oja,
    Scale,
    Settle,
    Sign,
    ThreeFactor,
    WeightDecay,
    WeightNorm,
    chain,
    two_phase,
)
from bio_fa import backends as machines
from models.two_area import two_area
from tests.tiny import (
    EVERY_BACKEND,
    MODELS,
    SETTLING_BACKENDS,
    SPIKING_BACKENDS,
    after_learning,
    batch,
    compiled,
    trial,
    violations,
    with_constraints,
    with_tonic,
)

backend = pytest.mark.parametrize("backend", SETTLING_BACKENDS)
RATES = st.sampled_from([0.0, 1e-3, 1.0, 1e3])
RULES = st.one_of(
    st.builds(Hebbian, rate=RATES),
    st.builds(Hebbian, rate=st.just(-1e3)),
    st.builds(Oja, rate=RATES),
    st.builds(Covariance, rate=RATES),
    st.builds(Homeostasis, set_point=st.sampled_from([0.0, 0.1, 1e3]), rate=st.sampled_from([1e-3, 1.0])),
    st.builds(WeightDecay, rate=st.sampled_from([0.0, 1.0])),
    st.builds(ThreeFactor, rate=RATES),
    st.builds(lambda rate: ThreeFactor(rate) + Oja(rate), RATES),
)
UPDATES = st.one_of(
    st.builds(Scale, RATES),
    st.builds(Momentum),
    st.builds(ExponentiatedGradient, RATES),
    st.builds(Noisy, RATES),
    st.builds(FrozenSigns, st.integers(0, 2)),
    st.builds(Adaptive, rate=RATES),
    st.builds(lambda rate: chain(Sign(), Scale(rate)), RATES),
)
CONSTRAINTS = st.sampled_from([(), (Bounds(largest=0.3),), (WeightNorm(norm=2.0),)])


def test_every_backend_is_put_to_the_test():
    assert set(EVERY_BACKEND) == set(machines.NAMES) == {*SETTLING_BACKENDS, *SPIKING_BACKENDS}


def learn_once(circuit: Circuit, parameters, update, backend, seed):
    """Learn from one trial; return the parameters after it, having asserted that no activity was below 0."""
    simulation = compiled(circuit, two_phase(circuit), LocalLearning(update), backend)
    state = trial(simulation, simulation.init(parameters), batch(circuit, 2, seed))
    for phase in ("free", "nudged"):
        for population in circuit.populations:
            assert (simulation.activity(state, population.name, phase) >= 0).all()
    return simulation.parameters(simulation.learn(state))


@backend
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(RULES, UPDATES, CONSTRAINTS), min_size=1, max_size=3))
def test_dales_law_and_the_masks_hold_after_any_sequence_of_learning(backend, sequence):
    parameters = with_tonic(two_area(3, 4, 2))
    with np.errstate(over="ignore", invalid="ignore"):
        for seed, (rule, update, constraints) in enumerate(sequence):
            circuit = with_constraints(two_area(3, 4, 2, plasticity=rule), *constraints)
            parameters = learn_once(circuit, parameters, update, backend, seed)
            assert violations(circuit, parameters) == 0


@backend
@pytest.mark.parametrize("model", MODELS)
def test_what_holds_of_the_weights_holds_in_evaluation_too(backend, model):
    circuit = MODELS[model]
    simulation = compiled(circuit, two_phase(circuit), LocalLearning(Scale(10.0)), backend)
    state = after_learning(simulation, circuit.sample(0), trials=3)
    state = trial(simulation, state, batch(circuit, 4, seed=9))
    assert violations(circuit, simulation.parameters(state)) == 0
    for projection in circuit.projections:
        w = np.array(state.weights[projection.name].tolist())
        assert not w[~circuit.sample(0)[projection.name].mask].any()
        assert circuit.sign(projection) is None or (w >= 0).all()
    assert all((simulation.activity(state, each.name, "nudged") >= 0).all() for each in circuit.populations)


@backend
@pytest.mark.parametrize("model", MODELS)
def test_fixed_synapses_stay_bit_identical_while_the_others_learn(backend, model):
    circuit = MODELS[model]
    before = circuit.sample(0)
    simulation = compiled(circuit, two_phase(circuit), LocalLearning(Adaptive(rate=0.1)), backend)
    after = simulation.parameters(after_learning(simulation, before, trials=3))
    for projection in circuit.projections:
        moved = not np.array_equal(after[projection.name].w, before[projection.name].w)
        assert moved == (projection.plasticity is not None), projection.name
        assert np.array_equal(after[projection.name].mask, before[projection.name].mask)


@backend
def test_the_same_seed_gives_the_same_bits(backend):
    circuit, ends = two_area(5, 6, 3, plasticity=ThreeFactor() + Oja()), []
    for _ in range(2):
        simulation = compiled(circuit, two_phase(circuit), LocalLearning(), backend)
        ends.append(simulation.parameters(after_learning(simulation, circuit.sample(3), trials=4, size=3)))
    for name in ends[0]:
        assert ends[0][name].w.tobytes() == ends[1][name].w.tobytes()
    other = circuit.sample(4)
    assert any(not np.array_equal(other[name].w, circuit.sample(3)[name].w) for name in other)


@backend
def test_trials_without_learning_change_no_parameter(backend):
    circuit = MODELS["two_area"]
    simulation = compiled(circuit, two_phase(circuit), LocalLearning(), backend)
    parameters = with_tonic(circuit)
    state = simulation.init(parameters)
    for seed in range(3):
        state = trial(simulation, state, batch(circuit, 2, seed))
        simulation.deltas(state)
    for name, synapses in simulation.parameters(state).items():
        assert synapses.w.tobytes() == parameters[name].w.tobytes()


@backend
def test_neither_learning_nor_its_caller_can_reach_the_arrays_of_the_other(backend):
    circuit = MODELS["two_area"]
    simulation = compiled(circuit, two_phase(circuit), LocalLearning(Scale(1.0)), backend)
    parameters = circuit.sample(0)
    state = after_learning(simulation, parameters, trials=2)
    for name, synapses in circuit.sample(0).items():
        assert synapses.w.tobytes() == parameters[name].w.tobytes(), "learning wrote into the caller's weights"
    taken = simulation.parameters(state)
    kept = {name: synapses.w.copy() for name, synapses in taken.items()}
    state = simulation.learn(trial(simulation, state, batch(circuit, 2)))
    assert all(np.array_equal(taken[name].w, w) for name, w in kept.items()), "learning wrote into weights that were handed out"
    taken["input_to_V1_E"].w[:] = 99
    assert not (simulation.parameters(state)["input_to_V1_E"].w == 99).any()


TRIALS = {
    "settling": two_phase,
    "relaxing": lambda circuit: two_phase(circuit, hold=False),
    "in_time": lambda circuit: two_phase(circuit, duration=0.01),
}


@backend
@pytest.mark.parametrize("kind", TRIALS)
def test_a_trial_knows_nothing_of_the_trial_before(backend, kind):
    circuit = MODELS["two_area"]
    protocol = TRIALS[kind](circuit)
    phases = tuple(replace(phase, settle=Settle(tolerance=1e-6, step=0.5)) for phase in protocol.phases)
    simulation = compiled(circuit, replace(protocol, phases=phases), LocalLearning(), backend)
    parameters, inputs = with_tonic(circuit), batch(circuit, 2, seed=5)
    fresh = trial(simulation, simulation.init(parameters), inputs)
    first = {each.name: simulation.activity(fresh, each.name, "nudged").tobytes() for each in circuit.populations}
    state = trial(simulation, simulation.init(parameters), batch(circuit, 2, seed=6))
    state = trial(simulation, state, inputs)
    assert first == {each.name: simulation.activity(state, each.name, "nudged").tobytes() for each in circuit.populations}


@backend
def test_a_free_phase_after_learning_is_that_of_the_learned_weights_alone(backend):
    circuit = two_area(5, 6, 3, plasticity=ThreeFactor() + Covariance())
    simulation = compiled(circuit, two_phase(circuit), LocalLearning(), backend)
    learned, inputs = after_learning(simulation, with_tonic(circuit), trials=3), batch(circuit, 2, seed=8)
    parameters = simulation.parameters(learned)
    after, anew = (trial(simulation, state, inputs) for state in (learned, simulation.init(parameters)))
    for each in circuit.populations:
        assert np.array_equal(simulation.activity(after, each.name, "free"), simulation.activity(anew, each.name, "free"))


@backend
def test_trials_of_a_batch_do_not_hear_each_other(backend):
    circuit = MODELS["hierarchy_of_2"]
    simulation = compiled(circuit, two_phase(circuit), LocalLearning(), backend)
    parameters, inputs = with_tonic(circuit), batch(circuit, 3)
    together = trial(simulation, simulation.init(parameters), inputs)
    for number in range(3):
        alone = trial(simulation, simulation.init(parameters), {name: x[number : number + 1] for name, x in inputs.items()})
        for each in circuit.populations:
            a, b = (simulation.activity(state, each.name, "nudged") for state in (together, alone))
            np.testing.assert_allclose(a[number : number + 1], b, rtol=0, atol=1e-14)


@backend
@pytest.mark.parametrize("rule", [ThreeFactor(), Oja(1.0), Hebbian(1.0), WeightDecay(0.5)], ids=lambda rule: rule.kind())
def test_the_change_of_a_batch_is_the_mean_of_the_changes_of_its_trials(backend, rule):
    circuit = two_area(5, 6, 3, plasticity=rule)
    simulation = compiled(circuit, two_phase(circuit), LocalLearning(), backend)
    parameters, inputs = with_tonic(circuit), batch(circuit, 4)
    together = simulation.deltas(trial(simulation, simulation.init(parameters), inputs))
    alone = [
        simulation.deltas(trial(simulation, simulation.init(parameters), {name: x[n : n + 1] for name, x in inputs.items()}))
        for n in range(4)
    ]
    for name, delta in together.items():
        np.testing.assert_allclose(delta, np.mean([each[name] for each in alone], axis=0), rtol=0, atol=1e-14)


@backend
def test_local_learning_differentiates_nothing(backend):
    circuit = MODELS["two_area"]
    simulation = compiled(circuit, two_phase(circuit), LocalLearning(), backend)
    torch = pytest.importorskip("torch")
    with torch.enable_grad():
        state = simulation.learn(trial(simulation, simulation.init(circuit.sample(0)), batch(circuit, 2)))
    held = [*state.weights.values(), *state.masks.values()]
    held += [each for values in (*state.memory.states.values(), *state.memory.activity.values()) for each in values.values()]
    assert not any(getattr(each, "requires_grad", False) for each in held)


@backend
def test_nothing_is_drawn_from_global_random_state(backend):
    torch = pytest.importorskip("torch")

    def drawn():
        return random.getstate(), str(np.random.get_state()), torch.get_rng_state().tolist()

    before, circuit = drawn(), MODELS["hierarchy_of_2"]
    simulation = compiled(circuit, two_phase(circuit), LocalLearning(), backend)
    after_learning(simulation, circuit.sample(0), trials=2)
    assert drawn() == before


@backend
@pytest.mark.parametrize("model", MODELS)
def test_the_changes_that_are_told_are_those_that_are_learned(backend, model):
    # w ← mask · [w + η Δw]₊ with the Δw that was handed out before, which learning must not write into.
    circuit = MODELS[model]
    simulation = compiled(circuit, two_phase(circuit), LocalLearning(Scale(1e-3)), backend)
    parameters = with_tonic(circuit)
    state = trial(simulation, simulation.init(parameters), batch(circuit, 3))
    deltas = simulation.deltas(state)
    learned = simulation.parameters(simulation.learn(state))
    for name, delta in deltas.items():
        w, mask = parameters[name].w, parameters[name].mask
        expected = mask * (w + 1e-3 * delta)
        expected = np.maximum(expected, 0) if circuit.sign(circuit.projection(name)) is not None else expected
        np.testing.assert_allclose(learned[name].w, expected, rtol=0, atol=1e-15)
