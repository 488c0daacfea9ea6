"""Aims at records of other trials, phases or neurons than asked for, that contradict the scores, or that teach something."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bio_fa import observation, two_phase
from bio_fa.draws import Draws
from bio_fa.neurons import LIF
from bio_fa.observation import Observed, Observer, examine, record
from bio_fa.plasticity import PairSTDP
from bio_fa.recorder import Record
from bio_fa.tasks import Digits
from bio_fa.training import Training
from models.two_area import two_area
from tests.small import small_experiment
from tests.spiking import RATE_OUTPUT, short, spiking_circuit, spiking_experiment


def training(spiking: bool = True, **changes) -> Training:
    experiment = (spiking_experiment if spiking else small_experiment)(**changes)
    return Training(experiment, experiment.dataset())


def raster(observed: Observed, phase: str, name: str, steps: int, neurons: int) -> np.ndarray:
    """Return recorded spikes as 0 and 1, (step, trial, neuron)."""
    spikes = np.zeros((steps, len(observed.batch.trial), neurons))
    spikes[tuple(observed.spikes[phase][name].T)] = 1
    return spikes


def test_the_first_test_trials_are_recorded_in_every_phase_by_population():
    made = training(spiking=False, record=Record(trials=20))
    (observed,) = record(made)
    assert observed.batch.trial.tolist() == list(range(20))
    assert list(observed.frames) == ["free", "nudged"]
    for each in made.circuit.populations:
        assert observed.frames["free"][each.name].shape == (1, 20, each.size)
    np.testing.assert_array_equal(observed.frames["free"]["input"][0], made.dataset.test.stimulus[:20])


def test_only_what_was_asked_for_is_recorded_and_phases_with_a_duration_by_their_stride():
    circuit = two_area(hidden=10)
    protocol = two_phase(circuit, duration=0.02, dt=1e-3)
    wanted = Record(("output",), ("nudged",), trials=3, stride=6)
    (observed,) = record(training(spiking=False, circuit=circuit, record=wanted, protocol=protocol))
    assert list(observed.frames) == ["nudged"]
    assert {name: values.shape for name, values in observed.frames["nudged"].items()} == {"output": (20 // 6, 3, 10)}


def test_without_a_stride_rates_are_recorded_in_every_step():
    circuit = two_area(hidden=10)
    made = training(spiking=False, circuit=circuit, record=Record(trials=3), protocol=two_phase(circuit, duration=0.02, dt=1e-3))
    (observed,) = record(made)
    assert observed.frames["free"]["V1_E"].shape == (20, 3, 10)


def test_only_the_spikes_of_recorded_populations_and_phases_are_kept():
    (observed,) = record(training(record=Record(("V1_E", "input"), ("nudged",), trials=4)))
    assert {phase: set(fired) for phase, fired in observed.spikes.items()} == {"nudged": {"V1_E", "input"}}
    (observed,) = record(training(record=Record(trials=4, spikes=False)))
    assert observed.spikes == {"free": {}, "nudged": {}}


@pytest.mark.parametrize("stride", [None, 10])
def test_the_recorded_activity_of_a_window_is_its_spikes_over_those_at_unit_rate(stride):
    """r = n / (ν₁ T): the last of two frames of 10 ms, or the one frame, is the window of 10 ms."""
    made = training(record=Record(trials=16, stride=stride))
    (observed,) = record(made)
    for phase in ("free", "nudged"):
        for each in made.circuit.populations:
            counts = raster(observed, phase, each.name, 20, each.size)[10:].sum(axis=0)
            np.testing.assert_allclose(observed.frames[phase][each.name][-1], counts / (100.0 * 10e-3), rtol=1e-5)
    assert sum(len(spikes) for fired in observed.spikes.values() for spikes in fired.values()) > 1000


def test_frames_of_a_stride_average_the_spikes_of_its_steps():
    made = training(record=Record(("V1_E",), trials=4, stride=5))
    (observed,) = record(made)
    counts = raster(observed, "free", "V1_E", 20, 10).reshape(4, 5, 4, 10).sum(axis=1)
    np.testing.assert_allclose(observed.frames["free"]["V1_E"], counts / (100.0 * 5e-3), rtol=1e-5)


def test_the_recorded_answers_are_those_that_were_scored():
    """With as many recorded trials as run side by side in the test, draws and so answers are the same."""
    made = training(record=Record(trials=16), circuit=spiking_circuit(others=RATE_OUTPUT))
    score, (observed,) = made.evaluate(), record(made)
    (output,) = observed.frames["free"]["output"]
    losses = made.experiment.loss.per_trial(output, observed.batch.target)
    assert score.mean_loss == pytest.approx(losses.mean(), rel=1e-5)
    assert score.error == np.mean(output.argmax(axis=1) != observed.batch.label)


def test_observing_moves_neither_weights_nor_the_draws_of_learning():
    plain, watched = training(record=Record(trials=8, potentials=2)), training(record=Record(trials=8, potentials=2))
    for each in (plain, watched):
        list(each.epoch(1))
        if each is watched:
            each.evaluate(), examine(each), list(record(each)), each.alignment()
        list(each.epoch(2))
    assert plain.state.draws == watched.state.draws
    for name, synapses in plain.parameters().items():
        np.testing.assert_array_equal(synapses.w, watched.parameters()[name].w)


def test_every_observation_has_the_same_draws_so_that_only_learning_changes_it():
    made = training()
    (first,), (again,) = record(made), record(made)
    assert all(np.array_equal(first.spikes["free"][name], again.spikes["free"][name]) for name in first.spikes["free"])
    assert examine(made) == examine(made)


def test_the_draws_of_observation_are_none_of_those_of_learning():
    made = training()
    learning = made.state.draws
    with made.aside():
        aside = made.state.draws
    assert isinstance(learning, Draws)
    assert aside.number > 10**9 > learning.number
    assert made.state.draws == learning


def test_potentials_are_those_of_the_first_trials_and_neurons_at_every_step():
    made = training(record=Record(trials=16, potentials=4))
    observed = next(record(made))
    assert {name: values.shape for name, values in observed.potentials["potential"]["free"].items()} == {
        "V1_E": (20, 3, 4),
        "V1_I": (20, 3, 2),
        "V1_FE": (20, 3, 4),
        "V1_FI": (20, 3, 4),
        "output": (20, 3, 4),
    }


def test_potentials_belong_to_the_spikes_that_are_recorded_with_them():
    """After the step of a spike the potential is at reset, 0, and elsewhere it is not."""
    made = training(record=Record(trials=16, potentials=10))
    observed = next(record(made))
    for phase in ("free", "nudged"):
        fired = raster(observed, phase, "V1_E", 20, 10)[:, :3] > 0
        assert fired.any()
        np.testing.assert_array_equal(observed.potentials["potential"][phase]["V1_E"] == 0, fired)
        assert (observed.potentials["potential"][phase]["V1_E"] <= 1).all()


def test_the_potentials_of_a_phase_go_on_where_the_phase_before_left_them():
    slow = LIF(tau=10.0, unit_rate=1e-3)
    made = training(record=Record(trials=3, potentials=5), circuit=spiking_circuit(neuron=slow))
    observed = next(record(made))
    free, nudged = (observed.potentials["potential"][phase]["V1_FE"] for phase in ("free", "nudged"))
    np.testing.assert_allclose(nudged[0], free[-1], rtol=2e-3, atol=1e-4)
    assert np.ptp(free[-1]) > 0.1, "neurons differ, so that order is seen"


def test_potentials_of_rate_neurons_are_their_u_also_where_they_settle():
    (observed,) = record(training(spiking=False, record=Record(trials=5, potentials=3)))
    potentials, activity = observed.potentials["potential"]["free"]["V1_E"], observed.frames["free"]["V1_E"]
    assert potentials.shape == (1, 3, 3)
    np.testing.assert_allclose(np.maximum(potentials, 0), activity[:, :3, :3], rtol=1e-6)


def test_recording_potentials_changes_nothing_else(monkeypatch):
    (without,), (beside,) = (record(training(record=Record(trials=16, potentials=n))) for n in (0, 3))
    for phase in ("free", "nudged"):
        for name, spikes in without.spikes[phase].items():
            np.testing.assert_array_equal(spikes, beside.spikes[phase][name])
            np.testing.assert_allclose(without.frames[phase][name], beside.frames[phase][name], rtol=1e-6)


def test_many_frames_are_taken_in_batches_that_stay_in_memory(monkeypatch):
    made = training(record=Record(trials=16, stride=1, potentials=2))
    monkeypatch.setattr(observation, "FRAME_NUMBERS", 7 * 40 * 96)
    batches = list(record(made))
    assert [len(each.batch.trial) for each in batches] == [7, 7, 2]
    assert [bool(each.potentials) for each in batches] == [True, False, False]


def test_the_first_test_trials_are_examined_in_every_phase():
    made = training(task=Digits(train_trials=8, test_trials=150))
    assert examine(made).trials == 100
    assert examine(training()).trials == 16


def test_the_examined_trials_are_counted_as_they_are_recorded():
    """The spikes of the same trials, counted in the record synapse by synapse."""
    made = training(record=Record(trials=16))
    (observed,), found = record(made), examine(made).spiking
    masks = {each.name: made.parameters()[each.name].mask for each in made.circuit.projections}
    spikes = {phase: sum(len(each) for each in fired.values()) for phase, fired in observed.spikes.items()}
    events = {"free": 0, "nudged": 0}
    for phase, fired in observed.spikes.items():
        for each in made.circuit.projections:
            if each.pre in fired:
                events[phase] += sum(int(masks[each.name][:, neuron].sum()) for _, _, neuron in fired[each.pre])
    assert found["test"]["spikes"] == spikes["free"] / 16
    assert found["learning"]["spikes"] == pytest.approx((spikes["free"] + spikes["nudged"]) / 16)
    assert found["test"]["synaptic_events"] == pytest.approx(events["free"] / 16)
    assert found["learning"]["synaptic_events"] == pytest.approx((events["free"] + events["nudged"]) / 16)
    assert found["test"]["rate"] == pytest.approx(spikes["free"] / 16 / 0.02 / 96)
    assert found["rates"]["V1_E"] == pytest.approx(len(observed.spikes["free"]["V1_E"]) / 16 / 0.02 / 10)


def test_a_circuit_of_rates_is_examined_without_spikes():
    found = examine(training(spiking=False))
    assert found.spiking is None
    assert set(found.liveness) == {"V1_E", "V1_I", "V1_FE", "V1_FI", "output"}


def test_the_phases_of_unequal_length_are_recorded_with_a_stride():
    circuit = spiking_circuit()
    free, nudged = short(circuit).phases
    unequal = replace(short(circuit), phases=(free, replace(nudged, duration=0.04)))
    made = training(circuit=circuit, protocol=unequal, record=Record(trials=4, stride=10))
    (observed,) = record(made)
    assert [len(observed.frames[phase]["V1_E"]) for phase in ("free", "nudged")] == [2, 4]


def watched(made: Training, every: int = 1) -> list[Observed]:
    """Learn for an epoch; return what was observed of every so many'th batch."""
    seen, found = [None], []

    def watch(place, batch):
        seen[0] = Observer(made, batch, learns=True) if place % every == 0 else None
        return seen[0] and seen[0].run

    for _ in made.epoch(1, watch=watch):
        found += [seen[0].observed()] if seen[0] else []
    return found


