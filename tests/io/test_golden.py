"""Failure aimed at: a bio_fa that no longer reads, or reads otherwise, what an earlier one wrote.

``golden`` keeps a run of every version of the format, with sums of what its readers gave when it was made.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from bio_fa.analysis import check_run
from bio_fa.errors import SchemaError
from bio_fa.io.activity import ActivityReader
from bio_fa.io.hdf5 import VERSION
from bio_fa.io.opened_run import open_run
from bio_fa.io.weights import WeightsReader
from tests.io.golden.make import PLACE, told

ARCHIVES = sorted(PLACE.glob("run-*.zip"))


@pytest.fixture(params=ARCHIVES, ids=lambda path: path.stem)
def archive(request) -> Path:
    return request.param


@pytest.fixture
def folder(archive, tmp_path) -> Path:
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(tmp_path / "run")
    return tmp_path / "run"


def test_there_is_a_golden_run_of_the_present_version_and_all_are_small():
    assert PLACE / f"run-{VERSION}.zip" in ARCHIVES
    assert sum(path.stat().st_size for path in PLACE.iterdir() if path.is_file()) < 60_000


def test_a_run_of_every_version_reads_as_it_did_when_it_was_written(archive, folder):
    expected = json.loads(archive.with_suffix(".json").read_text(encoding="utf-8"))
    found = told(folder)
    assert found["metrics"] == expected["metrics"] and found["audit"] == expected["audit"] == 0
    assert found["sums"].keys() == expected["sums"].keys()
    for name, sum_ in expected["sums"].items():
        np.testing.assert_allclose(found["sums"][name], sum_, rtol=1e-6, err_msg=name)


def test_a_run_of_every_version_is_sound_and_opens(folder):
    assert [each for each in check_run(folder) if each.code] == []
    with open_run(folder) as opened:
        assert opened.activity("V1_E").sizes["trial"] > 0
        assert not opened.unfinished


@pytest.mark.parametrize(("name", "reader"), [("activity.h5", ActivityReader), ("weights.h5", WeightsReader)])
def test_a_newer_layout_is_refused_in_a_sentence_that_says_what_to_do(folder, name, reader):
    with h5py.File(folder / name, "r+") as file:
        file.attrs["format_version"] = np.bytes_(b"2.0")
    with pytest.raises(SchemaError, match=rf"{name} has the layout 2.0, but {VERSION} is understood; update bio_fa\.$"):
        reader(folder / name)
