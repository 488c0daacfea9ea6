"""Evaluation: what a line of ``metrics.jsonl`` says after an epoch."""

from __future__ import annotations

from typing import Any

from bio_fa.examination import Examination
from bio_fa.training import Score, Training


def evaluation(
    training: Training, epoch: int, learned: Score | None, test: Score, found: Examination, aligns: bool
) -> dict[str, Any]:
    """Return the measures of a circuit as it is after an epoch.

    Args:
        training: the circuit.
        epoch: how many epochs it has learned.
        learned: the score of the trials of this epoch; None before the first.
        test: the score of the test trials.
        found: what was found beside the answers.
        aligns: whether the changes of weights are compared with the gradient, which takes longer.
    """
    line: dict[str, Any] = {
        "epoch": epoch,
        "trial": training.trials,
        "train_loss": learned.mean_loss if learned else None,
        "train_error": learned.error if learned else None,
        "test_loss": test.mean_loss,
        "test_error": test.error,
        "seconds": training.seconds,
        "samples_per_second": training.rate,
        "liveness": found.liveness,
    }
    if found.spiking is not None:
        line["spiking"] = found.spiking
    if aligns:
        line["update_alignment"] = training.alignment()
    return line
