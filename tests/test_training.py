"""Aims at a training loop that skips or repeats trials, learns from the test, or takes a broken number for a score."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bio_fa import (
    Adaptive,
    Covariance,
    GradientLearning,
    LocalLearning,
    Momentum,
    Narrow,
    Record,
    Scale,
    backends,
    one_phase,
    two_phase,
)
from bio_fa import training as training_module
from bio_fa.backends.arrays import ArraySimulation
from bio_fa.backends.base import Simulation
from bio_fa.errors import BackendError, DivergenceError
from bio_fa.learning import Switch
from bio_fa.losses import CrossEntropy
from bio_fa.observation import examine, record
from bio_fa.plasticity import Hebbian
from bio_fa.rules import Network
from bio_fa.rules.kolen_pollack import KolenPollack
from bio_fa.tasks import Digits, TeacherStudent
from bio_fa.training import Score, Training
from bio_fa.weights import Constant
from models.two_area import two_area
from tests.small import one_sentence, small_experiment
from tests.spiking import RATE_OUTPUT, spiking_circuit, spiking_experiment
from tests.tiny import chain_of, leaky


def small_training(**changes) -> Training:
    experiment = small_experiment(**changes)
    return Training(experiment, experiment.dataset())


def stimuli(training: Training, epoch: int) -> np.ndarray:
    """Return the stimuli of an epoch in the order in which they were learned from: (trial, input)."""
    seen = []
    learn = training.simulation.learn
    training.simulation.learn = lambda state: seen.append(np.asarray(state.inputs["input"])) or learn(state)
    list(training.epoch(epoch))
    training.simulation.learn = learn
    return np.concatenate(seen)


def rows(array: np.ndarray) -> list[tuple[float, ...]]:
    return sorted(map(tuple, array.tolist()))


def weights(training: Training) -> dict[str, np.ndarray]:
    return {name: synapses.w.copy() for name, synapses in training.parameters().items()}


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("batch", [1, 16, 30, 64, 1000])
def test_an_epoch_learns_from_every_training_trial_once_and_from_no_test_trial(batch):
    training = small_training(batch=batch)
    assert rows(stimuli(training, 1)) == rows(training.dataset.train.stimulus)


def test_each_epoch_has_an_order_of_its_own_that_the_seed_repeats():
    first, again, other = small_training(), small_training(), small_training(seed=5)
    orders = [stimuli(first, 1), stimuli(first, 2)]
    assert not np.array_equal(*orders)
    assert np.array_equal(stimuli(again, 2), orders[1])
    assert not np.array_equal(stimuli(other, 1), orders[0])


def test_trials_are_counted_and_scores_come_after_each_batch():
    training = small_training(batch=30)
    assert [score.trials for score in training.epoch(1)] == [30, 60, 64]
    assert training.trials == 64
    assert training.seconds > 0


def test_a_score_averages_over_trials_not_over_batches():
    score = Score()
    score.add(np.array([1.0, 2.0, 3.0]), np.eye(3), np.array([0, 1, 0]))
    score.add(np.array([8.0]), np.eye(3)[:1], np.array([0]))
    assert score.mean_loss == pytest.approx(14 / 4)
    assert score.error == pytest.approx(1 / 4)


def test_a_regression_has_no_error():
    score = Score()
    score.add(np.array([1.0]), np.zeros((1, 2)), None)
    assert score.error is None


def test_the_test_score_is_that_of_the_answers_to_the_test_in_the_free_phase():
    # The answers are the reference backend's, and the averages those of NumPy.
    training = small_training(task=Digits(train_trials=6, test_trials=4))
    test, free = training.dataset.test, training.protocol.phases[0]
    reference = backends.get("reference").compile(training.circuit, training.protocol, training.learning)
    state, _ = reference.run(reference.init(training.parameters()), free, {"input": test.stimulus, "output": test.target})
    output, score = reference.activity(state, "output", "free"), training.evaluate()
    assert score.trials == 4
    assert score.mean_loss == pytest.approx(CrossEntropy().per_trial(output, test.target).mean(), rel=1e-5)
    assert score.error == np.mean(output.argmax(1) != test.label)


def test_judging_and_comparing_teach_nothing():
    plain, watched = small_training(), small_training()
    list(plain.epoch(1))
    watched.evaluate(), watched.alignment(), list(record(watched)), examine(watched)
    list(watched.epoch(1))
    watched.evaluate(), watched.alignment(), list(record(watched)), examine(watched)
    assert same(weights(plain), weights(watched))
    assert plain.trials == watched.trials


def test_the_test_score_does_not_depend_on_how_many_trials_run_side_by_side(monkeypatch):
    training = small_training()
    whole = training.evaluate()
    monkeypatch.setattr(training_module, "EVALUATION_BATCH", 5)
    parts = training.evaluate()
    assert (whole.trials, whole.error) == (parts.trials, parts.error)
    assert whole.mean_loss == pytest.approx(parts.mean_loss, rel=1e-6)


def test_learning_lowers_the_loss():
    training = small_training(batch=8, epochs=20, task=Digits(train_trials=300, test_trials=200), circuit=two_area(hidden=60))
    before = training.evaluate().mean_loss
    for epoch in range(1, 21):
        list(training.epoch(epoch))
    assert training.evaluate().mean_loss < 0.8 * before


def test_the_output_learns_along_the_gradient_exactly():
    # At the output the error of the nudge is −∂L/∂I, so Δw = e rᵀ is the negative gradient itself: an angle of 0.
    found = small_training().alignment()
    assert found["V1_E_to_output"]["angle"] == pytest.approx(0, abs=0.1)
    assert found["V1_E_to_output"]["cosine"] == pytest.approx(1, abs=1e-5)


def test_alignment_is_told_for_every_plastic_projection_but_the_tonic_ones():
    assert set(small_training().alignment()) == {"input_to_V1_E", "V1_I_to_V1_E", "V1_E_to_output"}


def test_feedback_that_learns_has_no_gradient_to_be_compared_with():
    rule = KolenPollack()
    circuit = rule.circuit(Network(64, (6, 5), 10))
    found = small_training(circuit=circuit, protocol=rule.protocol(circuit)).alignment()
    assert set(found) == {"input_to_H1", "H1_to_H2", "H2_to_output"}
    assert found["H2_to_output"]["angle"] < 0.1


def test_the_gradient_is_not_compared_with_itself_nor_where_the_backend_has_none():
    assert small_training(learning=GradientLearning()).alignment() == {}
    assert small_training(backend=backends.get("reference"), task=Digits(train_trials=2, test_trials=1)).alignment() == {}


def learned(epochs: int, **changes) -> Training:
    training = small_training(epochs=epochs, **changes)
    for epoch in range(1, epochs + 1):
        list(training.epoch(epoch))
    return training


WAYS = {"local": LocalLearning(Adaptive(1e-2), horizon=3), "gradient": GradientLearning(Momentum(0.5))}


@pytest.mark.parametrize("first", WAYS)
@pytest.mark.parametrize("second", WAYS)
def test_a_switch_is_the_first_way_until_it_and_then_the_second_from_those_weights(first, second):
    """Bit for bit; by hand the second way starts with an update of its own."""
    circuit = two_area(hidden=10, plasticity=Covariance())
    changes = {"circuit": circuit, "protocol": two_phase(circuit)}
    later = replace(WAYS[second], update=Scale(0.3))
    switched = learned(3, learning=WAYS[first], switch=Switch(1, later), **changes)
    before, by_hand = learned(1, learning=WAYS[first], **changes), small_training(learning=later, **changes)
    by_hand.state = replace(by_hand.simulation.init(before.parameters(), 0), draws=before.state.draws)
    list(by_hand.epoch(2)), list(by_hand.epoch(3))
    assert same(weights(switched), weights(by_hand))
    assert not same(weights(switched), weights(learned(3, learning=WAYS[first], **changes)))


def test_a_switch_after_the_last_epoch_is_the_first_way_alone():
    switch = Switch(2, GradientLearning(Scale(0.3)))
    assert same(weights(learned(2, switch=switch)), weights(learned(2)))


def test_trials_keep_drawing_where_they_were_when_learning_switches():
    training = spiking_training(batch=8, switch=Switch(1, LocalLearning(Scale(0.1))))
    list(training.epoch(1))
    drawn = training.state.draws.number
    next(training.epoch(2))
    assert training.state.draws.number == drawn + 1


def test_updates_are_compared_with_the_gradient_until_learning_follows_it():
    training = small_training(switch=Switch(1, GradientLearning()))
    list(training.epoch(1))
    assert training.alignment()
    list(training.epoch(2))
    assert training.alignment() == {} and isinstance(training.learning, GradientLearning)


def spiking_training(**changes) -> Training:
    experiment = spiking_experiment(**changes)
    return Training(experiment, experiment.dataset())


def test_the_draws_of_a_trial_come_from_the_experiments_seed():
    first, again, other = (spiking_training(seed=seed) for seed in (3, 3, 4))
    assert (first.state.draws.seed, other.state.draws.seed) == (3, 4)
    for each in (first, again, other):
        list(each.epoch(1))
    assert same(weights(first), weights(again))
    assert not same(weights(first), weights(other))


def test_every_training_trial_has_draws_of_its_own():
    training, numbers = spiking_training(batch=8), []
    learn = training.simulation.learn
    training.simulation.learn = lambda state: numbers.append(state.draws.number) or learn(state)
    list(training.epoch(1)), training.evaluate(), list(training.epoch(2))
    assert numbers == list(range(8))


def test_test_trials_with_spikes_have_the_same_draws_in_every_evaluation():
    training = spiking_training()
    assert training.evaluate() == training.evaluate()


@pytest.mark.parametrize(("make", "largest"), [(small_training, 500), (lambda **how: spiking_training(**how), 100)])
def test_fewer_trials_with_spikes_run_side_by_side_than_of_rates(monkeypatch, make, largest):
    training, sizes = make(task=Digits(train_trials=8, test_trials=250)), []
    run = training.simulation.run
    monkeypatch.setattr(training.simulation, "run", lambda *given: sizes.append(len(given[2]["input"])) or run(*given))
    training.evaluate()
    assert sum(sizes) == 250
    assert max(sizes) == min(largest, 250)


def test_updates_by_spikes_are_compared_with_the_gradient_of_the_same_spikes():
    """With surrogate gradients the output's update is far from random: 90° by chance, give or take a few."""
    found = spiking_training(circuit=spiking_circuit(others=RATE_OUTPUT), task=Digits(train_trials=64, test_trials=8)).alignment()
    assert set(found) == {"input_to_V1_E", "V1_I_to_V1_E", "V1_E_to_output"}
    row = found["V1_E_to_output"]
    assert row["angle"] < row["null_mean"] - 3 * row["null_sd"]


