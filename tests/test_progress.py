"""Aims at a run that seems to hang, shows another number than it measured, or litters a log file with a bar."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from bio_fa.progress import ProgressBar
from bio_fa.training import Score
from tests.small import small_experiment

LINE = {"epoch": 3, "train_loss": 0.5, "train_error": 0.25, "test_loss": 0.75, "test_error": 0.125}


def shown(terminal: bool, *lines: dict) -> str:
    """Return what a run of 64 training trials shows."""
    stream = StringIO()
    bar = ProgressBar(Console(file=stream, force_terminal=terminal, width=120, color_system=None))
    bar.begin(small_experiment(), 64)
    bar.trained(32, Score(32, 16.0, 8.0), 1234.5)
    if terminal:
        bar.progress.refresh()
    for line in lines:
        bar.evaluated(line)
    bar.end()
    return stream.getvalue()


def test_a_log_gets_the_circuit_and_one_line_an_epoch():
    lines = shown(False, LINE).rstrip().splitlines()
    assert lines[0].startswith("two_area: 96 neurons")
    assert lines[-1] == "epoch   3   test loss 0.7500  error 12.50 %   training loss 0.5000  error 25.00 %"
    assert len(lines) == 5


def test_a_log_gets_no_bar_and_no_control_characters():
    assert "\x1b" not in shown(False, LINE)
    assert "samples/s" not in shown(False, LINE)


def test_a_terminal_shows_loss_error_and_speed_while_a_run_goes():
    text = shown(True, LINE)
    assert "loss 0.5000  error 25.00 %" in text
    assert "1,234 samples/s" in text


def test_before_learning_there_is_no_training_score():
    text = shown(False, {**LINE, "train_loss": None, "train_error": None})
    assert "test loss 0.7500" in text
    assert "training" not in text


def test_a_regression_has_a_loss_and_no_error():
    assert "error" not in shown(False, {**LINE, "train_error": None, "test_error": None})


def test_a_run_that_ends_before_it_began_ends_quietly():
    stream = StringIO()
    ProgressBar(Console(file=stream)).end()
    assert stream.getvalue().strip() == ""


@pytest.mark.parametrize("terminal", [False, True])
def test_a_quiet_console_shows_nothing(terminal):
    stream = StringIO()
    bar = ProgressBar(Console(file=stream, force_terminal=terminal, quiet=True))
    bar.begin(small_experiment(), 64)
    bar.evaluated(LINE)
    bar.end()
    assert stream.getvalue() == ""
