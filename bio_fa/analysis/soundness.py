"""Soundness: whether a run is what it left: its bytes, its layouts, its constraints, its time and its numbers.

Memory holds one block of a file, one synaptic matrix or one checkpoint at a time, however long the run was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from bio_fa.analysis.audit import signed_activity, too_small
from bio_fa.analysis.chronology import stops, turns
from bio_fa.analysis.inspection import UNFINISHED
from bio_fa.analysis.run_table import metrics_lines, run_table, sentence
from bio_fa.errors import RecordError, SchemaError
from bio_fa.io import manifest
from bio_fa.io.activity import ActivityReader
from bio_fa.io.checkpoint import Checkpoint, intact, loaded
from bio_fa.io.run_folder import RunFolder
from bio_fa.io.tree import arrays
from bio_fa.io.values import ValuesReader
from bio_fa.io.weights import WeightsReader

HELD, VIOLATED, REFUSED, CHANGED, UNKNOWN, OUT_OF_TIME, NOT_FINITE = 0, 1, 2, 3, 4, 5, 6
"""What a check found, and the exit code of ``bio-fa check``: all held; a constraint did not; a file cannot be read; one is not what
the run left; its layout is not understood; time does not go on; a number is not finite."""
GOING = ("running", "interrupted", "failed")
"""How a run stands that has not ended."""
TOLD = 8
"""How many failures a sentence names."""


@final
@dataclass(frozen=True)
class Finding:
    """What one check found."""

    code: int
    sentence: str


@final
@dataclass(frozen=True)
class _Held:
    """What a run's folder holds."""

    folder: RunFolder

    @cached_property
    def ended(self) -> bool:
        """Whether the run has ended, so that it should have a manifest."""
        going = self.folder.begun or self.folder.unfinished
        return self.folder.sealed or not (going or run_table(self.folder).get("status") in GOING)

    @property
    def files(self) -> list[Path]:
        """The files of the record: whole ones, or the segments of a run that has not ended."""
        whole = [self.folder.path / name for name in manifest.record(self.folder.path)]
        return whole if self.ended else self.folder.segments.all()

    def checkpoints(self) -> Iterator[tuple[str, Checkpoint]]:
        """Yield each checkpoint with its name, one at a time."""
        for path in [] if self.ended else self.folder.checkpoints.steps():
            yield path.name, loaded(path, intact(path, self.folder.segments))


def check_run(run: str | Path) -> Iterator[Finding]:
    """Yield what each check found, in order; none is made after one that could not read or understand what it needs.

    In order: the hashes, those of the manifest or, of a run that has not ended, of checkpoints and segments; the layouts; the
    constraints of every stored parameter set and recorded rate; time; finite numbers.

    Raises:
        RecordError: when the folder holds no run.
    """
    held = _Held(RunFolder.open(run))
    for check in CHECKS:
        finding = _found(check, held)
        yield finding
        if finding.code in (REFUSED, UNKNOWN):
            return


def _found(check: Callable[[_Held], Finding], held: _Held) -> Finding:
    try:
        return check(held)
    except SchemaError as error:
        return Finding(UNKNOWN, sentence(error, held.folder))
    except RecordError as error:
        return Finding(REFUSED, sentence(error, held.folder))


def _judged(code: int, failures: Iterator[str] | list[str], held: str) -> Finding:
    """Return the first failures as one sentence with a code, or what held."""
    found = [each.rstrip(".") for each in failures]
    if not found:
        return Finding(HELD, held)
    rest = f", and {len(found) - TOLD} more" if len(found) > TOLD else ""
    return Finding(code, "; ".join(found[:TOLD]) + rest + ".")


def _hashes(held: _Held) -> Finding:
    """Compare every file with what the run left."""
    folder = held.folder
    if held.ended and not folder.sealed:
        lost = f"{manifest.NAME} is missing, so that nothing says what the run left; it is of an earlier bio_fa, or was removed."
        return Finding(CHANGED, lost)
    if held.ended:
        told = f"Every file is what the run left, its record ({len(held.files)} files) too."
        return _judged(CHANGED, manifest.differences(folder.path), told)
    damaged = list(_damaged(folder))
    return _judged(CHANGED, damaged, UNFINISHED if damaged else f"{UNFINISHED} {_committed(folder)}")


def _damaged(folder: RunFolder) -> Iterator[str]:
    """Yield why a checkpoint is not what it was, with the segments that it lists."""
    for path in folder.checkpoints.steps():
        try:
            intact(path, folder.segments)
        except RecordError as error:
            yield sentence(error, folder)


def _committed(folder: RunFolder) -> str:
    steps = folder.checkpoints.steps()
    listed = len(intact(steps[-1], folder.segments)["segments"]) if steps else 0
    after = len(folder.segments.all()) - listed
    return f"Checkpoints ({len(steps)}) and segments that they list ({listed}) are as they were; segments after them: {after}."


