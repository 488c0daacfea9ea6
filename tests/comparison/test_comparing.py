"""Failure aimed at: a table that does not say what its runs do, another verdict than the analysis's, a warning that is missing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import bio_fa
from bio_fa.analysis.verdict import verdicts
from bio_fa.comparison.beginnings import differing
from bio_fa.comparison.cells import Cell
from bio_fa.comparison.comparing import compare
from bio_fa.comparison.judgement import cell_table, improvements, judge, pairs
from bio_fa.comparison.results import Results
from tests.comparison.studies import TOML, comparison, planned

BP, FA = "backpropagation", "feedback_alignment"


def table(**scores: list[float]) -> pd.DataFrame:
    """Return runs with these scores, a rule each; nan: the run diverged."""
    rows = [
        {"rule": rule, "cell": rule, "seed": seed, "score": score, "status": "finished" if np.isfinite(score) else "diverged"}
        for rule, values in scores.items()
        for seed, score in enumerate(values, start=1)
    ]
    return pd.DataFrame(rows).assign(area=0.5, trials_to_threshold=np.nan, seconds=1.0)


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> tuple[Path, Results]:
    """A comparison of a file, and its folder."""
    folder = tmp_path_factory.mktemp("study")
    (folder / "small.toml").write_text(TOML.replace("epochs = 1", "epochs = 2"), encoding="utf-8")
    return folder / "out", bio_fa.compare(folder / "small.toml", folder / "out")


def last(output: Path, run: object, key: str) -> float:
    line = (output / run["folder"] / "metrics.jsonl").read_text(encoding="utf-8").splitlines()[-1]
    return json.loads(line)[key]


def test_every_run_has_the_score_of_its_last_epoch(found):
    output, results = found
    assert len(results.runs) == 4
    assert [last(output, run, "test_error") for _, run in results.runs.iterrows()] == list(results.runs["score"])
    assert [last(output, run, "epoch") for _, run in results.runs.iterrows()] == [2] * 4


def test_a_cell_has_mean_standard_deviation_and_number_of_its_seeds(found):
    _, results = found
    for _, cell in results.table.iterrows():
        own = results.runs["score"][results.runs["cell"] == cell["cell"]]
        assert (cell["n"], cell["mean"]) == (2, pytest.approx(np.mean(own)))
        assert cell["sd"] == pytest.approx(stats.tstd(own))


def test_the_verdict_is_that_of_the_analysis_on_the_same_scores(found):
    _, results = found
    scores = {rule: results.runs["score"][results.runs["rule"] == rule].to_numpy() for rule in (BP, FA)}
    assert list(results.verdicts) == verdicts(scores, "test error", [(FA, BP)])


def test_runs_of_one_seed_began_with_the_same_forward_synapses(found):
    output, results = found
    assert list(differing(planned_runs(output))) == []
    assert not any("other synapses" in note for note in results.notes)


def planned_runs(output: Path):
    return planned(output, base={**comparison().base, "training": {"epochs": 2, "batch": 16}}).runs


def test_a_rule_that_began_otherwise_is_named(tmp_path):
    wide = {"circuit": {"weights": {"kind": "signed", "gain": 2.0}}}
    results = compare(comparison(rules={BP: {}, FA: wide}, seeds=1), tmp_path)
    (note,) = (each for each in results.notes if "other synapses" in each)
    assert note.startswith(f"{FA}, seed 1, began with other synapses than {BP} in ") and "input_to_H1" in note


def test_the_files_say_what_the_object_says(found):
    output, results = found
    summary = json.loads((output / "summary.json").read_text(encoding="utf-8"))
    assert summary["verdicts"][0]["sentence"] == results.verdicts[0].sentence
    assert [each["mean"] for each in summary["cells"]] == pytest.approx(list(results.table["mean"]))
    assert pd.read_csv(output / "table.csv")["mean"].tolist() == pytest.approx(list(results.table["mean"]))
    assert r"feedback\_alignment &" in (output / "table.tex").read_text(encoding="utf-8")
    assert (output / "table.txt").read_text(encoding="utf-8") == results.text()


def test_a_notebook_shows_the_table_and_its_sentences(found):
    _, results = found
    html = results._repr_html_()
    assert html.startswith('<div class="bio-fa">') and f'data-key="{FA}"' in html and "2 seeds cannot conclude anything" in html
    assert html.count('class="strip c') == 2 and html.count("<circle") == 4 and "<script" not in html


def test_too_few_seeds_are_warned_of_and_how_many_would_do(found):
    _, results = found
    assert "2 seeds cannot conclude anything at 0.05, where the least p is 0.5; run at least 6 seeds." in results.notes


def test_results_say_how_settings_were_chosen_or_that_nothing_is_said(found, tmp_path):
    _, results = found
    assert "Nothing is said of how each rule's settings were chosen." in results.notes
    assert "Settings: none was tuned." in compare(comparison(seeds=1, budget="none was tuned."), tmp_path).notes


def cells(*labels: dict[str, str]) -> list[Cell]:
    return [Cell(each, {}) for each in labels]


def test_pairs_differ_in_their_rule_alone():
    every = cells(*({"rule": rule, "task": task} for task in ("digits", "mnist") for rule in ("a", "b", "c")))
    assert pairs(every, "b") == [(f"{rule}, {task}", f"b, {task}") for task in ("digits", "mnist") for rule in ("a", "c")]
    assert len(pairs(every, None)) == 2 * 3


def test_scores_that_differ_in_every_seed_are_told_apart_from_as_many_seeds_as_that_takes():
    better, worse = [0.10, 0.11, 0.12, 0.10, 0.11, 0.09], [0.20, 0.22, 0.21, 0.23, 0.19, 0.2]
    (verdict,), notes = judge(table(a=worse, b=better), [("a", "b")], "test_error", 0.05)
    assert verdict.p == 2 / 2**6 and verdict.significant and notes == []
    assert improvements(table(a=worse, b=better), [verdict]) == [0.0]
    assert improvements(table(a=better, b=worse), [verdict]) == [1.0]


def test_a_seed_in_which_a_rule_diverged_is_left_out_of_every_verdict_and_said():
    runs = table(a=[0.1, 0.2, np.nan], b=[0.2, 0.3, 0.1], c=[0.3, 0.1, 0.2])
    found, notes = judge(runs, [("b", "a"), ("c", "a")], "test_error", 0.05)
    assert {each.n for each in found} == {2}
    assert "Verdicts leave out seed 3, in which a has no score." in notes
    assert cell_table(runs, ["rule"])[["n", "diverged"]].to_numpy().tolist() == [[2, 1], [3, 0], [3, 0]]


def test_a_rule_that_always_diverged_takes_no_seed_from_the_others():
    runs = table(a=[0.1, 0.2], b=[np.nan, np.nan], c=[0.3, 0.1])
    found, notes = judge(runs, [("b", "a"), ("c", "a")], "test_error", 0.05)
    assert [(each.first, each.n, each.comparisons) for each in found] == [("c", 2, 1)]
    assert "b has no score, and so no verdict." in notes
    assert cell_table(runs, ["rule"])["mean"].isna().tolist() == [False, True, False]
