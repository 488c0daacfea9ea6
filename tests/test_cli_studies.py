"""Failure aimed at: commands that do something else than they say, run when asked only to plan, or keep a failure to themselves."""

from __future__ import annotations

import dataclasses
import io
import json
import tomllib
from pathlib import Path

import pytest
from rich.console import Console

from bio_fa.analysis.significance import too_few_seeds
from bio_fa.cli_studies import chosen
from bio_fa.comparison.board import Board
from bio_fa.comparison.carrying_out import carry_out
from bio_fa.comparison.cells import study_of
from bio_fa.comparison.comparing import opened, planned_runs
from bio_fa.comparison.comparison import Comparison
from bio_fa.comparison.engines import Engine, Local, Slurm
from bio_fa.errors import ConfigError
from tests.comparison.studies import TOML, planned
from tests.pages import blocks
from tests.small import cli, contents, refusal, write_config
from tests.source import ROOT


@pytest.fixture
def study(tmp_path) -> Path:
    """The file of a small comparison."""
    (tmp_path / "small.toml").write_text(TOML, encoding="utf-8")
    return tmp_path / "small.toml"


def test_a_dry_run_shows_the_plan_and_the_time_and_writes_nothing(study, tmp_path):
    before = contents(tmp_path)
    said = cli("compare", study, "--output", tmp_path / "out", "--dry-run")
    assert contents(tmp_path) == before
    rows = [line.split() for line in said.output.splitlines()]
    assert ["to", "do"] in rows and ["feedback_alignment", "2"] in rows and ["all", "4"] in rows
    assert "from 4 timed batches" in said.output and "Nothing was run or written." in said.output


def test_a_comparison_ends_with_the_path_of_its_results_and_a_second_dry_run_counts_them(study, tmp_path):
    said = cli("compare", study, "--output", tmp_path / "out", "--jobs", 2, "--set", "training.epochs=2")
    assert said.exit_code == 0 and said.output.splitlines()[-1] == str(tmp_path / "out/summary.json")
    assert "4/4  " in said.output and "The mean test error of feedback_alignment" in said.output
    again = cli("compare", study, "--output", tmp_path / "out", "--set", "training.epochs=2", "--dry-run").output
    assert ["all", "4"] in [line.split() for line in again.splitlines()]
    assert "finished" in again.splitlines()[0] and "nothing is left to do" in again
    other = cli("compare", study, "--output", tmp_path / "out", "--dry-run").output
    assert "to do" in other.splitlines()[0], "other epochs are other runs"


@pytest.mark.slow
def test_a_run_that_failed_is_told_and_makes_the_command_fail(study, tmp_path):
    (refused,) = {each.place for each in planned(tmp_path / "out", threshold=0.9).runs if each.name == "feedback_alignment, seed 2"}
    refused.mkdir(parents=True)
    (refused / "notes.txt").write_text("mine", encoding="utf-8")
    said = cli("compare", study, "--output", tmp_path / "out")
    assert said.exit_code == 1 and f"Failed: {refused.name}: " in said.output
    assert len(json.loads((tmp_path / "out/summary.json").read_text())["failed"]) == 1


def test_quiet_prints_the_path_alone(study, tmp_path):
    said = cli("compare", study, "--output", tmp_path / "out", "--quiet", "--set", "training.epochs=1")
    assert said.output == f"{tmp_path / 'out/summary.json'}\n"


def test_a_sweep_shows_its_plan(tmp_path):
    config = write_config(tmp_path)
    said = cli("sweep", config, "--grid", "training.batch=16,32", "--seeds", 2, "--output", tmp_path / "out", "--dry-run").output
    rows = [line.split() for line in said.splitlines()]
    assert ["batch=16", "2"] in rows and ["all", "4"] in rows and not (tmp_path / "out").exists()


def test_what_is_not_understood_is_refused_in_a_sentence(study, tmp_path):
    assert "did you mean 'local'" in refusal(cli("compare", study, "--engine", "locl"))
    assert "no key is varied" in refusal(cli("sweep", write_config(tmp_path)))
    assert "cannot be read" in refusal(cli("compare", tmp_path / "none.toml"))


def test_another_engine_keeps_what_both_have():
    assert chosen(Slurm(partition="long", jobs=3), "slurm", None) == Slurm(partition="long", jobs=3)
    assert chosen(Slurm(partition="long", jobs=3, retries=1), "local", None) == Local(jobs=3, retries=1)
    assert chosen(Local(), None, 5) == Local(jobs=5)
    with pytest.raises(ConfigError):
        chosen(Local(), "cloud", None)


@pytest.mark.slow
def test_on_a_terminal_a_table_is_alive_and_elsewhere_each_run_ends_with_a_line(tmp_path):
    said = {}
    for place, terminal in (("a", True), ("b", False)):
        text = io.StringIO()
        console = Console(file=text, force_terminal=terminal, width=100)
        plan = planned(tmp_path / place, seeds=1)
        carry_out(plan, Local(jobs=1), tmp_path / place, Board(console, plan))
        said[place] = text.getvalue()
    assert "in progress" in said["a"] and "seed 1: epoch" in said["a"]
    assert [line.split(":")[0] for line in said["b"].splitlines()] == [
        "1/2  backpropagation, seed 1",
        "2/2  feedback_alignment, seed 1",
    ]


def test_the_example_of_the_page_is_a_comparison():
    example, *_ = blocks(ROOT / "docs/comparing.md", "toml")
    described = Comparison.from_table(tomllib.loads(example.text))
    study = study_of(dataclasses.replace(described, base={}), Path())
    assert [each.name for each in study.cells][:3] == [f"{rule}, none, digits" for rule in described.rules]


def test_the_comparison_of_the_project_can_reach_a_conclusion_and_refuses_nothing(tmp_path):
    described, beside = opened(ROOT / "experiments/compare_rules.toml")
    found = planned_runs(study_of(described, beside), tmp_path)
    rules, seeds = len(described.rules), len(described.seed_list)
    assert found.refused == () and len(found.runs) == rules * seeds >= 8 * 6
    assert too_few_seeds(seeds, described.alpha, comparisons=rules - 1) is None


def test_every_key_of_a_comparison_and_of_its_engines_is_documented():
    page = (ROOT / "docs/comparing.md").read_text(encoding="utf-8")
    keys = [field.name for field in dataclasses.fields(Comparison) if field.name != "engine"]
    engines = {f"engine.{field.name}" for kind in Engine.kinds().values() for field in dataclasses.fields(kind)}
    assert [key for key in [*keys, *sorted(engines), "engine.kind"] if f"`{key}`" not in page] == []
