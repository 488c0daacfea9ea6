"""Aims at runs that start from other weights than they say, from weights that break their constraints, or from half a run."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from bio_fa import GradientLearning, Scale, WeightNorm, backends, run
from bio_fa.analysis import inspect_run
from bio_fa.circuit import Circuit
from bio_fa.errors import BioFAError
from bio_fa.experiment import Experiment
from bio_fa.learning import LocalLearning, Switch
from bio_fa.rules import LearningRule, Network
from bio_fa.rules.backpropagation import Backpropagation
from bio_fa.rules.feedback_alignment import FeedbackAlignment
from models.two_area import two_area
from tests.small import one_sentence, small_experiment, snapshots
from tests.tiny import with_constraints


def network(rule: LearningRule, hidden: tuple[int, ...] = (6, 5), **changes) -> Experiment:
    """Return a small experiment with a learning rule of the literature."""
    circuit = rule.circuit(Network(64, hidden, 10))
    return small_experiment(circuit=circuit, protocol=rule.protocol(circuit), **changes)


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    return run(small_experiment(), tmp_path_factory.mktemp("beginning") / "finished")


@pytest.fixture(scope="module")
def aligned(tmp_path_factory) -> Path:
    return run(network(FeedbackAlignment()), tmp_path_factory.mktemp("beginning") / "aligned")


def refusal(experiment: Experiment) -> str:
    """Return the sentence with which a beginning is refused."""
    with pytest.raises(BioFAError) as caught:
        experiment.beginning()
    return one_sentence(f"bio-fa: {caught.value}\n")


def told(folder: Path) -> dict:
    return json.loads((folder / "run.json").read_text(encoding="utf-8"))


def test_without_a_run_all_synapses_are_drawn(finished):
    start = small_experiment().beginning()
    assert start.origin is None
    for name, synapses in small_experiment().circuit.sample(0).items():
        np.testing.assert_array_equal(start.parameters[name].w, synapses.w)


def test_a_run_of_the_same_circuit_goes_on_where_the_finished_one_ended(finished, tmp_path):
    went_on = run(small_experiment(start=str(finished), epochs=1), tmp_path / "went_on")
    before, after = snapshots(finished)["final"], snapshots(went_on)["initial"]
    assert before.keys() == after.keys()
    for name, w in before.items():
        np.testing.assert_array_equal(after[name], w)
    assert told(went_on)["start"] == {
        "name": "small", "model": "two_area", "learning": "local", "taken": list(before), "drawn": [],
    }  # fmt: skip


def test_another_rule_takes_what_it_shares_and_feedback_that_is_tied_follows_it(aligned):
    found = network(Backpropagation(), start=str(aligned)).beginning()
    final = snapshots(aligned)["final"]
    for name in ("input_to_H1", "H1_to_H2", "H2_to_output"):
        np.testing.assert_array_equal(found.parameters[name].w, final[name])
    np.testing.assert_array_equal(found.parameters["H2_to_H1"].w, final["H1_to_H2"].T)


def test_projections_of_another_shape_are_drawn_and_the_record_says_which(aligned):
    experiment = network(FeedbackAlignment(), (6, 4), start=str(aligned))
    found, final, drawn = experiment.beginning(), snapshots(aligned)["final"], experiment.circuit.sample(0)
    assert set(found.origin["taken"]) == {"input_to_H1", "tonic_to_H1", "tonic_to_output"}
    for name, synapses in found.parameters.items():
        expected = final[name] if name in found.origin["taken"] else drawn[name].w
        np.testing.assert_array_equal(synapses.w, expected)
    assert {*found.origin["taken"], *found.origin["drawn"]} == set(drawn)


def unsigned(circuit: Circuit) -> Circuit:
    areas = (each.map(lambda one: replace(one, sign=None)) for each in circuit.areas)
    return replace(circuit, areas=tuple(areas))


@pytest.mark.parametrize(
    "changes",
    [{"seed": 5}, {"circuit": unsigned(two_area(hidden=10))}, {"circuit": two_area(hidden=30)}],
    ids=["other synapses", "other signs", "other shapes"],
)
def test_a_run_of_which_no_projection_between_populations_fits_is_refused(finished, changes):
    assert "has the name, sign and synapses of one of its own" in refusal(small_experiment(start=str(finished), **changes))


def test_constraints_of_the_new_circuit_hold_of_old_weights(aligned):
    experiment = network(FeedbackAlignment(), start=str(aligned))
    experiment = replace(experiment, circuit=with_constraints(experiment.circuit, WeightNorm(0.5)))
    w = experiment.beginning().parameters["H1_to_H2"].w
    np.testing.assert_allclose(np.linalg.norm(w, axis=1), 0.5, rtol=1e-12)


def copy(folder: Path, place: Path, **changes) -> Path:
    """Return a copy of a run in whose ``run.json`` some keys differ; None takes a key away."""
    shutil.copytree(folder, place)
    table = {key: each for key, each in {**told(folder), **changes}.items() if each is not None}
    (place / "run.json").write_text(json.dumps(table), encoding="utf-8")
    return place


def test_a_run_that_has_not_finished_is_refused(finished, tmp_path):
    folder = copy(finished, tmp_path / "stopped", status="diverged")
    assert "the run is diverged; start from one that is finished" in refusal(small_experiment(start=str(folder)))


def test_a_folder_that_does_not_say_what_ran_is_refused(finished, tmp_path):
    folder = copy(finished, tmp_path / "silent", learning=None)
    assert "does not say what ran" in refusal(small_experiment(start=str(folder)))
    (folder / "run.json").write_text("[1]", encoding="utf-8")
    assert "does not say what ran" in refusal(small_experiment(start=str(folder)))


def test_a_folder_without_a_run_is_refused(tmp_path):
    assert "holds no run" in refusal(small_experiment(start=str(tmp_path)))


def test_weights_that_are_damaged_are_refused(finished, tmp_path):
    folder = copy(finished, tmp_path / "damaged")
    (folder / "weights.h5").write_bytes((folder / "weights.h5").read_bytes()[:3000])
    assert "weights.h5" in refusal(small_experiment(start=str(folder)))


def test_weights_that_are_no_numbers_are_refused_before_the_first_trial(finished, tmp_path):
    folder = copy(finished, tmp_path / "broken")
    with h5py.File(folder / "weights.h5", "r+") as file:
        file["snapshots/final/V1_E_to_output"][0, :] = np.nan
    with pytest.raises(BioFAError, match="V1_E_to_output"):
        run(small_experiment(start=str(folder)), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("ways", "expected"),
    [
        (["local"], "local"),
        (["local", "gradient"], "local, then gradient"),
        (["gradient", "local"], "gradient, then local"),
    ],
)
@pytest.mark.parametrize("how", ["switch", "start"])
def test_the_record_says_all_ways_in_which_weights_were_learned(tmp_path, ways, expected, how):
    known = {"local": LocalLearning(Scale(0.1)), "gradient": GradientLearning(Scale(0.1))}
    first, *rest = [known[way] for way in ways]
    if how == "switch":
        switch = Switch(1, rest[0]) if rest else None
        folder = run(small_experiment(learning=first, switch=switch), tmp_path / "run")
    else:
        folder = run(small_experiment(learning=first, epochs=1), tmp_path / "first")
        later = [run(small_experiment(learning=each, start=str(folder), epochs=1), tmp_path / "later") for each in rest]
        folder = later[-1] if later else folder
    found = inspect_run(folder)
    assert found["learning"] == expected
    assert found["audit"]["weight_transport"]["detected"] is ("gradient" in ways)


def test_feedback_that_an_earlier_run_aligned_is_not_taken_for_a_copy(aligned, tmp_path):
    went_on = run(network(FeedbackAlignment(), start=str(aligned), epochs=1), tmp_path / "on")
    transport = inspect_run(went_on)["audit"]["weight_transport"]
    assert transport["detected"] is None and "weights of another run" in transport["reason"]


def test_a_run_on_another_backend_starts_from_the_same_weights(finished):
    other = small_experiment(start=str(finished), backend=backends.get("torch_rate", precision="float64", threads=1))
    final = snapshots(finished)["final"]
    for name, synapses in other.beginning().parameters.items():
        np.testing.assert_array_equal(synapses.w, final[name])
