"""The project's pages as their tests read them: fenced blocks of Python, of commands and of what is printed."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.data import ABSENT, mnist_folder
from tests.source import ROOT

README = ROOT / "README.md"
DOCS = sorted((ROOT / "docs").glob("*.md"))

SMALL = ("training.epochs=1", "task.train_trials=200", "task.test_trials=100", "record.trials=20")
"""What makes a run short enough for a test; everything else stays as the page says."""

FACE = [sys.executable, "-c", "from bio_fa.cli import app; app()"]
"""``bio-fa`` of the interpreter that runs the tests."""

BETWEEN = "\x1e"
"""Printed between the blocks of a page that run as one script."""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    language: str
    text: str
    line: int
    printed: str | None = None
    """The ``text`` block that follows at once: what the page says is printed."""


def blocks(page: Path, language: str) -> list[Block]:
    """Return the fenced blocks of one language, in order."""
    text = page.read_text(encoding="utf-8")
    pattern = rf"^```{language}\n(.*?)^```\n(?:\n```text\n(.*?)^```$)?"
    found = re.finditer(pattern, text, re.M | re.S)
    return [Block(language, each[1], text[: each.start()].count("\n") + 1, each[2]) for each in found]


def workplace(folder: Path) -> Path:
    """Return a folder in which a page's relative paths lead where they lead in the project, and runs stay outside it."""
    for name in ("experiments", "models", "docs", "Makefile", "pyproject.toml", "constraints.txt", "environment.yml"):
        (folder / name).symlink_to(ROOT / name)
    return folder


def call(words: list[str], place: Path) -> str:
    """Run a program as a reader would; return what it prints.

    Raises:
        AssertionError: when it fails.
    """
    data = mnist_folder()
    found = {"BIO_FA_DATA": str(data)} if data else {}
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **found}
    answer = subprocess.run(words, capture_output=True, text=True, cwd=place, env=environment, timeout=600, check=False)
    assert answer.returncode == 0, f"{shlex.join(words)}: {answer.stdout[-500:]}{answer.stderr[-1000:]}"
    return answer.stdout


def run_python(script: list[Block], place: Path) -> list[str]:
    """Run blocks as one script; return what each prints."""
    file = place / "page.py"
    file.write_text(f"\nprint({BETWEEN!r}, end='')\n".join(block.text for block in script), encoding="utf-8")
    return call([sys.executable, file.name], place).split(BETWEEN)


def run_command(line: str, place: Path) -> None:
    """Run one command of a page: ``make``, a comparison and a sweep say what they would do, and a run is made small."""
    words = shlex.split(line, comments=True)
    if words[:1] == ["make"]:
        call(["make", "--dry-run", *words[1:]], place)
    elif words[:2] == ["bio-fa", "run"]:
        call([*FACE, *words[1:], *(word for setting in SMALL for word in ("--set", setting))], place)
    elif words[:2] in (["bio-fa", "compare"], ["bio-fa", "sweep"]):
        call([*FACE, *words[1:], "--dry-run"], place)
    elif words[:1] == ["bio-fa"]:
        call([*FACE, *words[1:]], place)
    else:
        pytest.fail(f"no test knows how to run {line!r}; say so in tests/pages.py")


def require_data(commands: str) -> None:
    """Skip where a block needs data that are not here."""
    files = [ROOT / name for name in re.findall(r"experiments/\w+\.toml", commands)]
    kinds = {tomllib.loads(file.read_text()).get("task", {}).get("kind") for file in files}
    if "mnist" in kinds and mnist_folder() is None:
        pytest.skip(ABSENT)


def same_output(printed: str, claimed: str) -> bool:
    """Return whether the words are those of the page, and the numbers within 2 % or the last digit that is shown."""
    numbers = r"\d+(?:\.\d+)?(?:e-?\d+)?"
    if re.sub(numbers, "#", printed).split() != re.sub(numbers, "#", claimed).split():
        return False
    pairs = zip(re.findall(numbers, printed), re.findall(numbers, claimed), strict=True)
    return all(float(ours) == pytest.approx(float(theirs), rel=0.02, abs=_last_digit(theirs)) for ours, theirs in pairs)


def _last_digit(number: str) -> float:
    """Return the worth of one unit of the last decimal of ``0.0102``: 0.0001; a whole number is exact."""
    decimals = number.partition(".")[2]
    return 10.0 ** -len(decimals) if decimals.isdigit() else 0.0