def test_updates_and_gradient_are_those_of_the_same_draws(monkeypatch):
    training, drawn = spiking_training(), []
    for simulation in (training.simulation, training._gradient):
        deltas = simulation.deltas
        monkeypatch.setattr(simulation, "deltas", lambda state, deltas=deltas: drawn.append(state.draws) or deltas(state))
    training.alignment()
    assert drawn[0] == drawn[1]
    assert len(drawn) == 2


def test_a_backend_without_a_gradient_says_why_updates_are_not_compared():
    plain = small_training(backend=backends.get("reference"), task=Digits(train_trials=2, test_trials=1))
    assert plain.skipped == {"update_alignment": "reference: it has no gradient; use torch_rate."}
    assert small_training().skipped == small_training(learning=GradientLearning()).skipped == {}


def test_potentials_that_a_backend_does_not_keep_are_refused_before_the_first_trial(monkeypatch):
    monkeypatch.setattr(ArraySimulation, "probe", Simulation.probe)
    with pytest.raises(BackendError, match="torch_spiking keeps no potentials to record; set record.potentials to 0"):
        spiking_training(record=Record(potentials=2))
    spiking_training(record=Record(trials=0, potentials=2))


@pytest.mark.parametrize("learning", [LocalLearning(Scale(1e30)), GradientLearning(Scale(1e30))])
def test_a_circuit_that_diverges_stops_with_the_trial_the_projection_and_advice(learning):
    training = small_training(learning=learning)
    with pytest.raises(DivergenceError) as caught:
        for epoch in range(1, 20):
            list(training.epoch(epoch))
    sentence = one_sentence(f"bio-fa: {caught.value}\n")
    assert f"trial {training.trials}: " in sentence
    assert any(each.name in sentence for each in training.circuit.projections)
    assert "lower the learning rate" in sentence


