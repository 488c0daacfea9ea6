"""Failure aimed at: a manifest that leads out of its folder, is believed although it is damaged, or calls a changed file whole."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from bio_fa.errors import RecordError, SchemaError
from bio_fa.io.manifest import differences, record, seal

HELD = {"run.json": b"{}", "activity.h5": b"frames", "mine.py": b"x = 1\n"}


@pytest.fixture
def folder(tmp_path) -> Path:
    for name, held in HELD.items():
        (tmp_path / name).write_bytes(held)
    seal(tmp_path, ["run.json", "mine.py", "weights.h5", "manifest.json"])
    return tmp_path


def said(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "manifest.json").read_text())


def say(folder: Path, table: Any) -> None:
    (folder / "manifest.json").write_text(json.dumps(table))


def test_it_holds_size_and_sha256_of_every_file_that_is_there_and_not_its_own(folder):
    expected = {name: {"size": len(held), "sha256": hashlib.sha256(held).hexdigest()} for name, held in HELD.items()}
    assert said(folder) == {"schema": 1, "files": expected}
    assert list(differences(folder)) == []


@pytest.mark.parametrize(
    ("name", "held", "change"),
    [
        ("activity.h5", b"framez", "activity.h5 holds other bytes than the run left (its SHA-256 differs)."),
        ("activity.h5", b"frame", "activity.h5 has 5 bytes, but the run left 6."),
        ("report_error.h5", b"", "report_error.h5 is a file that the run did not leave."),
        ("learning_weights.h5", b"", "learning_weights.h5 is a file that the run did not leave."),
        ("notes.h5", b"of the user", None),
    ],
)
def test_each_change_is_named(folder, name, held, change):
    (folder / name).write_bytes(held)
    assert list(differences(folder)) == ([change] if change else [])


def test_what_is_gone_or_became_a_link_is_named(folder):
    (folder / "run.json").unlink()
    (folder / "mine.py").rename(folder / "elsewhere.py")
    (folder / "mine.py").symlink_to(folder / "elsewhere.py")
    assert list(differences(folder)) == ["mine.py is missing, or a link.", "run.json is missing, or a link."]


@pytest.mark.parametrize("name", ["../run.json", "/etc/passwd", "a/b", "", ".", "..", "a\0b", "a\\b", "\ud800", "ä" * 200])
def test_a_name_that_leads_elsewhere_or_is_none_is_refused(folder, name):
    table = said(folder)
    table["files"][name] = table["files"]["run.json"]
    say(folder, table)
    with pytest.raises(RecordError, match=r"manifest.json is damaged.*restore a copy"):
        list(differences(folder))


@pytest.mark.parametrize("files", [None, [], "x", {"a": {}}, {"a": None}, {"a": {"size": "1", "sha256": "0" * 64}}])
def test_what_is_no_manifest_is_refused(folder, files):
    say(folder, {"schema": 1, "files": files})
    with pytest.raises(RecordError, match="manifest.json is damaged"):
        list(differences(folder))


def test_a_newer_one_is_refused_with_what_is_understood(folder):
    say(folder, {**said(folder), "schema": 2})
    with pytest.raises(SchemaError, match=r"manifest.json has the layout 2, but 1 is understood; update bio_fa\.$"):
        list(differences(folder))


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("activity.h5", True),
        ("weights.h5", True),
        ("report_potential.h5", True),
        ("learning_error.h5", True),
        ("activity.h5.old", False),
        ("copy of activity.h5", False),
        (".activity.h5.part", False),
    ],
)
def test_files_of_the_record_are_known_by_their_names(tmp_path, name, ours):
    (tmp_path / name).write_bytes(b"")
    assert record(tmp_path) == ([name] if ours else [])
