"""Aims at archives that write where they should not, hide bombs, or are damaged, and at different answers for the same
files in a folder, a zip and a tar.
"""

from __future__ import annotations

import contextlib
import tarfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bio_fa.errors import DataError
from bio_fa.tasks import archive
from bio_fa.tasks.archive import entries
from tests.tasks.packing import FORMS, write

FILES = {"a/one": b"first", "a/two": b"", "b/three": b"\0" * 2000}


def contents(path) -> dict[str, bytes]:
    with entries(path) as files:
        return {file.name: file.read() for file in files}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_files(tmp_path, form):
    assert contents(write(tmp_path / "data", FILES, form)) == FILES


@pytest.mark.parametrize("form", FORMS)
def test_files_can_be_read_in_any_order(tmp_path, form):
    with entries(write(tmp_path / "data", FILES, form)) as files:
        assert {file.name: file.read() for file in reversed(files)} == FILES


@pytest.mark.parametrize("form", FORMS[1:])
def test_nothing_is_extracted_not_even_to_the_parent_folder(tmp_path, form):
    path = write(tmp_path / "data", {"../escaped": b"x", "inside": b"y"}, form)
    contents(path)
    assert list(tmp_path.rglob("*")) == [path]
    assert not (tmp_path.parent / "escaped").exists()


def test_links_and_devices_in_a_tar_are_no_files(tmp_path):
    with tarfile.open(tmp_path / "data", "w") as packed:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE):
            member = tarfile.TarInfo(f"special {kind!r}")
            member.type, member.linkname = kind, "/etc/hostname"
            packed.addfile(member)
    assert contents(tmp_path / "data") == {}


@pytest.mark.parametrize("form", FORMS)
def test_a_file_that_is_too_large_is_refused_and_named(tmp_path, monkeypatch, form):
    monkeypatch.setattr(archive, "LARGEST", 1999)
    with pytest.raises(DataError, match=r"^b/three: it has 2000 bytes; at most 1999"):
        contents(write(tmp_path / "data", FILES, form))


def test_something_else_is_refused(tmp_path):
    (tmp_path / "text").write_text("no archive")
    for path in (tmp_path / "text", tmp_path / "absent"):
        with pytest.raises(DataError, match=f"{path.name}: it cannot be read"):
            contents(path)


# Bit 0 of the flags in a zip's local and central headers marks encryption (PKWARE APPNOTE 4.4.4).
def test_an_encrypted_file_is_refused(tmp_path):
    path = write(tmp_path / "data", {"a/one": b"first"}, "zip")
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(bytes(data))
    with pytest.raises(DataError, match="encrypted"):
        contents(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)
@given(form=st.sampled_from(FORMS[1:]), data=st.data())
def test_a_damaged_archive_is_refused_or_read(tmp_path, form, data):
    whole = bytearray(write(tmp_path / "data", FILES, form).read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=3)):
        whole[place] ^= 1 << data.draw(st.integers(0, 7))
    (tmp_path / "data").write_bytes(bytes(whole[: data.draw(st.integers(0, len(whole)))]))
    with contextlib.suppress(DataError):
        assert all(isinstance(content, bytes) for content in contents(tmp_path / "data").values())