def test_weights_that_are_not_finite_stop_the_test_instead_of_making_a_score():
    training = small_training()
    training.state.weights["V1_E_to_output"][0, 0] = float("nan")
    with pytest.raises(DivergenceError, match="trial 0: the weights of V1_E_to_output stopped being finite"):
        training.evaluate()


def test_what_breaks_beside_the_answer_is_found_by_the_end_of_the_epoch():
    # Feedback reaches the answer only through learning; with one batch there is no later answer in this epoch.
    training = small_training(batch=64)
    training.state.weights["V1_FE_to_V1_E"][0, 0] = float("nan")
    with pytest.raises(DivergenceError, match="trial 64: the weights of"):
        list(training.epoch(1))


@pytest.mark.filterwarnings("error")
def test_a_loss_that_is_not_finite_is_no_score_though_every_activity_is():
    # (10²⁵)² is beyond single precision, 3.4 · 10³⁸.
    circuit = chain_of(leaky("a", 3), leaky("b", 2), weights=Constant(1e25), plasticity=Hebbian())
    task = TeacherStudent(inputs=3, outputs=2, trials=4, test=4)
    training = small_training(circuit=circuit, protocol=one_phase(circuit), task=task)
    with pytest.raises(DivergenceError, match="trial 0: the squared_error of 'b' is not finite"):
        training.evaluate()


def test_a_sane_circuit_of_the_same_shape_has_a_score():
    circuit = chain_of(leaky("a", 3), leaky("b", 2), weights=Narrow(), plasticity=Hebbian())
    task = TeacherStudent(inputs=3, outputs=2, trials=4, test=4)
    assert np.isfinite(small_training(circuit=circuit, protocol=one_phase(circuit), task=task).evaluate().mean_loss)
