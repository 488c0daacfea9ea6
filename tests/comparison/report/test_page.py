"""Failure aimed at: a page that needs the network, shows other numbers than were found, runs a name, or cites what was not used."""

from __future__ import annotations

import itertools
import json
import re

import numpy as np
import pytest

from bio_fa.comparison.report.citations import cited_by, entries_of
from tests.comparison.report import markup
from tests.comparison.report.synthetic import HOSTILE, NINE, page

MOST_BYTES = 5_000_000


@pytest.fixture(scope="module")
def described(tmp_path_factory):
    """The page of three rules with nine seeds, under two sets of constraints."""
    return page(tmp_path_factory.mktemp("study"), constraints=("none", "cortical"), question="Which one?", budget="none tuned")


@pytest.fixture(scope="module")
def html(described) -> str:
    return described.html()


@pytest.fixture(scope="module")
def seen(html):
    return markup.read(html)


def shown(text: str) -> float:
    return float(text.replace("−", "-").replace(",", ""))


def test_nothing_is_loaded_from_elsewhere(seen, html):
    assert [each.attributes["src"] for each in seen.inside if "src" in each.attributes] == []
    assert {"link", "iframe", "object", "img"} & {each.tag for each in seen.inside} == set()
    assert "@import" not in html and not re.search(r"url\((?!#)", html)
    links = [each.attributes["href"] for each in seen.all("a")]
    (sources,) = seen.all("section", **{"aria-labelledby": "sources-part"})
    cited = [each.attributes["href"] for each in sources.all("a")]
    assert all(each.startswith(("#", "runs/")) for each in links if each not in cited)
    assert all(each.startswith(("https://doi.org/", "https://arxiv.org/")) for each in cited)


def test_nine_rules_with_nine_seeds_over_a_hundred_epochs_fit_in_five_megabytes(tmp_path):
    assert len(page(tmp_path, NINE, 9, ("none", "cortical"), epochs=100).html().encode()) < MOST_BYTES


def test_every_score_is_that_of_the_results(described, seen):
    table = described.results.table
    rows = markup.rows(seen, "scores")
    assert [row[:2] for row in rows] == table[["rule", "constraints"]].to_numpy().tolist()
    for row, (_, cell) in zip(rows, table.iterrows(), strict=True):
        mean, sd = map(shown, row[3].split(" ± "))
        low, high = map(shown, row[4].split(" to "))
        half = 0.5 * 10.0**-described.reading.decimals
        assert [mean, sd, low, high] == pytest.approx([100 * cell[each] for each in ("mean", "sd", "low", "high")], abs=half * 1.01)
        assert (int(row[5]), shown(row[6])) == (cell["n"], pytest.approx(100 * cell["iqm"], abs=half * 1.01))


def test_every_difference_is_that_of_the_verdicts(described, seen):
    rows = markup.rows(seen, "pairs")
    for row, verdict in zip(rows, described.results.verdicts, strict=True):
        assert row[0] == verdict.first
        assert shown(row[2]) == pytest.approx(100 * verdict.difference, abs=0.1)
        assert (float(row[4]), float(row[5])) == (pytest.approx(verdict.p, rel=0.05), pytest.approx(verdict.p_holm, rel=0.05))


def test_the_numbers_for_the_script_are_those_of_the_results_to_the_last_bit(described, seen):
    held = markup.data(seen)
    assert held["results"] == json.loads(json.dumps(described.results.to_table(), default=float).replace("NaN", "null"))
    (_, panel), *_ = described.learning
    drawn = {line["name"]: line for line in held["panels"][panel.key]["series"]}
    runs = [[line["test_error"] for line in each.lines] for each in described.found if each.cell == "kolen_pollack, none"]
    assert drawn["kolen_pollack"]["y"] == pytest.approx(np.mean(runs, axis=0))
    assert drawn["kolen_pollack"]["x"] == [100.0 * epoch for epoch in range(5)]


def test_names_are_shown_and_never_run(tmp_path):
    rules = ("backpropagation", HOSTILE)
    text = page(tmp_path, rules, 2, question=HOSTILE, budget=HOSTILE).html()
    seen = markup.read(text)
    assert len(seen.all("script")) == 2 and seen.all("img") == []
    assert all(not name.startswith("on") for each in seen.inside for name in each.attributes)
    assert HOSTILE in markup.rows(seen, "scores")[1][0]
    assert markup.data(seen)["results"]["study"]["question"] == HOSTILE


