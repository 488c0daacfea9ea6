"""Aims at half-written, forged and endless downloads: whatever goes wrong, no file is left that a later run trusts."""

from __future__ import annotations

import hashlib
import io

import pytest

from bio_fa.errors import DataError
from bio_fa.tasks import download

CONTENT = b"published" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Broken(io.BytesIO):
    """A connection that is lost after its first bytes."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() > 0:
            raise ConnectionResetError("the line went dead")
        return super().read(10)


def refused(target, reason: str, url: str = "http://example.org/file", sha256: str = SHA256, **options) -> None:
    before = sorted(target.parent.rglob("*")) if target.parent.exists() else []
    with pytest.raises(DataError, match=reason) as caught:
        download.fetch(url, sha256, target, **options)
    assert url in str(caught.value)
    assert sorted(target.parent.rglob("*")) == before


def test_the_published_file_arrives_whole_in_a_new_folder(tmp_path):
    source, target = tmp_path / "source", tmp_path / "new" / "folder" / "file"
    source.write_bytes(CONTENT)
    download.fetch(source.as_uri(), SHA256, target)
    assert target.read_bytes() == CONTENT
    assert list(target.parent.iterdir()) == [target]


def test_another_content_is_refused_and_leaves_nothing(tmp_path):
    refused(tmp_path / "file", "has the SHA-256 .*, not", opener=lambda url: io.BytesIO(CONTENT + b"!"))


def test_a_lost_connection_leaves_nothing(tmp_path):
    refused(tmp_path / "file", "the line went dead", opener=lambda url: Broken(CONTENT))


def test_a_failed_download_keeps_the_file_that_was_there(tmp_path):
    target = tmp_path / "file"
    target.write_bytes(b"older")
    refused(target, "SHA-256", opener=lambda url: io.BytesIO(b"forged"))
    assert target.read_bytes() == b"older"


def test_an_endless_download_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "LARGEST", 2**22)
    endless = io.BytesIO(bytes(2**25))
    refused(tmp_path / "file", "SHA-256", opener=lambda url: endless)
    assert endless.closed


def test_no_more_is_taken_than_the_limit_and_one_chunk(tmp_path, monkeypatch):
    taken = []

    class Endless(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            taken.append(size)
            return bytes(size or 0)

    monkeypatch.setattr(download, "LARGEST", 2**22)
    refused(tmp_path / "file", "SHA-256", opener=lambda url: Endless())
    assert sum(taken) <= 2**22 + 2**20


@pytest.mark.parametrize("url", ["file:///absent/file", "nonsense"])
def test_an_address_that_leads_nowhere_is_refused(tmp_path, url):
    refused(tmp_path / "file", "fetching it failed", url)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "taken").write_bytes(b"")
    with pytest.raises(DataError, match="fetching it failed"):
        download.fetch("http://example.org", SHA256, tmp_path / "taken" / "file", lambda url: io.BytesIO(CONTENT))


# Source: XDG Base Directory Specification 0.8: the default, when XDG_CACHE_HOME is unset or empty, is $HOME/.cache.
@pytest.mark.parametrize(("cache", "expected"), [("{home}/elsewhere", "elsewhere"), ("", ".cache"), (None, ".cache")])
def test_the_cache_is_where_the_user_wants_caches(tmp_path, monkeypatch, cache, expected):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    if cache is not None:
        monkeypatch.setenv("XDG_CACHE_HOME", cache.format(home=tmp_path))
    assert download.cache("mnist") == tmp_path / expected / "bio_fa" / "mnist"
