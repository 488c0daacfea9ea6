"""Aims at a training loop that skips or repeats trials, learns from the test, or takes a broken number for a score."""

from __future__ import annotations

import numpy as np
import pytest

from bio_fa import GradientLearning, LocalLearning, Narrow, Record, Scale, backends, one_phase, two_phase
from bio_fa import training as training_module
from bio_fa.errors import DivergenceError
from bio_fa.losses import CrossEntropy
from bio_fa.plasticity import Hebbian
from bio_fa.tasks import Digits, TeacherStudent
from bio_fa.training import Score, Training
from bio_fa.weights import Constant
from models.two_area import two_area
from tests.small import one_sentence, small_experiment
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
    watched.evaluate(), watched.alignment(), list(watched.record())
    list(watched.epoch(1))
    watched.evaluate(), watched.alignment(), list(watched.record())
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


def test_the_gradient_is_not_compared_with_itself_nor_where_the_backend_has_none():
    assert small_training(learning=GradientLearning()).alignment() == {}
    assert small_training(backend=backends.get("reference"), task=Digits(train_trials=2, test_trials=1)).alignment() == {}


def test_the_first_test_trials_are_recorded_in_every_phase_by_population():
    training = small_training(record=Record(trials=20))
    ((batch, frames),) = training.record()
    assert batch.trial.tolist() == list(range(20))
    assert list(frames) == ["free", "nudged"]
    for each in training.circuit.populations:
        assert frames["free"][each.name].shape == (1, 20, each.size)
    np.testing.assert_array_equal(frames["free"]["input"][0], training.dataset.test.stimulus[:20])


def test_only_what_was_asked_for_is_recorded_and_phases_with_a_duration_by_their_stride():
    circuit = two_area(hidden=10)
    protocol = two_phase(circuit, duration=0.02, dt=1e-3)
    training = small_training(record=Record(("output",), ("nudged",), trials=3, stride=6), protocol=protocol)
    ((_, frames),) = training.record()
    assert list(frames) == ["nudged"]
    assert {name: values.shape for name, values in frames["nudged"].items()} == {"output": (20 // 6, 3, 10)}


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
