"""Aims at figures that draw other numbers than the run's, lack labels or units, or fail on an incomplete run."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from bio_fa.analysis import figures
from bio_fa.errors import RecordError
from bio_fa.io.run_folder import RunFolder
from tests.analysis.synthetic_run import CLASSES, PAIR, PLASTIC


def panels(figure):
    return [each for each in figure.axes if each.get_title(loc="left")]


@pytest.mark.parametrize("name", figures.FIGURES)
def test_every_panel_is_titled_and_its_axes_are_named(run, name):
    drawn = panels(figures.FIGURES[name](RunFolder.open(run.write())))
    assert drawn
    assert all(each.get_xlabel() and each.get_ylabel() for each in drawn)


def test_the_learning_curve_is_that_of_the_metrics(run):
    error, loss = panels(figures.learning_curve(RunFolder.open(run.write())))
    assert {each.get_label(): each.get_ydata().tolist() for each in error.lines} == {
        "test": [0.25, 0.125],
        "training": [0.2, 0.1],
    }
    assert loss.lines[0].get_xdata().tolist() == [1.0, 2.0]


def test_errors_are_shown_in_percent_as_their_axis_says(run):
    error, _ = panels(figures.learning_curve(RunFolder.open(run.write())))
    assert "%" in error.get_ylabel() and error.yaxis.get_major_formatter()(0.25, 0) == "25"


def test_regression_has_a_loss_and_no_error(run):
    for line in run.metrics:
        line["test_error"] = line["train_error"] = None
    assert [each.get_ylabel() for each in panels(figures.learning_curve(RunFolder.open(run.write())))] == ["loss"]


def test_alignment_is_drawn_over_its_null_band(run):
    weights, updates = panels(figures.alignment_over_time(RunFolder.open(run.write())))
    assert {f"{PAIR['forward']}, {kind}" for kind in ("excitatory", "effective")} <= {
        each.get_label() for each in weights.lines
    }
    assert set(PLASTIC) <= {each.get_label() for each in updates.lines}
    band = updates.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == (88.0, 92.0)


def test_alignment_of_weights_is_drawn_when_the_metrics_are_missing(run):
    run.metrics = []
    (weights,) = panels(figures.alignment_over_time(RunFolder.open(run.write())))
    assert weights.get_title(loc="left") == "Feedback with forward weights"


def test_the_raster_sorts_trials_by_label_and_neurons_by_preference(run):
    output = next(
        each
        for each in panels(figures.activity_raster(RunFolder.open(run.write())))
        if each.get_title(loc="left") == "V2_E"
    )
    shown = np.asarray(output.images[0].get_array())
    right = np.arange(len(run.label)) % 10 != 3
    expected = np.eye(CLASSES)[np.sort(run.label)]
    assert np.mean((shown == expected).all(axis=1)) == right.mean()


def test_weight_distributions_count_existing_synapses_only(run):
    drawn = panels(figures.weight_distributions(RunFolder.open(run.write())))
    for panel, projection in zip(drawn, PLASTIC, strict=True):
        initial = sum(bar.get_height() for bar in panel.containers[0])
        assert panel.get_title(loc="left") == projection
        assert initial == np.count_nonzero(run.masks[projection])


def test_the_confusion_matrix_states_the_error_and_the_counts_of_its_trials(run):
    panel = panels(figures.confusion_matrix(RunFolder.open(run.write())))[0]
    assert panel.get_title(loc="left") == "10.00 % of 60 recorded trials wrong"
    counted = {each.get_position(): int(each.get_text()) for each in panel.texts}
    assert counted == {(0, 0): 12, (1, 1): 12, (2, 2): 12, (3, 3): 6, (4, 3): 6, (4, 4): 12}


@pytest.mark.parametrize("name", figures.FIGURES)
def test_a_run_that_stopped_at_once_gives_the_reason_instead(run, name):
    run.metrics, run.snapshots, run.epochs = [], {}, []
    with pytest.raises(RecordError):
        figures.FIGURES[name](RunFolder.open(run.write()))


@pytest.mark.parametrize("name", figures.FIGURES)
def test_a_diverged_run_can_be_drawn(run, name):
    run.snapshots["final"][PAIR["forward"]][:] = np.nan
    run.epochs[1]["free"]["V1_E"][:] = np.nan
    run.metrics[1]["test_loss"] = None
    assert panels(figures.FIGURES[name](RunFolder.open(run.write())))


def test_drawing_leaves_matplotlibs_global_state_alone():
    code = "import sys, bio_fa.analysis; sys.exit('matplotlib.pyplot' in sys.modules or 'torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