def _layouts(held: _Held) -> Finding:
    """Ask every file what it says that it is."""
    for path in held.files:
        ValuesReader(path).close()
    checkpoints = sum(1 for _ in held.checkpoints())
    return Finding(HELD, f"The layouts of record ({len(held.files)} files) and checkpoints ({checkpoints}) are understood.")


def _constraints(held: _Held) -> Finding:
    """Count where Dale's law, a mask or a rate ≥ 0 does not hold."""
    counts: Counter[str] = Counter()
    signs: dict[str, int | None] = {}
    sets, signed = 0, signed_activity(held.folder)
    for path in held.files:
        kind = path.stem.partition("-")[0]
        if kind == "weights":
            sets += _count_in_snapshots(path, counts, signs)
        elif kind.endswith("activity"):
            counts["negative_rate"] += _negative_rates(path, signed)
    for name, checkpoint in held.checkpoints():
        _count_in_checkpoint(name, checkpoint, counts, signs)
        sets += 1
    if not sets:
        raise RecordError("No weights were stored, so that no constraint can be checked; give a run that kept some.")
    told = {kind: str(counts[kind]) for kind in ("dale", "mask", "negative_rate")}
    told |= {} if any(signs.values()) else {"dale": "(no law)"}
    shown = ", ".join(f"{kind} violations {count}" for kind, count in told.items())
    free = f"; activity is signed in {', '.join(signed)}" if signed else ""
    return Finding(VIOLATED if counts.total() else HELD, f"Parameter sets ({sets}) and rates: {shown}{free}.")


def _count_in_snapshots(path: Path, counts: Counter[str], signs: dict[str, int | None]) -> int:
    """Count the violations in the snapshots of a file, and note the signs of projections; return how many snapshots it has."""
    with WeightsReader(path) as known, ValuesReader(path) as reader:
        signs |= {each.name: each.sign for each in known.synapses}
        for taken in known.snapshots:
            for name in (each.name for each in known.synapses):
                for w, mask in reader.side_by_side((f"snapshots/{taken.name}/{name}", "f"), (f"projections/{name}/mask", "u")):
                    _count(w, mask != 0, signs[name], counts)
        return len(known.snapshots)


def _count_in_checkpoint(name: str, checkpoint: Checkpoint, counts: Counter[str], signs: dict[str, int | None]) -> None:
    try:
        kept = checkpoint.state["training"]["simulation"]
        for projection, w in kept["weights"].items():
            _count(np.asarray(w), np.asarray(kept["masks"][projection]) != 0, signs.get(projection), counts)
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        what = f"checkpoints/{name} holds no weights of a circuit ({error!r:.100})"
        raise RecordError(f"{what}; restore a copy or run again.") from error


def _count(w: NDArray[Any], exists: NDArray[np.bool_], sign: int | None, counts: Counter[str]) -> None:
    counts["dale"] += too_small(w) if sign else 0
    counts["mask"] += int(np.count_nonzero(w[~exists]))


def _negative_rates(path: Path, signed: list[str]) -> int:
    with ValuesReader(path) as reader:
        limited = [name for name in reader.within("report") if name not in signed]
        return sum(too_small(block) for name in limited for block in reader.blocks(f"report/{name}/data", ndim=2))


def _time(held: _Held) -> Finding:
    """Follow time through the record and the metrics."""
    return _judged(OUT_OF_TIME, _stops(held), "Time goes on from frame to frame, trial to trial, spike to spike and line to line.")


def _stops(held: _Held) -> Iterator[str]:
    yield from stops(held.files)
    if held.folder.metrics.exists() or held.ended:
        yield from turns(metrics_lines(held.folder))


def _numbers(held: _Held) -> Finding:
    """Look at every number of the record, of the checkpoints and of the losses."""
    return _judged(NOT_FINITE, _infinite(held), "Every stored number is finite.")


def _infinite(held: _Held) -> Iterator[str]:
    for path in held.files:
        with ValuesReader(path) as reader:
            for name in reader.numbers():
                if count := sum(int(np.count_nonzero(~np.isfinite(block))) for block in reader.blocks(name)):
                    yield f"{path.name}: {count} numbers of {name} are not finite."
    for step, checkpoint in held.checkpoints():
        if count := sum(int(np.count_nonzero(~np.isfinite(each))) for each in arrays(checkpoint.state)):
            yield f"checkpoints/{step}: {count} numbers are not finite."
    lines = metrics_lines(held.folder) if held.folder.metrics.exists() else []
    lost = [line["epoch"] for line in lines if line.get("test_loss") is None]
    yield from (f"metrics.jsonl: the test loss of epoch {epoch} is not finite." for epoch in lost)


def _reading(held: _Held) -> Finding:
    """Open every file as readers do, which refuse what contradicts itself."""
    for path in held.files:
        with ValuesReader(path) as values:
            reader = next(each for each in (ActivityReader, WeightsReader) if each.format == values.kind)
        reader(path).close()
    return Finding(HELD, "Every file can be read.")


CHECKS = (_hashes, _layouts, _constraints, _time, _numbers, _reading)
"""In order."""