@pytest.mark.parametrize("spiking", [False, True])
def test_learning_trials_that_are_watched_teach_what_they_teach_unwatched_to_the_last_bit(spiking):
    plain, seen = training(spiking=spiking), training(spiking=spiking)
    list(plain.epoch(1))
    assert len(watched(seen)) > 1
    for name, synapses in plain.parameters().items():
        np.testing.assert_array_equal(synapses.w, seen.parameters()[name].w)


@pytest.mark.parametrize("spiking", [False, True])
def test_what_was_observed_of_a_batch_stays_as_it_was_while_others_are_learned(spiking):
    """One by one, each batch is copied at once; all together, they are read after the epoch."""

    def copied(observed: Observed) -> dict[str, np.ndarray]:
        return {f"{phase}/{name}": each.copy() for phase, kept in observed.frames.items() for name, each in kept.items()}

    late = [copied(each) for each in watched(training(spiking=spiking))]
    made, soon, seen = training(spiking=spiking), [], [None]

    def watch(place, batch):
        seen[0] = Observer(made, batch, learns=True)
        return seen[0].run

    for _ in made.epoch(1, watch=watch):
        soon.append(copied(seen[0].observed()))
    for one, other in zip(late, soon, strict=True):
        for key in one:
            np.testing.assert_array_equal(one[key], other[key], err_msg=key)


