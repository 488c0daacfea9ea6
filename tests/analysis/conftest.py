"""The run that the tests of analysis read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.analysis.synthetic_run import SyntheticRun, synthetic_run


@pytest.fixture
def run(tmp_path: Path) -> SyntheticRun:
    """A finished run, not yet written."""
    return synthetic_run(tmp_path / "run")
