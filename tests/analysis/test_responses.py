"""Aims at responses of the wrong trials: another epoch or phase, a lost order, a sum where a mean belongs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bio_fa.analysis.responses import first_phase, labels, last_epoch, predictions, responses
from bio_fa.errors import RecordError
from bio_fa.io.activity import ActivityReader, ActivityWriter, PopulationInfo
from bio_fa.io.run_folder import RunFolder


def test_responses_are_means_over_time_of_the_last_epochs_phase_in_the_order_of_trials(run):
    late = run.epochs[1]
    late["free"] = {name: np.concatenate([x, 3 * x]) for name, x in late["free"].items()}
    with ActivityReader(RunFolder.open(run.write()).activity) as reader:
        assert (last_epoch(reader), first_phase(reader)) == (2.0, "free")
        np.testing.assert_allclose(responses(reader, "V1_E", "free"), 2 * late["free"]["V1_E"][0], rtol=1e-6)
        np.testing.assert_array_equal(responses(reader, "V1_E", "nudged"), late["nudged"]["V1_E"][0])
        assert labels(reader, "free").tolist() == run.label.tolist()


@pytest.mark.parametrize(
    ("windows", "mean"),
    [(None, 2.5), ((4e-3, 1e-3), 2.5), ((2e-3, 1e-3), 3.5), ((1e-3, 1e-3), 4.0), ((5e-4, 1.0), 4.0)],
)
def test_responses_are_means_over_the_window_that_answer_and_rules_read(tmp_path, windows, mean):
    """Four frames of 1 ms that hold 1, 2, 3 and 4."""
    one, values = PopulationInfo("one", 1, 1, "V1", "forward", "E"), np.arange(1.0, 5.0)[:, None, None]
    with ActivityWriter(tmp_path / "activity.h5", [one], ["free", "nudged"], 1e-3, windows=windows) as writer:
        writer.append({"free": {"one": values}, "nudged": {"one": values[:1]}}, None, np.zeros(1, int), 0)
    with ActivityReader(tmp_path / "activity.h5") as reader:
        assert responses(reader, "one", "free").tolist() == [[mean]]
        assert responses(reader, "one", "nudged").tolist() == [[1.0]]


def test_the_first_phase_is_the_first_that_was_recorded(run):
    del run.epochs[1]["free"]
    with ActivityReader(RunFolder.open(run.write()).activity) as reader:
        assert first_phase(reader) == "nudged"


def test_predictions_are_the_outputs_answers_with_their_labels(run):
    answers, label = predictions(RunFolder.open(run.write()))
    assert np.mean(answers.argmax(axis=1) != label) == pytest.approx(0.1)


def test_a_task_without_labels_has_no_predictions(run):
    run.label = np.full(len(run.label), -1)
    with pytest.raises(RecordError, match="carry no labels"):
        predictions(RunFolder.open(run.write()))


def test_a_record_without_trials_has_no_responses(run):
    run.epochs = [{phase: {name: x[:, :0] for name, x in each.items()} for phase, each in run.epochs[0].items()}]
    run.label = run.label[:0]
    with ActivityReader(RunFolder.open(run.write()).activity) as reader, pytest.raises(RecordError, match="no trial"):
        last_epoch(reader)


@pytest.mark.parametrize("variable", ["activity", "mean", "last", "total", "histogram"])
def test_sums_and_counts_of_activity_are_no_responses(tmp_path, variable):
    one, edges = PopulationInfo("one", 1, 1, "V1", "forward", "E"), [0.0, 1.0, 2.0] if variable == "histogram" else None
    with ActivityWriter(tmp_path / "activity.h5", [one], ["free"], 1e-3, variable, edges=edges) as writer:
        writer.append({"free": {"one": np.ones((2, 1, 1))}}, None, np.zeros(1, int), 0)
    with ActivityReader(tmp_path / "activity.h5") as reader:
        if variable not in ("total", "histogram"):
            assert responses(reader, "one", "free").tolist() == [[1.0]]
        else:
            with pytest.raises(RecordError, match=f"holds a {variable} of activity; record activity, its mean or last"):
                responses(reader, "one", "free")


def test_a_record_of_some_output_neurons_has_no_predictions(run):
    """The most active of half of the classes is no answer."""
    folder = RunFolder.open(run.write())
    with ActivityReader(folder.activity) as reader:
        (output,) = [each for each in reader.populations if each.name == "V2_E"]
    with ActivityWriter(folder.path / "some.h5", [replace(output, neurons=(0,))], ["free"], 1e-3) as writer:
        writer.append({"free": {output.name: np.ones((1, 1, 1))}}, np.zeros(1, int), np.zeros(1, int), 0)
    (folder.path / "some.h5").replace(folder.activity)
    with pytest.raises(RecordError, match=f"Only 1 of {output.size} neurons of 'V2_E' were recorded"):
        predictions(folder)
