"""Aims at currents that are not standardised though they are said to be, at tests that compare batches, at errors that do not see
the factor, and at running averages that an update scales or a gradient replaces.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bio_fa import (
    Adaptive,
    CosineDecay,
    GradientLearning,
    LocalLearning,
    Protocol,
    Scale,
    backends,
    chain,
    one_phase,
    run,
    two_phase,
)
from bio_fa import training as training_module
from bio_fa.circuit import Circuit
from bio_fa.config import load
from bio_fa.errors import BioFAError, DescriptionError
from bio_fa.neurons import LIF, TanhRate
from bio_fa.plasticity import RunningMean, RunningVariance
from bio_fa.projection import Projection
from bio_fa.rules import LearningRule, Network
from bio_fa.rules.backpropagation import Backpropagation
from bio_fa.rules.feedback_alignment import FeedbackAlignment
from bio_fa.standardisation import FLOOR, Standardisation, shunted
from bio_fa.tasks import Digits
from bio_fa.training import Training
from models.two_area import two_area
from tests.small import small_experiment, snapshots, write_config
from tests.tiny import after_learning, batch, compiled, trial, with_weights

STANDARDISED = Standardisation(horizon=20)
TINY = STANDARDISED.of(two_area(inputs=5, hidden=6, outputs=3), "free")


def literature(rule: LearningRule) -> tuple[Circuit, Protocol]:
    """Return a rule's network of smooth neurons, standardised, and its trial."""
    circuit = rule.circuit(Network(6, (5, 4), 3, neuron=TanhRate()))
    protocol = rule.protocol(circuit)
    return STANDARDISED.of(circuit, protocol.phases[0].name), protocol


def generic(circuit: Circuit) -> dict:
    """Return parameters whose means and variances are neither 0 nor 1."""
    rng, parameters = np.random.default_rng(3), circuit.sample(1)
    moments = {each.name: rng.uniform(0.2, 3.0, circuit.shape(each)) for each in circuit.projections if each.from_tonic}
    return with_weights(parameters, **moments)


def test_a_hidden_population_gets_two_synapses_and_the_output_none():
    added = {each.name: each.plasticity for each in TINY.projections if each.from_tonic}
    assert added["tonic_to_V1_E"] == RunningMean(20) and added["tonic_to_V1_E_shunt"] == RunningVariance(20)
    assert "tonic_to_output_shunt" not in added


def test_a_shunt_divides_all_that_arrives_by_the_root_of_the_variance():
    weights = {name: each.w for name, each in generic(TINY).items()}
    felt, divisor = shunted(TINY, weights), np.sqrt(weights["tonic_to_V1_E_shunt"] + FLOOR)
    for name, w in weights.items():
        onto_it = name.endswith("_to_V1_E")
        np.testing.assert_array_equal(felt[name], w / divisor if onto_it else w)
    assert {"input_to_V1_E", "V1_I_to_V1_E", "V1_FE_to_V1_E", "tonic_to_V1_E"} <= weights.keys()


@pytest.mark.parametrize("backend", ["reference", "torch_rate"])
def test_the_potential_is_the_current_less_its_mean_divided_by_its_deviation(backend):
    """u = (I − Ī) / √(v + ε), with I summed here."""
    parameters, inputs = generic(TINY), batch(TINY, 4)
    simulation = compiled(TINY, two_phase(TINY), LocalLearning(), backend)
    state, _ = simulation.run(simulation.init(parameters), simulation.protocol.phases[0], inputs)
    rates = {name: simulation.activity(state, name, "free") for name in ("input", "V1_I")}
    current = rates["input"] @ parameters["input_to_V1_E"].w.T - rates["V1_I"] @ parameters["V1_I_to_V1_E"].w.T
    expected = (current + parameters["tonic_to_V1_E"].w.T) / np.sqrt(parameters["tonic_to_V1_E_shunt"].w.T + FLOOR)
    np.testing.assert_allclose(np.asarray(state.memory.u["free"]["V1_E"]), expected, rtol=1e-12)