def test_exactly_the_sources_of_the_rules_that_ran_are_cited(described, seen):
    expected = {each.key for each in entries_of(cited_by(("backpropagation", "random_sign_symmetry", "kolen_pollack")))}
    assert expected == {"rumelhart1986", "liao2016", "moskovitz2018", "kolen1994", "akrout2019"}
    assert {each.attributes["id"].removeprefix("source-") for each in seen.all("li") if "id" in each.attributes} == expected
    (bibtex,) = seen.all("pre", id="bibtex")
    assert set(re.findall(r"^@\w+\{(\w+),", bibtex.text, re.M)) == expected


def test_without_a_rule_of_the_catalogue_nothing_is_cited(tmp_path):
    seen = markup.read(page(tmp_path, ("mine", "yours"), reference="mine").html())
    assert "No learning rule of the catalogue ran" in seen.text and not re.search(r"@\w+\{", seen.text)


def test_the_question_the_notes_and_what_was_refused_are_told(seen):
    assert "Which one?" in seen.text and "it needs signed weights." in seen.text
    (finding,) = seen.classed("finding")
    assert "54 runs: 54 finished; 1 combination refused." in finding.text


def test_headings_are_in_order_and_every_part_is_named(seen):
    levels = [int(each.tag[1]) for each in seen.inside if re.fullmatch(r"h[1-6]", each.tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in itertools.pairwise(levels))
    identifiers = [each.attributes["id"] for each in seen.inside if "id" in each.attributes]
    assert len(identifiers) == len(set(identifiers))
    assert all(each.attributes["aria-labelledby"] in identifiers for each in seen.all("section"))


def test_every_picture_says_what_it_shows(seen):
    pictures = [each for each in seen.all("svg") if each.attributes.get("aria-hidden") != "true"]
    assert len(pictures) == 6 + 4 + 2 + 2 + 2 * 3, "cells, pairs, their two axes, learning and angles under each condition"
    assert all(each.attributes["role"] == "img" and each.all("title")[0].text for each in pictures)


def test_few_seeds_claim_nothing(tmp_path):
    (finding,) = markup.read(page(tmp_path, seeds=3).html()).classed("finding")
    assert finding.text.strip().startswith("No difference is claimed: 3 seeds cannot conclude anything at 0.05")


@pytest.mark.parametrize(("seeds", "intervals"), [(1, 0), (2, 3)])
def test_one_seed_has_a_page_without_intervals(tmp_path, seeds, intervals):
    seen = markup.read(page(tmp_path, seeds=seeds).html())
    (scores,) = seen.all("table", id="scores")
    assert len(scores.classed("interval")) == intervals and ("95 % interval" in scores.text) == (intervals > 0)
    assert {each.attributes["data-rule"] for each in seen.classed("series") if "data-rule" in each.attributes} == set(NINE[:3])


def test_runs_that_diverged_are_listed_and_leave_the_rest_as_it_is(tmp_path):
    seen = markup.read(page(tmp_path, diverged=[("kolen_pollack", seed) for seed in range(1, 10)]).html())
    rows = {row[0]: row for row in markup.rows(seen, "scores")}
    assert "9 diverged" in rows["kolen_pollack"] and "kolen_pollack has no score, and so no verdict." in seen.text
    assert sum("diverged" in row for row in markup.rows(seen, "runs")) == 9
    learned = [each for each in seen.classed("large") if "Learning" in each.all("title")[0].text]
    assert {each.attributes["data-rule"] for each in learned[0].classed("series")} == {"backpropagation", "random_sign_symmetry"}


def test_a_rule_looks_the_same_where_another_was_left_out(tmp_path):
    described = page(tmp_path, diverged=[("random_sign_symmetry", seed) for seed in range(1, 10)])
    (_, panel), *_ = described.learning
    assert [(each.name, each.index) for each in panel.series] == [("backpropagation", 0), ("kolen_pollack", 2)]


def test_without_a_reference_every_pair_meets_in_a_matrix(tmp_path):
    described = page(tmp_path, reference=None, constraints=("none", "cortical"))
    seen = markup.read(described.html())
    matrices = seen.classed("matrix")
    assert len(matrices) == 2 and len(markup.rows(seen, "pairs")) == 6
    told = [each.attributes["title"] for matrix in matrices for each in matrix.all("td") if "title" in each.attributes]
    assert sorted(told) == sorted(each.sentence for each in described.results.verdicts)
