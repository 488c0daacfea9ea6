"""The run that every reader reads, in each format."""

from __future__ import annotations

from pathlib import Path

import pytest

from bio_fa import formats
from tests.readers.recorded import Recorded, record_run


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """The run and the truth about it."""
    return record_run(tmp_path_factory.mktemp("readers") / "run")


@pytest.fixture(scope="session")
def nwb(recorded: Recorded) -> Path:
    """The run as an NWB file."""
    pytest.importorskip("pynwb", reason="pynwb is missing; pip install 'bio_fa[nwb]'")
    return formats.write(recorded.path, "nwb")


@pytest.fixture(scope="session")
def sonata(recorded: Recorded) -> Path:
    """The run as a SONATA circuit."""
    return formats.write(recorded.path, "sonata")
