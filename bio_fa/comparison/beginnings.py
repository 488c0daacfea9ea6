"""Beginnings: whether runs that are compared did begin with the same forward synapses."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Sequence

from bio_fa.comparison.plan import PlannedRun
from bio_fa.errors import RecordError
from bio_fa.io.run_folder import RunFolder
from bio_fa.io.weights import WeightsReader

FEEDBACK = "apical"
"""The compartment in which feedback ends, whose synapses may differ from rule to rule."""


def differing(runs: Sequence[PlannedRun]) -> Iterator[str]:
    """Yield a sentence for each rule whose runs began with other forward synapses than the first rule's, seed by seed.

    Runs are compared that differ in their rule alone; projections that only one of them has are not.
    """
    for _, group in itertools.groupby(sorted(runs, key=_condition), key=_condition):
        first, *others = group
        start = _start(first)
        for other in others:
            own = _start(other)
            unlike = [name for name in start.keys() & own.keys() if start[name] != own[name]]
            if unlike:
                where = f"{other.name}, began with other synapses than {first.cell.name} in {', '.join(sorted(unlike))}"
                yield f"{where}; seeds do not pair them there."


def _condition(run: PlannedRun) -> tuple[object, ...]:
    labels = run.cell.labels
    return run.seed, tuple((name, label) for name, label in labels.items() if name != "rule")


def _start(run: PlannedRun) -> dict[str, str]:
    """Return the hash of each forward projection's synapses before learning; none of a run without a record of them."""
    try:
        with WeightsReader(RunFolder(run.place).weights) as reader:
            forward = [each.name for each in reader.synapses if each.compartment != FEEDBACK]
            return {name: hashlib.sha256(reader.weights("initial", name).tobytes()).hexdigest() for name in forward}
    except RecordError:
        return {}
