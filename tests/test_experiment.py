"""Aims at parts that do not fit each other and would run all the same: another size, a missing phase, a given answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from bio_fa import LIF, GradientLearning, Nudge, Phase, PoissonSource, Protocol, Record, Settle, backends, one_phase, two_phase
from bio_fa.errors import BackendError, BioFAError, DescriptionError
from bio_fa.experiment import load_dataset
from bio_fa.learning import LocalLearning, Switch
from bio_fa.losses import CrossEntropy
from bio_fa.tasks import Digits, TeacherStudent
from models.two_area import two_area
from tests.small import one_sentence, small_experiment

FREE, NUDGED = two_phase(two_area()).phases


def refused(**changes) -> str:
    """Return the sentence with which an experiment with these changes is refused."""
    return refused_sentence(lambda: small_experiment(**changes))


def refused_sentence(make: Callable[[], object]) -> str:
    with pytest.raises(BioFAError) as caught:
        make()
    return one_sentence(f"bio-fa: {caught.value}\n")


@pytest.mark.parametrize("changes", [{"seed": -1}, {"epochs": 0}, {"batch": 0}, {"snapshots": -1}])
def test_counts_below_their_least_are_refused(changes):
    assert f"{next(iter(changes))} = " in refused(**changes)


def test_a_phase_that_clamps_or_nudges_what_the_task_has_no_values_for_is_refused():
    clamped = Protocol((replace(FREE, clamp=("input", "V1_FE")), NUDGED))
    assert "'V1_FE' would be clamped or nudged" in refused(protocol=clamped)
    nudged = Protocol((FREE, replace(NUDGED, nudge=(Nudge("V1_E"),))))
    assert "'V1_E' would be clamped or nudged" in refused(protocol=nudged)


def test_a_first_phase_that_is_told_the_answer_is_refused():
    # The error is read in the first phase: a target given there would make every answer right.
    protocol = Protocol((Phase("free", ("input",), (Nudge("output"),)), NUDGED))
    assert "'output' is given its target there" in refused(protocol=protocol)
    protocol = Protocol((Phase("free", ("input", "output")), replace(NUDGED, hold=(), nudge=())))
    assert "'output' is given its target there" in refused(protocol=protocol)


def test_local_rules_that_sense_a_second_phase_need_one_and_the_gradient_does_not():
    assert "no phase is called 'nudged'" in refused(protocol=one_phase(two_area(hidden=10)))
    small_experiment(protocol=one_phase(two_area(hidden=10)), learning=GradientLearning())


def test_a_switch_beyond_the_last_epoch_is_refused():
    assert "switch.after = 3 came, but there are 2 epochs" in refused(switch=Switch(3, GradientLearning()))
    assert "after = 0 is not allowed" in refused_sentence(lambda: Switch(0, GradientLearning()))


def test_what_learning_switches_to_must_fit_as_well():
    circuit = two_area(hidden=10)
    first = {"protocol": one_phase(circuit), "learning": GradientLearning()}
    assert "no phase is called 'nudged'" in refused(**first, switch=Switch(1, LocalLearning()))
    assert "it has no gradient" in refused(backend=backends.get("reference"), switch=Switch(1, GradientLearning()))
    small_experiment(backend=backends.get("reference"), switch=Switch(2, GradientLearning()))


def test_the_ways_to_learn_are_those_of_the_epochs_that_there_are():
    gradient = GradientLearning()
    switched = small_experiment(epochs=5, switch=Switch(3, gradient))
    assert [switched.learning_in(epoch).kind()[:5] for epoch in range(1, 6)] == ["local"] * 3 + ["gradi"] * 2
    assert switched.ways == (LocalLearning(), gradient)
    assert small_experiment(epochs=3, switch=Switch(3, gradient)).ways == (LocalLearning(),)


def test_a_circuit_that_learns_needs_a_plastic_phase():
    assert "no phase is plastic" in refused(protocol=Protocol((FREE, replace(NUDGED, plastic=False))))


def test_a_time_step_longer_than_a_time_constant_is_refused():
    assert "dt = 0.05 s is longer than tau = 0.02 s of" in refused(protocol=two_phase(two_area(hidden=10), duration=0.5, dt=0.05))


def test_a_population_that_the_circuit_lacks_is_refused():
    assert "did you mean 'output'" in refused(protocol=Protocol((FREE, replace(NUDGED, nudge=(Nudge("outputs"),)))))


def test_what_the_backend_cannot_simulate_is_refused_before_anything_runs():
    circuit = two_area(hidden=10).with_neurons(LIF(), source=PoissonSource())
    protocol = two_phase(circuit, duration=0.1, window=0.05)
    with pytest.raises(BackendError, match="torch_rate cannot run 'two_area': 'input' has neurons of kind poisson_source"):
        small_experiment(circuit=circuit, protocol=protocol)


def test_a_record_of_what_does_not_exist_is_refused():
    assert "no population is called 'V2_E'" in refused(record=Record(populations=("V2_E",)))
    assert "no phase is called 'nudge'; did you mean 'nudged'" in refused(record=Record(phases=("nudge",)))


@pytest.mark.parametrize(("sizes", "role"), [({"inputs": 63}, "input"), ({"outputs": 9}, "output")])
def test_a_circuit_of_another_size_than_the_data_is_refused_with_the_size_to_give(sizes, role):
    experiment = small_experiment(circuit=two_area(hidden=10, **sizes))
    with pytest.raises(DescriptionError, match=f"the {role} population '{role}' has {next(iter(sizes.values()))} neurons; give it"):
        experiment.dataset()


@pytest.mark.parametrize(
    ("task", "sizes"),
    [(Digits(train_trials=5, test_trials=3), (64, 10, 10)), (TeacherStudent(inputs=7, outputs=2, trials=5, test=3), (7, 10, 2))],
    ids=["digits", "teacher"],
)
def test_the_data_have_the_sizes_that_the_task_names(task, sizes):
    dataset = small_experiment(task=task, circuit=two_area(*sizes)).dataset()
    assert (len(dataset.train), len(dataset.test)) == (5, 3)


def test_softening_draws_training_targets_to_their_mean_and_leaves_the_test_alone():
    # (1 − s) t + s ⟨t⟩ of a one-hot target among ten: 1 − 0.9 s and 0.1 s.
    dataset = load_dataset(Digits(softening=0.2), 3)
    assert np.unique(dataset.train.target) == pytest.approx([0.02, 0.82])
    assert np.unique(dataset.test.target).tolist() == [0.0, 1.0]


def test_an_experiment_names_the_source_of_every_part_once():
    sources = small_experiment().sources()
    assert len(sources) == len(set(sources))
    for part in ("ThreeFactor", "Nudge", "Adaptive", "Digits", "DivisiveNormalisation", "ActivityDifference"):
        assert any(line.startswith(f"{part}: Source:") for line in sources), part


def test_the_loss_is_that_of_the_output_population():
    assert small_experiment().loss == CrossEntropy()


def test_an_experiment_survives_its_table():
    experiment = small_experiment(record=Record(trials=3), protocol=Protocol((replace(FREE, settle=Settle(1e-6)), NUDGED)))
    assert type(experiment).from_table(experiment.to_table()) == experiment


def test_learning_trials_cannot_be_recorded_in_a_phase_that_they_do_not_have():
    """By gradient, only the first phase of a trial runs."""
    record = Record(phases=("nudged",), learning=1)
    small_experiment(record=record)
    with pytest.raises(DescriptionError, match="recorded in nudged, but where learning is gradient_learning they have free only"):
        small_experiment(record=record, learning=GradientLearning())
