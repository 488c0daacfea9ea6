"""Aims at a summary that hides a violation or a gap, or shows a fraction where a percentage stands."""

from __future__ import annotations

import pytest

from bio_fa.analysis import inspect_run, summarise
from bio_fa.analysis.summary import degrees, number, percent
from tests.analysis.synthetic_run import PAIR
from tests.analysis.synthetic_spikes import spiking_run


def line(text: str, title: str) -> str:
    return next(each for each in text.splitlines() if each.strip().startswith(title))


def test_a_finished_run_shows_its_scores_and_constraints(run):
    text = summarise(inspect_run(run.write()))
    assert text.startswith("two areas (seed 3): finished\n")
    assert "error 12.50 % (training 10.00 %) after 2 epochs, 6,000 trials" in line(text, "test")
    assert "Dale 0, mask 0, negative rates 0 in 3 snapshots" in line(text, "violations")
    assert "not detected" in line(text, "weight transport")
    assert "1,500 samples/s" in line(text, "speed")
    assert "not known" not in text


def test_the_cost_in_spikes_is_shown_for_one_trial_where_there_are_any(run, tmp_path):
    text = summarise(inspect_run(spiking_run(tmp_path / "spikes").write().path))
    assert "480 spikes and 12,000 synaptic events a test trial (46.1 Hz a neuron)" in line(text, "spikes")
    assert "961 spikes and 12,000 synaptic events a learning trial" in text
    assert "spikes" not in summarise(inspect_run(run.write()))


def test_violations_and_gaps_are_shown(run):
    run.snapshots["final"][PAIR["forward"]] -= 100
    run.epochs = []
    text = summarise(inspect_run(run.write()))
    assert f"Dale {run.masks[PAIR['forward']].size}," in line(text, "violations")
    assert "negative rates unknown" in line(text, "violations")
    assert "activity.h5" in text[text.index("not known") :]


def test_activity_that_may_be_negative_is_not_passed_off_as_checked(run):
    run.table["signed_activity"] = ["V1_FE", "V1_FI"]
    text = summarise(inspect_run(run.write()))
    assert line(text, "violations").endswith("negative rates 0 in 3 snapshots; activity is signed in V1_FE, V1_FI")


def test_regression_shows_its_loss(run):
    for each in run.metrics:
        each["test_error"] = each["train_error"] = None
    assert "loss 0.3 after" in line(summarise(inspect_run(run.write())), "test")


def test_the_message_of_a_run_that_stopped_is_shown(run):
    run.table |= {"status": "diverged", "message": "V1_E left the finite numbers"}
    assert "diverged (V1_E left the finite numbers)" in summarise(inspect_run(run.write()))


@pytest.mark.parametrize("shown", [percent(None), number(None)])
def test_what_is_not_known_says_so(shown):
    assert shown == "unknown"


def test_an_angle_stands_beside_its_null():
    assert degrees({"angle": 61.04, "null_mean": 90.0, "null_sd": 0.26}) == "61.0° (shuffled 90.0 ± 0.3°)"
