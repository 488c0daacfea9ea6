"""Failure aimed at: a run that is looked up again and again, or remembered although it changed; a run whose folder is gone."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from bio_fa.comparison.comparing import compare
from bio_fa.comparison.report import findings as lookup
from bio_fa.comparison.report.findings import MEMORY, findings
from tests.comparison.studies import comparison


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A folder with two runs, and what the comparison found."""
    folder = tmp_path_factory.mktemp("study")
    return folder, compare(comparison(seeds=1), folder)


def test_a_comparison_leaves_the_page_the_figures_and_the_sources(study):
    folder, _ = study
    left = {str(each.relative_to(folder)) for each in folder.rglob("*") if each.parent in (folder, folder / "figures")}
    assert {"report.html", "sources.bib", "figures/scores.pdf", "figures/scores.svg"} <= left
    assert "@article{lillicrap2016," in (folder / "sources.bib").read_text(encoding="utf-8")


def test_findings_are_those_of_the_run(study):
    folder, results = study
    found = findings(results.runs, folder)
    for each in found:
        lines = (folder / each.run["folder"] / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
        assert [line["test_error"] for line in each.lines] == [json.loads(line)["test_error"] for line in lines]
        assert each.part("audit")["mask_violations"] == 0 and each.reason == ""
    assert [each.rule for each in found] == ["backpropagation", "feedback_alignment"]


def test_a_run_is_looked_up_once(study, monkeypatch):
    folder, results = study
    asked = []
    monkeypatch.setattr(lookup, "inspect_run", lambda place: asked.append(place))
    before = findings(results.runs, folder)
    assert asked == [] and all(each.inspection for each in before)


def test_a_run_that_changed_is_looked_up_again(study):
    folder, results = study
    first = findings(results.runs, folder)[0]
    memory = folder / MEMORY / f"{first.run['folder'].split('/')[-1]}.json"
    table = json.loads(memory.read_text(encoding="utf-8"))
    memory.write_text(json.dumps({**table, "key": "another", "rule": "forged"}), encoding="utf-8")
    assert findings(results.runs, folder)[0].rule == "backpropagation"


def test_a_run_without_a_folder_has_a_reason(tmp_path):
    runs = pd.DataFrame([{"cell": "a", "seed": 1, "score": float("nan"), "status": "failed", "folder": "runs/gone"}])
    (found,) = findings(runs, tmp_path)
    assert found.inspection == {} and found.reason and str(tmp_path) not in found.reason
