"""The run's own table: what ``run.json`` says about a run, and who gives feedback to whom in it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Required, TypedDict

from bio_fa.description import Description, expected, misfits
from bio_fa.errors import BioFAError, RecordError
from bio_fa.io.run_folder import RunFolder


class RunTable(TypedDict, total=False):
    """What ``run.json`` says of a run."""

    name: str | None
    seed: int | None
    status: str | None
    message: str | None
    learning: str | None
    start: dict[str, object] | None
    model: str | None
    dalean: bool | None
    spiking: bool | None
    input: str | None
    output: str | None
    sources: list[str] | None
    alignment_pairs: list[dict[str, object]] | None
    ceilings: dict[str, float | None] | None
    signed_activity: list[str] | None
    skipped: dict[str, str] | None
    provenance: dict[str, object] | None
    timing: dict[str, float | None] | None


class Angle(TypedDict):
    """An angle beside the shuffled one, in degrees."""

    angle: float | None
    null_mean: float | None
    null_sd: float | None


class Cost(TypedDict):
    """What a trial costs in spikes."""

    spikes: float | None
    synaptic_events: float | None
    rate: float | None


class Costs(TypedDict):
    """What trials cost in spikes, and how fast each population fires in them."""

    test: Cost
    learning: Cost
    rates: dict[str, float | None]


class Line(TypedDict, total=False):
    """What a line of ``metrics.jsonl`` says."""

    epoch: Required[float]
    trial: float | None
    train_loss: float | None
    train_error: float | None
    test_loss: float | None
    test_error: float | None
    seconds: float | None
    samples_per_second: float | None
    update_alignment: dict[str, Angle] | None
    spiking: Costs | None


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
        RecordError: when it cannot be read, is no table or says what no run says.
    """
    table = folder.read_json(folder.run)
    if not isinstance(table, dict):
        raise RecordError(f"{folder.run} holds {type(table).__name__}, not a table; restore a copy or run again.")
    _require_form(table, RunTable, folder.run)
    if (table.get("seed") or 0) < 0:
        raise RecordError(f"{folder.run}: seed = {table['seed']} is negative; restore a copy or run again.")
    return table


def _require_form(table: dict[str, Any], form: type, path: Path) -> None:
    """Refuse a table whose values are not of the types that ``form`` says."""
    for key, hint in misfits(table, form).items():
        raise RecordError(f"{path}: {key} = {table.get(key)!r:.60} is not {expected(hint)}; restore a copy or run again.")


def metrics_lines(folder: RunFolder) -> list[dict[str, Any]]:
    """Return the lines of ``metrics.jsonl``, at least one.

    Raises:
        RecordError: when there is none, an earlier line than the last is torn, or one says what no evaluation says.
    """
    lines = folder.read_metrics() if folder.metrics.exists() else []
    if not lines:
        raise RecordError("The run wrote no metrics: it stopped before its first evaluation.")
    for line in lines:
        _require_form(line, Line, folder.metrics)
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
