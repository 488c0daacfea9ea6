"""Failure aimed at: a digest that nobody else would compute, or that misses a change in some block of a long file."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from bio_fa.io import digest
from bio_fa.io.activity import ActivityWriter
from bio_fa.io.digest import Settled, sha256
from bio_fa.io.nodes import PopulationInfo


def test_the_digest_of_a_file_of_one_block_is_that_of_its_bytes(tmp_path):
    """SHA-256 of the empty text: FIPS 180-4 examples."""
    (tmp_path / "empty").write_bytes(b"")
    assert sha256(tmp_path / "empty") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("size", [63, 64, 65, 200, 3 << 20])
def test_the_digest_of_a_longer_file_is_that_of_the_digests_of_its_blocks(tmp_path, monkeypatch, size):
    monkeypatch.setattr(digest, "BLOCK", 64 if size < 1 << 20 else 1 << 20)
    held = bytes(each % 251 for each in range(size))
    (tmp_path / "long").write_bytes(held)
    blocks = [hashlib.sha256(held[start : start + digest.BLOCK]).digest() for start in range(0, size, digest.BLOCK)]
    expected = hashlib.sha256(held if len(blocks) == 1 else b"".join(blocks)).hexdigest()
    assert sha256(tmp_path / "long") == expected


@pytest.mark.parametrize("place", [0, 63, 64, 129])
def test_a_bit_that_flips_in_any_block_changes_the_digest(tmp_path, monkeypatch, place):
    monkeypatch.setattr(digest, "BLOCK", 64)
    held = bytearray(130)
    (tmp_path / "one").write_bytes(held)
    held[place] ^= 1
    (tmp_path / "other").write_bytes(held)
    assert sha256(tmp_path / "one") != sha256(tmp_path / "other")


@pytest.mark.parametrize("failing", [None, 1, 3])
@pytest.mark.parametrize("spiking", [[], ["E"]])
def test_what_was_known_while_a_file_grew_makes_the_digest_that_its_bytes_make(tmp_path, monkeypatch, failing, spiking):
    """Appends that fail are written over, so that nothing of such a file is believed."""
    monkeypatch.setattr(digest, "BLOCK", 1 << 12)
    path, rng = tmp_path / "activity.h5", np.random.default_rng(0)
    populations = [PopulationInfo(name, 500, 1, "V1", "forward", "E") for name in ("E", "F")]
    with ActivityWriter(path, populations, ["free"], 1e-3, spiking=spiking) as writer:
        for number in range(4):
            frames = {"free": {each.name: rng.random((2, 40, 500)) for each in populations}}
            spikes = {"free": {name: np.argwhere(rng.random((2, 40, 500)) < 0.3) for name in spiking}}
            with monkeypatch.context() as patched:
                if number == failing:
                    patched.setattr(writer._spikes, "commit", _interrupt)
                try:
                    writer.append(frames, None, np.arange(40), number, spikes)
                except KeyboardInterrupt:
                    assert number == failing
    known = writer.settled.digests
    assert (len(known) > 100) == (failing is None)
    assert sha256(path, known) == sha256(path)


def _interrupt(*_):
    raise KeyboardInterrupt


def test_a_block_is_known_once_every_byte_of_it_was_written(tmp_path, monkeypatch):
    monkeypatch.setattr(digest, "BLOCK", 8)
    settled = Settled()
    with (tmp_path / "file").open("wb+") as file:
        for place, held, full in ((4, b"abcd", []), (12, b"efgh", []), (8, b"ijkl", [1]), (0, b"mnop", [0, 1])):
            file.seek(place)
            file.write(held)
            file.flush()
            settled.wrote(file.fileno(), place, len(held))
            assert sorted(settled.digests) == full
    assert settled.digests[1] == hashlib.sha256(b"ijklefgh").digest()
