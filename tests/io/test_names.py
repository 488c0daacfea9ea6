"""Aims at names that lead out of a folder, a group or a page."""

from __future__ import annotations

import pytest

from bio_fa.errors import RecordError
from bio_fa.io.names import is_name, require_names, text, texts


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", "a b", "a\n", "<i>", "é", "a\0", "%2e", "x" * 161])
def test_what_could_lead_astray_is_no_name(name):
    assert not is_name(name)
    with pytest.raises(RecordError, match="phase name"):
        require_names([name], "phase")


@pytest.mark.parametrize("name", ["E1", "epoch-0005", "FE1_to_E1", "0", "x" * 160])
def test_letters_digits_underscores_and_hyphens_are_a_name(name):
    assert is_name(name)
    require_names([name], "phase")


def test_texts_take_the_room_of_the_longest():
    assert texts(["E", "forward"]).dtype.itemsize == len("forward")
    assert [word.decode() for word in texts(["α", "β1"])] == ["α", "β1"]


def test_an_empty_text_and_one_beyond_ascii_can_be_held():
    assert [text(value).item().decode() for value in ("", "µV")] == ["", "µV"]
