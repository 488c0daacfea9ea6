"""The run's own table: what ``run.json`` says about a run, and who gives feedback to whom in it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from bio_fa.description import Description
from bio_fa.errors import BioFAError, RecordError
from bio_fa.io.run_folder import RunFolder


@dataclass(frozen=True)
class FeedbackPath(Description):
    """The projections that feedback passes through, the last one first, and whether it excites (+1) or inhibits (−1).

    Raises:
        DescriptionError: for no projection or another sign.
    """

    names: tuple[str, ...]
    sign: float

    def validate(self) -> None:
        """Refuse a path that is no signed product of projections."""
        self.require(bool(self.names), "names", "at least one projection")
        self.require(self.sign in (1, -1), "sign", "+1 or -1")


@dataclass(frozen=True)
class FeedbackPair(Description):
    """An area that receives feedback from the next one, and the projections that leave it forwards."""

    area: str
    forward: str
    """The excitatory projection W_EE from the area to the next."""
    inhibition: tuple[tuple[str, ...], ...]
    """The disynaptic inhibitory paths (W_EI, W_IE) from the area to the next."""
    feedback: tuple[FeedbackPath, ...]
    """The paths from the next area back to this one."""


def run_table(folder: RunFolder) -> dict[str, Any]:
    """Return what ``run.json`` holds.

    Raises:
        RecordError: when it cannot be read or is no table.
    """
    table = folder.read_json(folder.run)
    if not isinstance(table, dict):
        raise RecordError(f"{folder.run} holds {type(table).__name__}, not a table; restore a copy or run again.")
    return table


def metrics_lines(folder: RunFolder) -> list[dict[str, Any]]:
    """Return the lines of ``metrics.jsonl``, at least one.

    Raises:
        RecordError: when there is none, or an earlier line than the last is torn.
    """
    lines = folder.read_metrics() if folder.metrics.exists() else []
    if not lines:
        raise RecordError("The run wrote no metrics: it stopped before its first evaluation.")
    return lines


def sentence(error: BioFAError, folder: RunFolder) -> str:
    """Return what an error says, with files named as inside the run folder: a report travels without its folder."""
    return str(error).replace(f"{folder.path}{os.sep}", "")


def thresholds(folder: RunFolder) -> dict[str, float]:
    """Return the threshold of each population whose neurons have one, as ``circuit.json`` describes them.

    Raises:
        RecordError: when there is no description, or it is malformed.
    """
    table = folder.read_json(folder.circuit)
    try:
        populations = [each for area in table["areas"] for group in ("forward", "feedback") for each in area[group]]
        found = {each["name"]: each["neuron"].get("threshold") for each in populations}
        return {name: float(threshold) for name, threshold in found.items() if threshold is not None}
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise RecordError(f"{folder.circuit} describes no circuit ({error!r}); restore a copy or run again.") from error


def feedback_pairs(folder: RunFolder) -> list[FeedbackPair]:
    """Return the pairs of a run whose area receives feedback.

    Raises:
        RecordError: when there is none, or they are malformed.
    """
    tables = run_table(folder).get("alignment_pairs") or []
    try:
        pairs = [_pair(table) for table in tables]
    except (LookupError, TypeError, ValueError) as error:
        raise RecordError(f"{folder.run}: its alignment_pairs are malformed ({error}); restore a copy.") from error
    with_feedback = [pair for pair in pairs if pair.feedback]
    if not with_feedback:
        raise RecordError("No area receives feedback from the next one; alignment needs a feedback pathway.")
    return with_feedback


def _pair(table: dict[str, Any]) -> FeedbackPair:
    feedback = tuple(FeedbackPath(tuple(names), sign) for *names, sign in table["feedback"])
    return FeedbackPair(table["area"], table["forward"], tuple(map(tuple, table["inhibition"])), feedback)
