"""Failure aimed at: a table that leaves out a setting, shows what is not known, or forgets which differences the seeds show."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bio_fa.comparison.judgement import cell_table
from bio_fa.comparison.report.notebook import notebook
from bio_fa.comparison.report.scoreboard import scoreboard
from tests.comparison.report.markup import read, rows
from tests.comparison.report.synthetic import page


@pytest.fixture
def swept() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cells and runs of a sweep over two keys, which has no rules."""
    settings = [("16", "0.1"), ("32", "0.5")]
    runs = [
        {"training.batch": batch, "circuit.density": density, "cell": f"batch={batch}, density={density}", "seed": seed}
        for batch, density in settings
        for seed in (1, 2, 3)
    ]
    table = pd.DataFrame(runs).assign(score=[0.1, 0.2, 0.3, 0.4, 0.5, np.nan], status="finished", area=0.5, seconds=1.0)
    return cell_table(table.assign(trials_to_threshold=np.nan), ["training.batch", "circuit.density"]), table


def test_a_sweep_has_a_column_a_key_and_no_columns_of_tests(swept):
    table, runs = swept
    grid = scoreboard(table, runs, "test_loss", (), ())
    names = [each.name for each in grid.columns]
    assert names[:3] == ["batch", "density", "test loss"]
    assert not {"p (Holm)", "P(better)", "trials to threshold"} & set(names)
    seen = rows(read(notebook(grid, [])), "scores")
    assert [row[:2] for row in seen] == [["16", "0.1"], ["32", "0.5"]]
    assert [row[3].split(" ± ")[0] for row in seen] == ["0.20", "0.45"]


def test_a_seed_without_a_score_has_no_point(swept):
    table, runs = swept
    strips = read(notebook(scoreboard(table, runs, "test_loss", (), ()), [])).classed("strip")
    assert [len(each.classed("seed")) for each in strips] == [3, 2]


def test_the_reference_has_no_test_and_differences_are_marked(tmp_path):
    results = page(tmp_path).results
    grid = scoreboard(results.table, results.runs, "test_error", results.verdicts, results.improvements)
    (place,) = [place for place, each in enumerate(grid.columns) if each.name == "p (Holm)"]
    assert [row[place].text for row in grid.rows] == ["–", "0.0078", "0.0078"], "the least p of nine seeds, twice"
    assert [row[place].look for row in grid.rows] == ["", "differs", "differs"]


def test_the_notebook_follows_its_theme_and_holds_no_script(tmp_path):
    html = page(tmp_path).results._repr_html_()
    assert "<script" not in html and ":root" not in html and 'data-jp-theme-light="false"' in html
    assert "seeds" in html and read(html).classed("strip")
