"""Failure aimed at: a comparison file that is misunderstood in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from bio_fa.comparison.cells import merged, study_of
from bio_fa.comparison.comparison import Comparison, read_comparison
from bio_fa.comparison.engines import Local, Slurm
from bio_fa.errors import BioFAError, ConfigError
from tests.comparison.studies import BASE, TOML, comparison
from tests.rule_files import SILENCE, forgotten


def names(described: Comparison) -> list[str]:
    return [each.name for each in study_of(described, Path()).cells]


def tables(described: Comparison) -> dict[str, dict]:
    return {each.name: dict(each.table) for each in study_of(described, Path()).cells}


def test_the_file_says_what_the_description_says(tmp_path):
    (tmp_path / "small.toml").write_text(TOML, encoding="utf-8")
    found = read_comparison(tmp_path / "small.toml")
    assert found == comparison(threshold=0.9)
    assert found.seed_list == (1, 2) and found.engine == Local()


def test_an_engine_section_is_understood(tmp_path):
    text = TOML + '[engine]\nkind = "slurm"\npartition = "long"\ntime = 90\nmemory = 2\n'
    (tmp_path / "small.toml").write_text(text, encoding="utf-8")
    assert read_comparison(tmp_path / "small.toml").engine == Slurm(partition="long", time=90, memory=2)


def test_a_name_without_a_rule_is_the_kind_of_one():
    rules = {"feedback_alignment": {"training": {"epochs": 3}}, "FA": {"rule": {"kind": "feedback_alignment"}}}
    found = tables(comparison(rules=rules, reference=None))
    assert found["feedback_alignment"]["rule"] == found["FA"]["rule"] == {"kind": "feedback_alignment"}
    assert found["feedback_alignment"]["training"] == {"epochs": 3, "batch": 16} and found["FA"]["training"] == BASE["training"]


def test_a_variant_of_the_base_needs_no_rule():
    rules = {way: {"training": {"learning": way}} for way in ("local", "gradient")}
    found = tables(comparison(rules=rules, reference=None))
    assert found["gradient"]["training"]["learning"] == "gradient" and "rule" not in found["gradient"]


def test_a_misspelt_rule_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match="'feedback_aligment' is no learning rule .* did you mean 'feedback_alignment'"):
        names(comparison(rules=("feedback_aligment",), reference=None))


def test_rules_constraints_and_tasks_are_crossed():
    constraints = {"free": {}, "cortical": {"circuit": {"kind": "cortical_network"}}}
    tasks = {"few": {"task": {"train_trials": 8}}, "all": {}}
    found = tables(comparison(constraints=constraints, tasks=tasks))
    assert len(found) == 2 * 2 * 2
    cell = found["feedback_alignment, cortical, few"]
    assert cell["circuit"] == {"hidden": [10], "kind": "cortical_network"} and cell["task"]["train_trials"] == 8


def test_a_base_may_be_a_file_beside_the_comparison(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/base.toml").write_text("[training]\nepochs = 7\n", encoding="utf-8")
    study = study_of(comparison(base="deep/base.toml"), tmp_path)
    assert study.beside == tmp_path / "deep" and study.cells[0].table["training"] == {"epochs": 7}


def test_a_rule_of_ones_own_file_can_be_compared(tmp_path):
    (tmp_path / "mine.py").write_text(SILENCE, encoding="utf-8")
    with forgotten():
        study = study_of(comparison(base={**BASE, "rules": ["mine.py"]}, rules=("silence",), reference=None), tmp_path)
    assert study.cells[0].table["rule"] == {"kind": "silence"}


def test_tables_merge_section_by_section_and_share_nothing():
    base = {"a": {"b": [1], "c": 2}, "rule": {"kind": "x", "wiring": {"kind": "direct"}}}
    found = merged(base, {"a": {"c": 3}, "rule": {"kind": "y"}})
    assert found == {"a": {"b": [1], "c": 3}, "rule": {"kind": "y"}}
    assert merged(base, {"rule": {"kind": "x", "gain": 1}})["rule"] == {"kind": "x", "wiring": {"kind": "direct"}, "gain": 1}
    found["a"]["b"].append(2)
    assert base["a"]["b"] == [1]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"reference": "backprop"}, "reference 'backprop' is not compared; did you mean 'backpropagation'"),
        ({"seeds": 0}, "give at least one, none below 0"),
        ({"seeds": (1, 1)}, "give each seed once"),
        ({"rules": ()}, "give at least one"),
        ({"rules": {"a/b": {}}}, "give names, each once"),
        ({"constraints": {"free": 3}}, "with tables of keys"),
        ({"name": "../out"}, "name = '../out' is not allowed"),
        ({"measure": "accuracy"}, "measure = 'accuracy' is not allowed"),
        ({"alpha": 1.0}, "alpha = 1.0 is not allowed"),
    ],
)
def test_what_no_comparison_has_is_refused_in_a_sentence(changes, sentence):
    with pytest.raises(BioFAError, match=sentence):
        comparison(**changes)


@pytest.mark.parametrize("changes", [{"jobs": 0}, {"retries": -1}])
def test_an_engine_without_jobs_is_refused(changes):
    with pytest.raises(BioFAError, match="is not allowed"):
        Local(**changes)


def test_a_misspelt_key_of_the_file_is_refused_with_the_nearest(tmp_path):
    (tmp_path / "small.toml").write_text("referense = 1\n" + TOML, encoding="utf-8")
    with pytest.raises(ConfigError, match="did you mean 'reference'"):
        read_comparison(tmp_path / "small.toml")
