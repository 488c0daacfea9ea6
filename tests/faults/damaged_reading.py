"""What a user does with a damaged run or configuration, and how that went."""

from __future__ import annotations

import resource
import shutil
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from bio_fa import config as configuration
from bio_fa.analysis import inspect_run, summarise, write_report
from bio_fa.errors import BioFAError
from bio_fa.io import manifest
from bio_fa.io.opened_run import OpenedRun, open_run
from bio_fa.io.plain import to_json
from bio_fa.running import run
from tests.faults.damage import SECRET, damage, forged, outside
from tests.faults.damaged_layout import HIDDEN
from tests.small import cli

SENTENCE = 20_000
"""Characters of the longest sentence: it may repeat what came."""
EXHAUSTED = ("MemoryError", "Unable to allocate", "too little memory")
"""How Python, NumPy and the command line say so; HDF5, which is refused a block that a damaged size asks for, takes none."""
RUN, CONFIG = "run", "small.toml"
REFUSALS: list[str] = []
"""What was refused in the present case."""


def opened(folder: Path) -> None:
    """Read everything that a run left, and compare with what h5py reads."""
    with open_run(folder / RUN) as held:
        parts: list[Callable[[], Any]] = [lambda: held.circuit, lambda: held.config, lambda: held.metrics, lambda: repr(held)]
        parts += [lambda: [_same(held, name) for name in held.populations]]
        parts += [lambda: [held.spikes(name).load() for name in held.spiking]]
        parts += [lambda: [_known(held.potential(name).values) for name in held.probed]]
        parts += [lambda: [_known(held.weights(name).values) for name in held.projections]]
        for part in parts:
            _refusable(part)


def _refusable(part: Callable[[], Any]) -> None:
    try:
        part()
    except BioFAError as error:
        REFUSALS.append(str(error))
        _sentence(str(error))


def _same(run: OpenedRun, name: str) -> None:
    values = _known(run.activity(name).values)
    if (run.folder.path / "activity.h5").exists():
        with h5py.File(run.folder.path / "activity.h5") as file:
            rows = values.reshape(-1, values.shape[-1])
            np.testing.assert_array_equal(rows, file[f"report/{name}/data"][: len(rows)])


def _known(values: np.ndarray) -> np.ndarray:
    assert HIDDEN not in values or values.size < 100, "values from outside the folder were read"
    return values


def inspected(folder: Path) -> None:
    """Inspect a run, and tell it as text and as JSON."""
    found = inspect_run(folder / RUN)
    for reason in found["reasons"].values():
        _sentence(reason)
    _unsaid(summarise(found) + to_json(found))


def reported(folder: Path) -> None:
    """Write the report of a run."""
    _unsaid(write_report(folder / RUN).read_text(encoding="utf-8"))


def checked(folder: Path) -> None:
    """Check a run on the command line."""
    _answered("check", folder / RUN)


def found_out(folder: Path) -> None:
    """Assert that the command line finds that a file of a finished run is not what the run left."""
    assert _answered("check", folder / RUN), "a file that was changed was called whole"


def exported(folder: Path) -> None:
    """Export a run as plain text."""
    _answered("export", folder / RUN, "--to", "csv", "--output", folder / "out")
    for path in folder.glob("out/*"):
        _unsaid(path.read_text(encoding="utf-8"))


def resumed(folder: Path) -> None:
    """Go on with a run."""
    settings, experiment = configuration.load(folder / CONFIG)
    run(experiment, folder / RUN, texts=settings.texts(folder), resume=True)


def resumed_and_reported(folder: Path) -> None:
    """Go on with a run on the command line."""
    _answered("run", folder / CONFIG, "--output", folder / RUN, "--resume", "--quiet")


def loaded(folder: Path) -> None:
    """Understand a configuration."""
    configuration.load(folder / CONFIG)


def described(folder: Path) -> None:
    """Check a configuration on the command line."""
    _answered("check", folder / CONFIG)


