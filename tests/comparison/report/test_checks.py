"""Failure aimed at: a violation that is averaged away, a silent population that nobody sees, a cost that is another's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bio_fa.comparison.report.checks import audit, dimensions, energy
from bio_fa.comparison.report.findings import Findings
from tests.comparison.report.synthetic import inspection


def run(**parts: Any) -> Findings:
    return Findings({"cell": "a", "seed": 1, "score": 0.1}, {**inspection({"angle": 80.0}), **parts}, [], "a")


def told(grid: Any, row: int = 0) -> dict[str, str]:
    return {column.name: str(field.text) for column, field in zip(grid.columns, grid.rows[row], strict=True)}


def test_violations_of_all_runs_are_added_and_marked():
    broken = run(audit={**run().part("audit"), "dale_violations": 3})
    grid = audit({"a": [broken, broken, run()]})
    assert told(grid)["Dale’s law"] == "6" and grid.rows[0][1].look == "broken"
    assert told(grid)["masks"] == "0" and grid.rows[0][2].look == "kept"


def test_without_signs_there_is_no_law_and_without_weights_nothing_is_known():
    lawless = run(audit={**run().part("audit"), "dale_violations": None})
    assert told(audit({"a": [lawless]}))["Dale’s law"] == "no law"
    unread = replace(run(), inspection={})
    assert told(audit({"a": [unread]})) == {
        "cell": '<span class="named"><span>a</span></span>',
        **dict.fromkeys(("Dale’s law", "masks", "rates ≥ 0", "weight transport", "silent", "saturated"), "–"),
        "runs": "0/1",
    }


def test_weight_transport_in_one_run_is_seen():
    copied = run(audit={**run().part("audit"), "weight_transport": {"detected": True}})
    field = audit({"a": [run(), copied]}).rows[0][4]
    assert (field.text, field.look) == ("1 none, 1 found", "broken")


def test_the_worst_population_is_told_and_the_input_is_not_counted():
    quiet = run(liveness={"input": {"silent": 0.9}, "H1": {"silent": 0.2}, "H2": {"silent": 0.6, "saturated": None}})
    assert told(audit({"a": [quiet, quiet]}))["silent"] == "60.0 % (H2)"


def test_dimensions_are_means_over_seeds():
    one, other = (run(liveness={"H1": {"dimension": each}}) for each in (2.0, 4.0))
    assert told(dimensions({"a": [one, other]}, "key", ""))["H1"] == "3.00"
    assert dimensions({"a": [run(liveness=None)]}, "key", "") is None


def test_spikes_are_told_where_there_are_any():
    cost = {"spikes": 100.0, "synaptic_events": 5000.0, "rate": 12.5}
    spiking = run(spiking={"test": cost, "learning": {**cost, "spikes": 300.0}})
    found = told(energy({"a": [spiking], "b": [run()]}))
    assert found["spikes, test"] == "100" and found["spikes, learning"] == "300" and found["synaptic events, test"] == "5,000"
    assert energy({"b": [run()]}) is None
