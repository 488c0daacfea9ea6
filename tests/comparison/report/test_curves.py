"""Failure aimed at: a band that is not the interval of the seeds, a null of other runs, runs that differ in length."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bio_fa.analysis.statistics import mean_interval
from bio_fa.comparison.report.curves import RESAMPLES, feedback, learning, updates
from bio_fa.comparison.report.findings import Findings
from bio_fa.comparison.report.reading import Reading


def run(errors: list[float], score: float = 0.1, angles: list[float] | None = None, inhibited: float = 0.0) -> Findings:
    rows = [
        {"area": "H1_area", "forward": "H1_to_H2", "epoch": epoch, "excitatory": angle(each), "effective": angle(each + inhibited)}
        for epoch, each in enumerate(angles or [])
    ]
    lines = [
        {"trial": 10 * epoch, "epoch": epoch, "test_error": error, "update_alignment": {"H1_to_H2": angle(100 * error)}}
        for epoch, error in enumerate(errors)
    ]
    return Findings({"cell": "a", "seed": 1, "score": score}, {"alignment": rows}, lines, "a")


def angle(value: float) -> dict[str, Any]:
    return {"angle": value, "null_mean": 90.0, "null_sd": 2.0}


def test_the_line_is_the_mean_and_the_band_its_interval():
    curves = np.array([[0.9, 0.5, 0.2], [0.8, 0.4, 0.3], [0.9, 0.3, 0.1]])
    panel = learning({"a": [run(list(each)) for each in curves]}, "test_error", Reading(), "key")
    (line,) = panel.series
    low, high = mean_interval(curves.T, resamples=RESAMPLES)
    assert line.y == pytest.approx(curves.mean(axis=0)) and line.x == (0.0, 10.0, 20.0)
    assert line.low == pytest.approx(low) and line.high == pytest.approx(high)
    assert panel.span == (0.1, 0.9)


@pytest.mark.parametrize(("seeds", "banded"), [(2, False), (3, True)])
def test_a_band_takes_three_seeds(seeds, banded):
    (line,) = learning({"a": [run([0.9, 0.1 + 0.01 * seed]) for seed in range(seeds)]}, "test_error", Reading(), "key").series
    assert np.isfinite([line.low[1], line.high[1]]).tolist() == [banded, banded]


def test_runs_without_a_score_are_left_out_and_a_rule_without_any_has_no_line():
    found = {"a": [run([0.9, 0.1]), run([0.9, 0.7], score=np.nan)], "b": [run([0.9, 0.8], score=np.nan)]}
    (line,) = learning(found, "test_error", Reading(), "key").series
    assert (line.name, line.y) == ("a", (0.9, 0.1))
    assert learning({"b": found["b"]}, "test_error", Reading(), "key") is None


def test_runs_of_different_lengths_are_compared_where_both_were_evaluated():
    (line,) = learning({"a": [run([0.9, 0.5, 0.1]), run([0.7, 0.3])]}, "test_error", Reading(), "key").series
    assert line.x == (0.0, 10.0) and line.y == pytest.approx((0.8, 0.4))


def test_the_null_holds_95_per_cent_of_shuffled_angles():
    (panel,) = feedback({"a": [run([0.9, 0.1], angles=[89.0, 60.0])]}, "key")
    x, low, high = panel.null
    assert x == (0.0, 1.0)
    assert low == pytest.approx([90 - 1.96 * 2] * 2) and high == pytest.approx([90 + 1.96 * 2] * 2)
    assert panel.guide == 90.0 and panel.series[0].y == (89.0, 60.0)


def test_inhibition_has_a_panel_of_its_own_where_it_makes_a_difference():
    found = {"a": [run([0.9, 0.1], angles=[89.0, 60.0], inhibited=5.0)]}
    alone, less = feedback(found, "key")
    assert (alone.title, alone.series[0].y) == ("Feedback to H1 against H1 → H2", (89.0, 60.0))
    assert (less.title, less.series[0].y) == ("Feedback to H1 against H1 → H2 less inhibition", (94.0, 65.0))


def test_updates_have_a_panel_a_projection():
    (panel,) = updates({"a": [run([0.9, 0.1])], "b": []}, "key")
    assert panel.title == "Updates of H1 → H2" and panel.series[0].y == (90.0, 10.0)


def test_a_run_without_angles_has_no_panel():
    bare = Findings({"cell": "a", "seed": 1, "score": 0.1}, {"alignment": None}, [{"epoch": 1, "trial": 1, "test_error": 0.5}], "a")
    assert list(feedback({"a": [bare]}, "key")) == list(updates({"a": [bare]}, "key")) == []