def _answered(*words: object) -> int:
    """Assert that the command line does what it is asked to, or refuses it in a sentence; return its exit code."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = cli(*words)
    if isinstance(result.exception, SystemExit):
        REFUSALS.append(result.output)
        assert result.exit_code in range(1, 7), result.exit_code
    elif result.exception is not None:
        raise result.exception
    for line in result.output.splitlines() if words[0] == "check" else [result.stderr] * bool(result.exit_code):
        _sentence(line)
    _unsaid(result.output)
    return result.exit_code


def _sentence(text: str) -> None:
    assert len(text.strip().splitlines()) == 1 and len(text) < SENTENCE, f"no sentence: {text[:3000]!r}"
    assert not any(words in text for words in EXHAUSTED), f"memory ran out: {text}"
    _unsaid(text)


def _unsaid(text: str) -> None:
    assert SECRET not in text and str(HIDDEN) not in text, "what is outside the folder was told"


READINGS: dict[str, list[Callable[[Path], None]]] = {
    "finished": [opened, inspected, checked, exported, reported],
    "unfinished": [opened, inspected, checked, exported, resumed, resumed_and_reported],
    "config": [loaded, described],
}


LONG, RARE = (reported, resumed_and_reported), 0.15
"""What takes seconds, because it draws figures, and how often it may be chosen at all."""
FORGED = 0.6
"""How often a run that has not ended gets hashes that are right again: a stranger can compute them."""


def case(originals: Path, seed: int) -> dict[str, Any]:
    """Damage one file, do what a user does with it, and return how that went."""
    rng = np.random.default_rng([seed, 5])
    kind = ("finished", "unfinished", "config")[int(rng.choice(3, p=[0.35, 0.25, 0.4]))]
    with tempfile.TemporaryDirectory(dir=originals.parent) as place:
        folder = Path(place) / "home"
        shutil.copytree(originals / kind, folder, symlinks=True)
        outside(folder)
        files = [folder / CONFIG] if kind == "config" else _files(folder / RUN)
        path = files[int(rng.integers(len(files)))]
        how = damage(path, rng)
        if kind == "unfinished" and rng.random() < FORGED:
            how += f", {forged(folder / RUN)} checkpoints forged"
        chosen = _chosen(READINGS[kind], rng)
        if kind == "finished" and path.name != manifest.NAME and _changed(path, originals / kind / RUN / path.name):
            chosen = [each for each in chosen if each is not checked] + [found_out]
        before, failures = _around(folder), []
        REFUSALS.clear()
        started = time.process_time()
        for reading in chosen:
            found = failure(reading, folder)
            failures += [f"{reading.__name__}: {found}"] if found else []
        if _around(folder) != before:
            failures.append("something outside the folder changed")
    took, memory = time.process_time() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    told = {"refused": bool(REFUSALS), "seconds": took, "kilobytes": memory, "failures": failures}
    return {"seed": seed, "kind": kind, "how": how, **told}


def _changed(path: Path, original: Path) -> bool:
    """Return whether a file is not what it was."""
    return path.is_symlink() or not path.exists() or path.read_bytes() != original.read_bytes()


def _files(run: Path) -> list[Path]:
    """Return the files of a run that anything reads."""
    return sorted(each for each in run.rglob("*") if each.is_file() and each.suffix != ".py")


def _chosen(readings: list[Callable[[Path], None]], rng: np.random.Generator) -> list[Callable[[Path], None]]:
    """Return the first of the readings and another; a report, which takes longest, seldom."""
    others = [each for each in readings[1:] if each not in LONG or rng.random() < RARE]
    return [readings[0], others[int(rng.integers(len(others)))]]


def _around(folder: Path) -> dict[str, int]:
    """Return the files beside the run, which nobody may touch, with when they were changed."""
    return {each.name: each.lstat().st_mtime_ns for each in folder.iterdir() if each.name not in (RUN, "out")} | {
        each.name: 0 for each in folder.parent.iterdir()
    }


def failure(reading: Callable[[Path], None], folder: Path) -> str | None:
    """Return how a reading failed, or None where it read or refused."""
    try:
        reading(folder)
    except BioFAError as error:
        REFUSALS.append(str(error))
        try:
            _sentence(str(error))
        except AssertionError as failure:
            return str(failure)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)
        ours = [each for each in last if "/bio_fa/" in each.filename][-1:] + last[-1:]
        where = "; ".join(f"{Path(each.filename).name}:{each.lineno} {each.line}" for each in ours)
        return f"{type(error).__name__}: {error!s:.300} ({where})"
    return None
