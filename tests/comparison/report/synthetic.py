"""A study whose numbers are drawn, not learned: as many rules, seeds and conditions as a test wants, in no time."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bio_fa.comparison.cells import Cell
from bio_fa.comparison.judgement import cell_table, improvements, judge, pairs
from bio_fa.comparison.plan import Refusal
from bio_fa.comparison.report.findings import Findings
from bio_fa.comparison.report.page import Page
from bio_fa.comparison.results import Results
from bio_fa.io.plain import write_json
from bio_fa.rules import CorticalNetwork, LearningRule, Network

NINE = (
    "backpropagation",
    "random_sign_symmetry",
    "kolen_pollack",
    "feedback_alignment",
    "activity_differences",
    "direct_feedback_alignment",
    "direct_random_target_projection",
    "node_perturbation",
    "frozen_hidden",
)
FORWARD = ("input_to_H1", "H1_to_output")
HOSTILE = "<script>alert('x')</script>&amp;\"><img src=x onerror=alert(1)>"
"""A name that must stay a name."""


def page(
    folder: Path,
    rules: Sequence[str] = NINE[:3],
    seeds: int = 9,
    constraints: Sequence[str] = (),
    reference: str | None = "backpropagation",
    epochs: int = 4,
    diverged: Sequence[tuple[str, int]] = (),
    **study: Any,
) -> Page:
    """Return the page of a study; each of ``diverged`` is a rule and a seed without a score."""
    rng = np.random.default_rng(1)
    cells = [Cell({"rule": rule} | ({"constraints": each} if each else {}), {}) for each in constraints or [""] for rule in rules]
    found = [
        _run(cell, seed, rules.index(cell.labels["rule"]), epochs, (cell.labels["rule"], seed) in diverged, rng)
        for cell, seed in itertools.product(cells, range(1, seeds + 1))
    ]
    results = _results([each.run for each in found], cells, {"name": "synthetic", "measure": "test_error", **study}, reference)
    return Page(results, found, folder, "bio-fa compare synthetic.toml")


def with_circuits(described: Page) -> Page:
    """Return a page whose runs have left their circuits: a small network, a cortical one where it is called so."""
    for each in described.found:
        network = CorticalNetwork if each.run.get("constraints") == "cortical" else Network
        circuit = LearningRule.kinds()["feedback_alignment"]().circuit(network(4, (3, 3), 2))
        place = described.folder / each.run["folder"]
        place.mkdir(parents=True)
        write_json(place / "circuit.json", circuit.to_table())
    return described


def _results(rows: list[Any], cells: list[Cell], study: dict[str, Any], reference: str | None) -> Results:
    runs = pd.DataFrame(rows)
    verdicts, notes = judge(runs, pairs(cells, reference), "test_error", 0.05)
    refused = (Refusal(Cell({"rule": "refused"}, {}), "it needs signed weights."),)
    asked = {**study, "rules": list(dict.fromkeys(each.labels["rule"] for each in cells)), "reference": reference}
    better = tuple(improvements(runs, verdicts))
    return Results(asked, cell_table(runs, list(cells[0].labels)), runs, tuple(verdicts), better, refused, {}, tuple(notes))


def _run(cell: Cell, seed: int, place: int, epochs: int, diverged: bool, rng: np.random.Generator) -> Findings:
    last = 0.02 * (place + 1) + 0.004 * float(rng.random())
    errors = [last + (0.9 - last) * 0.5**epoch for epoch in range(epochs)] + [last]
    angle = {"angle": 80.0 - place, "null_mean": 90.0, "null_sd": 1.0}
    lines = [
        {"epoch": epoch, "trial": 100 * epoch, "test_error": error, "update_alignment": dict.fromkeys(FORWARD, angle)}
        for epoch, error in enumerate(errors)
    ]
    run = {
        **cell.labels,
        "cell": cell.name,
        "seed": seed,
        "status": "diverged" if diverged else "finished",
        "score": np.nan if diverged else errors[-1],
        "area": np.nan if diverged else float(np.mean(errors)),
        "trials_to_threshold": np.nan,
        "seconds": np.nan if diverged else 1.5,
        "folder": f"runs/{cell.slug}-{seed}-0123abcd",
    }
    return Findings(run, inspection(angle), lines, cell.labels["rule"])


def inspection(angle: dict[str, float]) -> dict[str, Any]:
    """Return what an inspection of a small healthy run tells."""
    return {
        "status": "finished",
        "message": "",
        "input": "input",
        "audit": {
            "dale_violations": 0,
            "mask_violations": 0,
            "negative_rate_violations": 0,
            "weight_transport": {"detected": False, "reason": "", "correlations": {}},
        },
        "liveness": {name: {"silent": 0.1, "saturated": 0.0, "mean": 0.5, "dimension": 3.2} for name in ("input", "H1", "output")},
        "alignment": [
            {"area": "H1_area", "forward": FORWARD[1], "snapshot": name, "epoch": epoch, "excitatory": angle, "effective": angle}
            for epoch, name in ((0.0, "initial"), (4.0, "final"))
        ],
        "spiking": None,
        "provenance": {
            "bio_fa": "0.1.0",
            "commit": "abc",
            "dirty": False,
            "python": "3.11.7",
            "platform": "Linux",
            "cpus": 2,
            "threads": 1,
            "packages": {"numpy": "2.3.5"},
            "created": "2026-01-01T00:00:00+00:00",
        },
        "reasons": {},
    }
