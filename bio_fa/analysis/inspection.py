"""Inspection: everything a run folder tells about its run, as one table of plain values."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, final

from bio_fa.analysis.alignment import alignment
from bio_fa.analysis.audit import audit_weights, densities, negative_rates, signed_activity, weight_transport
from bio_fa.analysis.liveness import liveness
from bio_fa.analysis.run_table import metrics_lines, run_table, sentence
from bio_fa.errors import BioFAError
from bio_fa.io.plain import plain
from bio_fa.io.run_folder import RunFolder

KEYS = ("name", "seed", "status", "message", "learning", "model", "dalean", "input", "output", "provenance", "sources")
"""What ``run.json`` says and an inspection repeats."""

UNCHECKED: dict[str, Any] = {"dale_violations": None, "mask_violations": None, "snapshots_checked": 0, "offenders": {}}
"""The audit of weights that cannot be read."""

UNFINISHED = "The run has not ended; this is what it has committed so far, and bio-fa run --resume goes on with it."

SCORES = ("train_loss", "train_error", "test_loss", "test_error")


def inspect_run(run: str | Path) -> dict[str, Any]:
    """Return what the folder of a run tells, ready for JSON: no nan, and None for what cannot be known.

    Keys: those of ``KEYS``; ``metrics`` (the last line's scores; errors are fractions), ``audit`` (violations, weight
    transport, densities), ``liveness`` per population, ``alignment`` per area and snapshot, ``update_alignment`` per
    projection, ``spiking`` (spikes and synaptic events per trial; None without spikes), ``timing``, and ``reasons``, which says in
    a sentence why a part is None.

    Raises:
        RecordError: when the folder holds no readable run.
    """
    folder = RunFolder.open(run)
    description, known = run_table(folder), _Known(folder)
    known.reasons |= description.get("skipped") or {}
    known.reasons |= {"the rest": UNFINISHED} if folder.unfinished else {}
    lines = known.of("metrics", metrics_lines) or [{}]
    table = {key: description.get(key) for key in KEYS} | {
        "metrics": _metrics(lines[-1]),
        "audit": _audit(known),
        "liveness": known.of("liveness", liveness),
        "alignment": known.of("alignment", alignment),
        "update_alignment": _last(lines, "update_alignment"),
        "spiking": _last(lines, "spiking"),
        "timing": _timing(description, lines[-1]),
        "reasons": known.reasons,
    }
    return plain(table)  # type: ignore[no-any-return]


@final
class _Known:
    """What can be known of a run that may have stopped early, and the reasons why the rest cannot."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.reasons: dict[str, str] = {}

    def of(self, part: str, measure: Callable[[RunFolder], Any]) -> Any:
        """Return what ``measure`` finds, or None, with its error among the reasons."""
        try:
            return measure(self.folder)
        except BioFAError as error:
            self.reasons[part] = sentence(error, self.folder)
            return None


def _audit(known: _Known) -> dict[str, Any]:
    weights = known.of("audit.weights", audit_weights) or UNCHECKED
    if weights["snapshots_checked"] and weights["dale_violations"] is None:
        known.reasons["audit.dale_violations"] = "No projection has a sign, so there was no Dale's law to keep."
    return {
        **weights,
        "negative_rate_violations": known.of("audit.negative_rate_violations", negative_rates),
        "signed_activity": signed_activity(known.folder),
        "weight_transport": known.of("audit.weight_transport", weight_transport) or _no_transport(known.reasons),
        "density": known.of("audit.density", densities),
    }


def _no_transport(reasons: dict[str, str]) -> dict[str, Any]:
    return {"detected": None, "reason": reasons["audit.weight_transport"], "correlations": {}}


def _metrics(last: dict[str, Any]) -> dict[str, Any]:
    return {**{score: last.get(score) for score in SCORES}, "epochs": last.get("epoch"), "trials": last.get("trial")}


def _last(lines: list[dict[str, Any]], key: str) -> dict[str, Any] | None:
    """Return what the last line of metrics says that has this key, such as the angles of updates per projection."""
    return next((line[key] for line in reversed(lines) if line.get(key)), None)


def _timing(description: dict[str, Any], last: dict[str, Any]) -> dict[str, Any]:
    """Return the run's own timing, or what the last line of metrics knows of it when it did not finish."""
    known = {"training_seconds": last.get("seconds"), "samples_per_second": last.get("samples_per_second")}
    return {**known, "total_seconds": None, **(description.get("timing") or {})}