@pytest.mark.parametrize("learning", [LocalLearning(Scale(0.0)), LocalLearning(Adaptive(0.5)), GradientLearning(Scale(0.3))])
def test_the_moments_are_running_averages_whatever_the_update_and_the_way_to_learn(learning):
    """θ ← θ − (Ī + θ) / H and v ← v + (mean (I + θ)² − v) / H, over the trials of the batch."""
    parameters, inputs = generic(TINY), batch(TINY, 7)
    simulation = compiled(TINY, two_phase(TINY), learning, "torch_rate")
    state = simulation.init(parameters)
    for phase in learning.phases(simulation.protocol):
        state, _ = simulation.run(state, phase, inputs)
    theta, v = parameters["tonic_to_V1_E"].w[:, 0], parameters["tonic_to_V1_E_shunt"].w[:, 0]
    deviation = state.memory.u["free"]["V1_E"].detach().numpy() * np.sqrt(v + FLOOR)
    learned = simulation.parameters(simulation.learn(state))
    np.testing.assert_allclose(learned["tonic_to_V1_E"].w[:, 0], theta - deviation.mean(0) / 20, rtol=1e-12)
    np.testing.assert_allclose(learned["tonic_to_V1_E_shunt"].w[:, 0], v + ((deviation**2).mean(0) - v) / 20, rtol=1e-12)


@pytest.mark.parametrize("way", ["local", "gradient"])
def test_after_learning_potentials_of_training_trials_have_mean_0_and_variance_1(way):
    epochs, circuit = 25, STANDARDISED.of(two_area(hidden=20), "free")
    update = chain(Adaptive(3e-3), CosineDecay(epochs * 20))
    learning = LocalLearning(update) if way == "local" else GradientLearning(update)
    task = Digits(train_trials=320, test_trials=40)
    training = Training(small_experiment(circuit=circuit, epochs=epochs, task=task, learning=learning), task.load(0))
    before = training.parameters()["input_to_V1_E"].w
    for epoch in range(1, epochs + 1):
        list(training.epoch(epoch))
    assert np.abs(training.parameters()["input_to_V1_E"].w - before).max() > 1e-3, "nothing was learned"
    whole = next(training.dataset.train.batches(320))
    state, _ = training.simulation.run(training.state, training.protocol.phases[0], training.inputs(whole))
    u = state.memory.u["free"]["V1_E"].detach().numpy()
    assert np.abs(u.mean(0)).max() < 0.1
    assert np.abs(u.var(0) - 1).max() < 0.1


def test_a_test_depends_neither_on_the_size_of_its_batches_nor_changes_the_moments(monkeypatch):
    experiment = small_experiment(circuit=STANDARDISED.of(two_area(hidden=10), "free"))
    training = Training(experiment, experiment.dataset())
    list(training.epoch(1))
    before, whole = training.parameters(), training.evaluate()
    monkeypatch.setattr(training_module, "EVALUATION_BATCH", 5)
    parts = training.evaluate()
    assert parts.error == whole.error and parts.mean_loss == pytest.approx(whole.mean_loss, rel=1e-6)
    for name, synapses in training.parameters().items():
        np.testing.assert_array_equal(synapses.w, before[name].w)


def test_backends_agree_after_several_trials():
    tiny = [(TINY, two_phase(TINY)), (TINY, two_phase(TINY, duration=0.1))]
    for circuit, protocol in [*tiny, literature(FeedbackAlignment()), literature(Backpropagation())]:
        learning = LocalLearning(Adaptive(0.05))
        one, other = (compiled(circuit, protocol, learning, backend) for backend in ("reference", "torch_rate"))
        found = [each.parameters(after_learning(each, generic(circuit), 4)) for each in (one, other)]
        for name, synapses in found[0].items():
            np.testing.assert_allclose(found[1][name].w, synapses.w, rtol=1e-12, atol=1e-12)


