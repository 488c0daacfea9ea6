"""Aims at a suite that cannot bite: each deliberate defect of ``mutations.py`` is planted in a copy of the source, where
the test that it names must fail, and pass again without the defect.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutations import MUTATIONS, Mutation

ROOT = Path(__file__).parents[1]
NEEDED = ("bio_fa", "models", "tests", "pyproject.toml")
FAILED = 1
"""What pytest returns when a test failed; a test that could not even be collected returns something else."""


def planted(mutation: Mutation | None, folder: Path) -> Path:
    """Return a copy of the project with the defect, or without one."""
    for name in NEEDED:
        source = ROOT / name
        shutil.copytree(source, folder / name) if source.is_dir() else shutil.copy2(source, folder / name)
    if mutation is not None:
        file = folder / "bio_fa" / mutation.file
        file.write_text(file.read_text(encoding="utf-8").replace(mutation.right, mutation.wrong), encoding="utf-8")
    return folder


def verdict(mutation: Mutation | None, folder: Path) -> subprocess.CompletedProcess[str]:
    """Return how pytest ends on the copy: the test of the defect, or those of all defects where there is none."""
    tests = [mutation.caught_by] if mutation else sorted({each.caught_by for each in MUTATIONS})
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}
    copy = planted(mutation, folder)
    return subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, timeout=600)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.defect)
def test_the_source_still_has_the_line_that_the_defect_spoils(mutation):
    source = (ROOT / "bio_fa" / mutation.file).read_text(encoding="utf-8")
    assert source.count(mutation.right) == 1, f"{mutation.file} has {source.count(mutation.right)} times {mutation.right!r}"


@pytest.mark.slow
def test_without_a_defect_every_test_that_catches_one_passes(tmp_path):
    result = verdict(None, tmp_path)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-1000:]


@pytest.mark.slow
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.defect)
def test_the_suite_bites(tmp_path, mutation):
    result = verdict(mutation, tmp_path)
    assert result.returncode == FAILED, f"{mutation.defect}: survived {mutation.caught_by}\n{result.stdout[-3000:]}"
    assert mutation.caught_by in result.stdout, result.stdout[-3000:]
