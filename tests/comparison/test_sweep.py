"""Failure aimed at: settings that are misread, tried twice or forgotten, and a choice that looked at the test set unseen."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from bio_fa.comparison.engines import Local
from bio_fa.comparison.search import Search
from bio_fa.comparison.space import Choices, Range, as_table, dimension, drawn, grid
from bio_fa.comparison.sweep import Sweep, sweep
from bio_fa.errors import ConfigError
from tests.small import contents, write_config

needs_optuna = pytest.mark.skipif(importlib.util.find_spec("optuna") is None, reason="optuna is not installed")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("training.batch=16,32", Choices("training.batch", ("16", "32"))),
        ("training.epochs=5:50", Range("training.epochs", 5, 50, log=False, whole=True)),
        ("a.b=1e-3:1:log", Range("a.b", 1e-3, 1, log=True, whole=False)),
        ("a=[{kind='scale', rate=0.1}],[{kind='sign'}]", Choices("a", ("[{kind='scale', rate=0.1}]", "[{kind='sign'}]"))),
        ("circuit.model=own.py:build,two_area", Choices("circuit.model", ("own.py:build", "two_area"))),
        ("name='a,b',c", Choices("name", ("'a,b'", "c"))),
    ],
)
def test_a_dimension_is_what_its_text_says(text, meant):
    assert dimension(text) == meant


@pytest.mark.parametrize("text", ["training.batch", "=1,2", "a=", "a=2:1", "a=0:1:log", "a=1:2:linear"])
def test_a_dimension_without_key_values_or_order_is_refused(text):
    with pytest.raises(ConfigError, match="write "):
        dimension(text)


def test_a_grid_is_every_combination():
    assert grid([Choices("a", ("1", "2")), Choices("b", ("x", "y"))]) == [
        {"a": "1", "b": "x"},
        {"a": "1", "b": "y"},
        {"a": "2", "b": "x"},
        {"a": "2", "b": "y"},
    ]
    with pytest.raises(ConfigError, match="a range has no end of values"):
        grid([dimension("a=0:1")])


def test_a_logarithmic_range_is_uniform_in_the_logarithm():
    """Of a uniform logarithm between 1e-4 and 1 the mean is log 1e-2; its standard error over 2000 draws is 0.06."""
    values = np.log([float(each["a"]) for each in drawn([dimension("a=1e-4:1:log")], 2000, 0)])
    assert np.mean(values) == pytest.approx(np.log(1e-2), abs=4 * (np.log(1e4) / np.sqrt(12)) / np.sqrt(2000))
    assert values.min() >= np.log(1e-4) and values.max() <= 0


def test_whole_ends_give_whole_numbers_up_to_both_of_them():
    values = {each["a"] for each in drawn([dimension("a=1:4")], 200, 0)}
    assert values == {"1", "2", "3", "4"}


def test_more_draws_leave_the_first_ones_as_they_are():
    dimensions = [dimension("a=0.0:1.0"), dimension("b=x,y,z")]
    assert drawn(dimensions, 9, 0)[:4] == drawn(dimensions, 4, 0)


def test_a_setting_becomes_nested_keys_with_the_values_of_toml():
    assert as_table({"training.batch": "16", "task.kind": "digits"}) == {"training": {"batch": 16}, "task": {"kind": "digits"}}


@pytest.fixture
def config(tmp_path) -> Path:
    """The file of a small experiment."""
    return write_config(tmp_path)


def swept(config: Path, **changes) -> Sweep:
    return Sweep(config, **{"grid": [dimension("training.batch=16,32")], "seeds": 1, **changes})


@pytest.mark.slow
def test_a_grid_runs_every_setting_once_and_a_wider_one_only_what_is_new(config, tmp_path):
    output = tmp_path / "out"
    found = sweep(swept(config), output, Local(jobs=2))
    assert found.table["training.batch"].tolist() == ["16", "32"] and found.table["n"].tolist() == [1, 1]
    before = contents(output / "runs")
    wider = sweep(swept(config, grid=[dimension("training.batch=16,32,64")]), output, Local(jobs=2))
    assert len(wider.table) == 3 and before.items() <= contents(output / "runs").items()
    assert wider.table["mean"][:2].tolist() == found.table["mean"].tolist()


def test_settings_are_judged_on_trials_held_out_of_training_and_results_say_so(config):
    (run, *_) = [cell.table for cell in swept(config).study([{"training.batch": "16"}]).cells]
    assert run["task"]["validation"] == 0.2
    notes = list(swept(config)._notes(2))
    assert "20 % of the training trials, which were held out; the test set was not looked at" in notes[0]
    assert notes[-1].startswith("The lowest of several means is lower than that setting's own by chance")


def test_a_choice_by_the_test_set_is_warned_of(config):
    notes = list(swept(config, overrides={"task": {"validation": 0.0}})._notes(2))
    assert notes[0].startswith("Warning: ") and "is that of the test set" in notes[0]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"grid": ()}, "no key is varied"),
        ({"seeds": 0}, "give at least 1 of each"),
        ({"search": True}, "a search takes keys of --random alone"),
        ({"grid": [Choices("seed", ("1", "2"))]}, "give --seeds for more seeds"),
    ],
)
def test_a_sweep_of_nothing_is_refused(config, changes, sentence):
    with pytest.raises(ConfigError, match=sentence):
        swept(config, **changes)


SPACE = (dimension("a=0.0:1.0"), dimension("b=x,y"))


def asked(count: int) -> Search:
    return Search(SPACE, count, 2, "what is lowest?")


@needs_optuna
def test_a_search_goes_on_where_it_stopped_and_tries_nothing_twice(tmp_path):
    judged: list[dict[str, str]] = []

    def judge(settings):
        judged.extend(settings)
        return {place: abs(float(each["a"]) - 0.3) for place, each in enumerate(settings)}

    first = asked(4).settings(tmp_path, judge)
    assert first == judged and len(first) == 4
    assert asked(4).settings(tmp_path, judge) == first and len(judged) == 4
    assert asked(7).settings(tmp_path, judge)[:4] == first
    assert len(judged) == 7 and len({tuple(each.items()) for each in judged}) == 7


@needs_optuna
def test_a_search_that_was_killed_takes_up_what_it_had_chosen(tmp_path):
    chosen: list[dict[str, str]] = []

    def die(settings):
        chosen.extend(settings)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        asked(4).settings(tmp_path, die)
    found = asked(4).settings(tmp_path, lambda settings: dict.fromkeys(range(len(settings)), 0.5))
    assert found[:2] == chosen and len(found) == 4


@needs_optuna
def test_a_setting_without_a_score_is_not_tried_for_ever(tmp_path):
    assert len(asked(3).settings(tmp_path, lambda settings: {})) == 3


@needs_optuna
@pytest.mark.slow
def test_a_search_runs_what_it_chooses(config, tmp_path):
    asked = swept(config, grid=(), random=[dimension("training.batch=8:32")], search=True, count=3)
    found = sweep(asked, tmp_path / "out", Local(jobs=2))
    assert 1 <= len(found.table) <= 3 and found.table["mean"].notna().all()
    before = contents(tmp_path / "out/runs")
    assert sweep(asked, tmp_path / "out", Local(jobs=2)).table["cell"].tolist() == found.table["cell"].tolist()
    assert contents(tmp_path / "out/runs") == before
