"""Aims at an inspection that fails on a run that stopped early, invents what it cannot know, or writes invalid JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bio_fa.analysis import inspect_run
from bio_fa.errors import RecordError
from tests.analysis.synthetic_run import PAIR, synthetic_run
from tests.analysis.synthetic_spikes import COST, spiking_run


def test_a_finished_run_is_known_in_every_part(run):
    found = inspect_run(run.write())
    assert found["reasons"] == {}
    assert (found["name"], found["status"], found["learning"], found["dalean"]) == (
        "two areas",
        "finished",
        "local",
        True,
    )
    assert found["audit"]["dale_violations"] == found["audit"]["mask_violations"] == 0
    assert found["audit"]["negative_rate_violations"] == 0
    assert found["audit"]["weight_transport"]["detected"] is False
    assert found["timing"]["samples_per_second"] == 1500.0
    assert set(found["liveness"]) == set(run.sizes)


def test_scores_are_those_of_the_last_line(run):
    metrics = inspect_run(run.write())["metrics"]
    assert metrics == {
        "train_loss": 0.25,
        "train_error": 0.1,
        "test_loss": 0.3,
        "test_error": 0.125,
        "epochs": 2.0,
        "trials": 6000,
    }


def test_update_angles_are_those_of_the_last_line_that_has_some(run):
    angle = run.metrics[0]["update_alignment"][PAIR["forward"]] = {"angle": 33.0, "null_mean": 90.0, "null_sd": 1.0}
    del run.metrics[1]["update_alignment"]
    assert inspect_run(run.write())["update_alignment"][PAIR["forward"]] == angle


def test_the_cost_in_spikes_is_that_of_the_last_line_and_none_without_spikes(run, tmp_path):
    assert inspect_run(run.write())["spiking"] is None
    spikes = spiking_run(tmp_path / "spikes")
    spikes.run.metrics[0]["spiking"]["test"]["spikes"] = -1.0
    assert inspect_run(spikes.write().path)["spiking"]["test"] == COST


def test_a_measure_that_the_run_could_not_take_is_a_gap_with_its_reason(run):
    for each in run.metrics:
        each["update_alignment"] = {}
    run.table["skipped"] = {"update_alignment": "reference: it has no gradient; use torch_rate."}
    found = inspect_run(run.write())
    assert found["update_alignment"] is None
    assert found["reasons"] == run.table["skipped"]


def test_a_run_that_stopped_at_once_is_described_with_the_reason_for_each_gap(tmp_path):
    run = synthetic_run(tmp_path / "run")
    run.metrics, run.snapshots, run.epochs = [], {}, []
    run.table = {"name": "two areas", "seed": 3, "status": "interrupted", "alignment_pairs": [PAIR]}
    found = inspect_run(run.write())
    assert found["liveness"] is found["alignment"] is found["update_alignment"] is None
    assert set(found["metrics"].values()) == {None} and set(found["timing"].values()) == {None}
    audit = found["audit"]
    assert audit["dale_violations"] is audit["mask_violations"] is audit["negative_rate_violations"] is None
    assert audit["weight_transport"]["detected"] is None and "weights.h5" in audit["weight_transport"]["reason"]
    assert {"metrics", "audit.weights", "audit.negative_rate_violations", "liveness", "alignment"} <= set(
        found["reasons"]
    )


def test_a_run_without_timing_is_timed_by_its_last_line(run):
    del run.table["timing"]
    timing = inspect_run(run.write())["timing"]
    assert timing == {"training_seconds": 4.0, "samples_per_second": 1500.0, "total_seconds": None}


def test_a_diverged_run_gives_valid_json_and_its_violations(run):
    run.snapshots["final"][PAIR["forward"]][:] = np.nan
    run.epochs[1]["free"]["V2_E"][:] = np.nan
    found = inspect_run(run.write())
    json.dumps(found, allow_nan=False)
    assert found["audit"]["dale_violations"] == run.masks[PAIR["forward"]].size
    assert found["alignment"][-1]["excitatory"]["angle"] is None
    assert found["liveness"]["V2_E"]["mean"] is None


def test_weights_without_signs_say_why_there_is_no_dales_law(run):
    run.signed = False
    found = inspect_run(run.write())
    assert found["audit"]["dale_violations"] is None
    assert "no Dale's law" in found["reasons"]["audit.dale_violations"]


def test_a_damaged_file_is_a_gap_with_a_reason(run):
    path = run.write() / "weights.h5"
    path.write_bytes(path.read_bytes()[:1000])
    found = inspect_run(path.parent)
    assert found["audit"]["mask_violations"] is None and "weights.h5" in found["reasons"]["audit.weights"]
    assert found["audit"]["negative_rate_violations"] == 0


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(RecordError, match="holds no run"):
        inspect_run(tmp_path)
