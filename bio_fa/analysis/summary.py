"""Summary: an inspection in a screenful of plain text."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

UNKNOWN = "unknown"
LABEL_WIDTH = 18


def summarise(inspection: dict[str, Any]) -> str:
    """Return what ``inspect_run`` found as lines of text: outcome, constraints, alignment, liveness, spikes, speed, gaps."""
    lines = ["{name} (seed {seed}): {status}".format(**inspection) + _remark(inspection["message"])]
    for title, entries in _sections(inspection):
        labels = itertools.chain([title], itertools.repeat(""))
        lines += [f"  {label:<{LABEL_WIDTH}}{entry}" for label, entry in zip(labels, entries, strict=False)]
    return "\n".join(lines) + "\n"


def percent(fraction: float | None) -> str:
    """Return a fraction as a percentage."""
    return UNKNOWN if fraction is None else f"{100 * fraction:.2f} %"


def number(value: float | None, form: str = "{:,.0f}") -> str:
    """Return a number in a form, or that it is unknown."""
    return UNKNOWN if value is None else form.format(value)


def degrees(angle: dict[str, float | None]) -> str:
    """Return an angle beside the shuffled one: ``62.1° (shuffled 90.0 ± 0.2°)``."""
    shown = [number(angle[key], "{:.1f}") for key in ("angle", "null_mean", "null_sd")]
    return "{}° (shuffled {} ± {}°)".format(*shown)


def last_alignment(inspection: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of the last snapshot, one per forward projection."""
    return list({row["forward"]: row for row in inspection["alignment"] or []}.values())


def _remark(message: str | None) -> str:
    return f" ({message})" if message else ""


def _sections(found: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    yield "learning", [f"{found['learning']}, {found['model']}, {_dalean(found['dalean'])}"]
    yield "test", [_scores(found["metrics"])]
    yield "violations", [_violations(found["audit"])]
    yield "weight transport", [_transport(found["audit"]["weight_transport"])]
    yield "feedback angle", [f"{row['forward']}: {degrees(row['excitatory'])}" for row in last_alignment(found)]
    yield "update angle", [f"{name}: {degrees(row)}" for name, row in (found["update_alignment"] or {}).items()]
    yield "liveness", [_alive(name, row) for name, row in (found["liveness"] or {}).items()]
    yield "spikes", [_cost(trial, found["spiking"][trial]) for trial in ("test", "learning") if found["spiking"]]
    yield "speed", [f"{number(found['timing']['samples_per_second'])} samples/s"]
    yield "not known", [f"{part}: {reason}" for part, reason in found["reasons"].items()]


def _dalean(dalean: bool | None) -> str:
    return {True: "under Dale's law", False: "without Dale's law", None: "Dale's law unknown"}[dalean]


def _scores(metrics: dict[str, Any]) -> str:
    if metrics["epochs"] is None:
        return UNKNOWN
    if metrics["test_error"] is None:
        score = f"loss {number(metrics['test_loss'], '{:.4g}')}"
    else:
        score = f"error {percent(metrics['test_error'])} (training {percent(metrics['train_error'])})"
    return f"{score} after {number(metrics['epochs'], '{:g}')} epochs, {number(metrics['trials'])} trials"


def _violations(audit: dict[str, Any]) -> str:
    counts = {kind: number(audit[f"{kind}_violations"]) for kind in ("dale", "mask", "negative_rate")}
    if audit["dale_violations"] is None and audit["snapshots_checked"]:
        counts["dale"] = "(no law)"
    shown = "Dale {dale}, mask {mask}, negative rates {negative_rate}".format(**counts)
    free = f"; activity is signed in {', '.join(audit['signed_activity'])}" if audit["signed_activity"] else ""
    return f"{shown} in {audit['snapshots_checked']} snapshots{free}"


def _transport(transport: dict[str, Any]) -> str:
    verdict = {True: "detected", False: "not detected", None: UNKNOWN}[transport["detected"]]
    return f"{verdict}: {transport['reason']}"


def _cost(trial: str, row: dict[str, Any]) -> str:
    spikes, events = (number(row[key]) for key in ("spikes", "synaptic_events"))
    return f"{spikes} spikes and {events} synaptic events a {trial} trial ({number(row['rate'], '{:.3g}')} Hz a neuron)"


def _alive(name: str, row: dict[str, Any]) -> str:
    saturated = "no ceiling" if row["saturated"] is None else f"{percent(row['saturated'])} saturated"
    return f"{name}: {percent(row['silent'])} silent, {saturated}"