def test_a_recorded_learning_trial_is_the_one_that_was_scored():
    made, losses = training(spiking=False), []
    seen = watched(made)
    again = training(spiking=False)
    for observed, score in zip(seen, again.epoch(1), strict=True):
        (output,) = observed.frames["free"]["output"]
        losses.append(made.experiment.loss.per_trial(output, observed.batch.target).sum())
        assert score.loss == pytest.approx(sum(losses), rel=1e-6)


def test_the_recorded_error_is_the_difference_of_activities_that_rules_sense():
    made = training(spiking=False, record=Record(trials=20, variables=("error",)))
    (observed,) = record(made)
    assert set(observed.variables["error"]) == {"nudged"}
    assert observed.variables["error"]["nudged"].keys() == {each.post for each in made.circuit.plastic if each.error is not None}
    for name, error in observed.variables["error"]["nudged"].items():
        difference = observed.frames["nudged"][name] - observed.frames["free"][name]
        np.testing.assert_allclose(error, difference, atol=1e-6)
        assert np.abs(error).max() > 0


def test_recorded_feedback_is_what_apical_synapses_add_to_the_current():
    """γ P (r_FE − r_FE of the phase that balances it): summed here from weights and recorded activities."""
    made = training(spiking=False, record=Record(trials=20, variables=("feedback",)))
    (observed,) = record(made)
    circuit, weights = made.circuit, made.parameters()
    for name, found in observed.variables["feedback"]["nudged"].items():
        apical, terms = circuit.population(name).apical, []
        for each in circuit.onto(name, "apical"):
            change = observed.frames["nudged"][each.pre] - observed.frames["free"][each.pre]
            terms.append((circuit.sign(each) or 1) * change @ weights[each.name].w.T)
        np.testing.assert_allclose(found, apical.gain * sum(terms), atol=1e-6)
        assert np.abs(found).max() > 0
        assert not observed.variables["feedback"]["free"][name].any(), "in the phase that balances it there is none"


def test_recorded_traces_are_filtered_spikes():
    """dx/dt = −x / τ + S(t), summed here spike by spike."""
    circuit = spiking_circuit()
    learned = replace(circuit.projection("input_to_V1_E"), plasticity=PairSTDP(), error=None)
    circuit = replace(circuit, projections=tuple(learned if each.name == learned.name else each for each in circuit.projections))
    made = training(circuit=circuit, record=Record(trials=4, variables=("trace",)))
    (observed,) = record(made)
    assert observed.variables["trace"]["free"]
    for each in Record().variable_list("trace", circuit):
        spikes, decay = raster(observed, "free", each.name, 20, each.size), 1 - 1e-3 / each.neuron.trace_tau
        expected = sum(spikes[step] * decay ** (19 - step) for step in range(20))
        np.testing.assert_allclose(observed.variables["trace"]["free"][each.name][0], expected, atol=1e-5)
