"""Checks: how runs ended, whether constraints held in those of each cell, and whether its populations carried signal."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from bio_fa.comparison.report.findings import Findings
from bio_fa.comparison.report.grid import Column, Field, Grid, figure, known, named, words
from bio_fa.comparison.report.reading import UNKNOWN, Reading, number

LAWS = {
    "dale_violations": Column("Dale’s law", "magnitudes that are not ≥ 0, over all snapshots of the weights"),
    "mask_violations": Column("masks", "synapses with a weight that do not exist, over all snapshots"),
    "negative_rate_violations": Column("rates ≥ 0", "recorded activities below 0; signed neurons are no violation"),
}
TRANSPORT = {True: "found", False: "none", None: "unknown"}

Cells = Mapping[str, Sequence[Findings]]
"""The runs of each cell."""


def audit(cells: Cells) -> Grid:
    """Return a row a cell: violations, weight transport, and the worst population that was silent or saturated."""
    heads = (
        Column("cell"),
        *LAWS.values(),
        Column("weight transport", "whether feedback copied the forward weights at the start"),
        Column("silent", "neurons at 0 in all trials recorded last: the worst population but the input, mean over seeds"),
        Column("saturated", "neurons at their ceiling, likewise"),
        Column("runs", "that could be checked"),
    )
    return Grid("audit", "Constraints and liveness of every cell", heads, tuple(_audited(*each) for each in cells.items()))


def dimensions(cells: Cells, key: str, name: str) -> Grid | None:
    """Return the effective dimensionality of each population, a row a cell; None where nothing was recorded."""
    found = {cell: _per_population(runs, "dimension") for cell, runs in cells.items()}
    populations = list(dict.fromkeys(population for row in found.values() for population in row))
    if not populations:
        return None
    rows = tuple(
        (named(cell), *(_measured(row.get(population), 3) for population in populations)) for cell, row in found.items()
    )
    caption = f"Effective dimensionality of each population{f', {name}' if name else ''}"
    return Grid(f"{key}-dimension", caption, (Column("rule"), *map(Column, populations)), rows)


def energy(cells: Cells) -> Grid | None:
    """Return what a trial costs in spikes, a row a cell; None without spikes."""
    costs = {cell: [each.part("spiking") for each in runs if each.part("spiking")] for cell, runs in cells.items()}
    if not any(costs.values()):
        return None
    asked = [(trial, what) for trial in ("test", "learning") for what in ("spikes", "synaptic_events", "rate")]
    heads = [Column(f"{what.replace('_', ' ')}{' (Hz)' if what == 'rate' else ''}, {trial}", "a trial") for trial, what in asked]
    rows = tuple(
        (named(cell), *(_measured([run[trial][what] for run in runs], 3) for trial, what in asked))
        for cell, runs in costs.items()
        if runs
    )
    return known(Grid("energy", "Spikes and synaptic events of a trial, mean over seeds", (Column("cell"), *heads), rows))


def runs(found: Sequence[Findings], reading: Reading) -> Grid:
    """Return a row a run: how it ended, what it scored, and a link to its folder."""
    columns = (Column("run", "its folder"), Column("cell"), Column("seed"), Column("status"))
    heads = (*columns, Column("score"), Column("seconds"), Column("remark"))
    return known(Grid("runs", "Every run", heads, tuple(_run(each, reading) for each in found)))


def by_cell(found: Sequence[Findings]) -> dict[str, list[Findings]]:
    """Return the runs of each cell, in their order."""
    return {cell: [each for each in found if each.cell == cell] for cell in dict.fromkeys(each.cell for each in found)}


def _run(each: Findings, reading: Reading) -> tuple[Field, ...]:
    run, place = each.run, str(each.run["folder"])
    link = Markup('<a href="{0}/">{1}</a>').format(place, Path(place).name)
    return (
        Field(link, place),
        named(each.cell),
        figure(str(run["seed"]), run["seed"]),
        words(run["status"], "" if each.scored else "broken"),
        figure(reading.text(run["score"]), run["score"]),
        figure(number(run["seconds"]), run["seconds"]),
        words(each.inspection.get("message") or each.reason),
    )


def _audited(cell: str, runs: Sequence[Findings]) -> tuple[Field, ...]:
    checked = [each.part("audit") for each in runs if each.part("audit")]
    counts = [_violations([each.get(law) for each in checked], law) for law in LAWS]
    worst = [_worst(runs, what) for what in ("silent", "saturated")]
    return (named(cell), *counts, _transport(checked), *worst, figure(f"{len(checked)}/{len(runs)}", len(checked)))


def _violations(counts: Sequence[int | None], law: str) -> Field:
    found = [each for each in counts if each is not None]
    if not found:
        return figure("no law" if law == "dale_violations" and counts else UNKNOWN, None, "unknown")
    return figure(f"{sum(found):,}", sum(found), "broken" if sum(found) else "kept")


def _transport(audits: Sequence[Mapping[str, Any]]) -> Field:
    found = Counter(TRANSPORT[each["weight_transport"]["detected"]] for each in audits)
    if not found:
        return words(UNKNOWN, "unknown")
    told = next(iter(found)) if len(found) == 1 else ", ".join(f"{count} {called}" for called, count in found.items())
    return words(told, {"none": "kept", "unknown": "unknown"}.get(told, "broken"))


def _worst(runs: Sequence[Findings], what: str) -> Field:
    means = {name: _mean(values) for name, values in _per_population(runs, what).items()}
    shares = {name: mean for name, mean in means.items() if math.isfinite(mean)}
    if not shares:
        return figure(UNKNOWN, None, "unknown")
    name = max(shares, key=shares.__getitem__)
    said = f"{100 * shares[name]:.1f} %" + (f" ({name})" if shares[name] > 0 else "")
    return figure(said, shares[name])


def _per_population(runs: Sequence[Findings], what: str) -> dict[str, list[float]]:
    """Return a measure of every population that has it, a value a run."""
    found: dict[str, list[float]] = {}
    for population, value in _values(runs, what):
        found.setdefault(population, []).append(value)
    return found


def _values(runs: Sequence[Findings], what: str) -> Iterator[tuple[str, float]]:
    for run in runs:
        for population, row in run.part("liveness").items():
            if row.get(what) is not None and (what == "dimension" or population != run.inspection.get("input")):
                yield population, row[what]


def _measured(values: Sequence[float] | None, digits: int) -> Field:
    mean = _mean(values or [])
    return figure(number(mean, digits), mean)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else math.nan