def test_errors_that_return_through_transposed_weights_are_the_gradient_as_they_see_the_factor():
    """Chain rule: ∂L/∂w_ij = φ′(u_i) / √(v_i + ε) · (Wᵀ δ)_i · r_j; without the factor the angle would not be 0."""
    circuit, protocol = literature(Backpropagation())
    parameters, inputs = circuit.sample(1), batch(circuit, 5)
    shunts = {name: np.linspace(0.1, 4, len(each.w))[:, None] for name, each in parameters.items() if name.endswith("_shunt")}
    parameters, found = with_weights(parameters, **shunts), []
    for learning in (LocalLearning(), GradientLearning()):
        simulation = compiled(circuit, protocol, learning, "torch_rate")
        found.append(simulation.deltas(trial(simulation, simulation.init(parameters), inputs)))
    for name in ("input_to_H1", "H1_to_H2", "H2_to_output"):
        np.testing.assert_allclose(found[0][name], found[1][name], rtol=1e-9, atol=1e-14)




def test_the_moments_are_saved_and_a_further_run_starts_with_them(tmp_path: Path):
    experiment = small_experiment(circuit=STANDARDISED.of(two_area(hidden=10), "free"), epochs=1)
    folder = run(experiment, tmp_path / "run")
    final = snapshots(folder)["final"]["tonic_to_V1_E_shunt"]
    assert np.abs(final - 1).max() > 1e-2
    start = replace(experiment, start=str(folder)).beginning().parameters
    np.testing.assert_array_equal(start["tonic_to_V1_E_shunt"].w, final)


def test_a_circuit_whose_hidden_neurons_do_not_learn_is_refused():
    circuit = two_area(hidden=6)
    fixed = tuple(replace(each, plasticity=None, error=None, reads=None) for each in circuit.projections)
    with pytest.raises(DescriptionError, match="no hidden neurons of 'two_area' learn; leave the standardisation out"):
        STANDARDISED.of(replace(circuit, projections=fixed), "free")


def test_neurons_that_spike_and_populations_that_would_divide_are_refused():
    with pytest.raises(DescriptionError, match="senses post.deviation, but 'V1_E' has neurons of kind lif; give it rate neurons"):
        TINY.with_neurons(LIF())
    extra = Projection("V1_I", "V1_E", "shunt")
    with pytest.raises(DescriptionError, match="shunt divides the current of rate neurons, from 'tonic'"):
        replace(TINY, projections=(*TINY.projections, extra))


@pytest.mark.parametrize("backend", ["torch_spiking", "brian2"])
def test_backends_that_divide_no_currents_refuse(backend):
    machine = backends.get(backend)
    with pytest.raises(BioFAError, match="tonic_to_V1_E_shunt divides currents, which it does not; choose torch_rate or reference"):
        machine.compile(TINY, two_phase(TINY), LocalLearning())


@pytest.mark.parametrize("rule", [None, "feedback_alignment"])
def test_a_configuration_asks_for_it_by_one_key(tmp_path, rule):
    text = 'name = "study"\nrule = { kind = "feedback_alignment" }\n[circuit]\nhidden = [5, 4]\n'
    path = write_config(tmp_path) if rule is None else write_config(tmp_path, text)
    config, experiment = load(path, ["standardisation.horizon=7"])
    shunts = [each.plasticity for each in experiment.circuit.projections if each.compartment == "shunt"]
    assert shunts == [RunningVariance(7)] * (1 if rule is None else 2)
    assert load(write_config(tmp_path, config.text(), "effective.toml"))[1] == experiment


def test_one_phase_suffices():
    circuit = STANDARDISED.of(two_area(hidden=6), "free")
    compiled(circuit, one_phase(circuit), GradientLearning(), "torch_rate")
