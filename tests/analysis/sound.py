"""What a check of a run says first, and the least damage that it must find."""

from __future__ import annotations

from pathlib import Path

from bio_fa.analysis import check_run
from bio_fa.analysis.soundness import HELD
from tests.small import cli


def failure(folder: Path) -> tuple[int, str]:
    """Return the exit code and the sentence of the first check that failed, once it is sure that the command line says the same."""
    found = next((each for each in check_run(folder) if each.code), None)
    result = cli("check", folder)
    code, sentence = (found.code, found.sentence) if found else (HELD, "")
    assert (result.exit_code, sentence in result.stdout) == (code, True)
    assert sentence.count("\n") == 0
    return code, sentence


def flip(path: Path, place: int = -1) -> None:
    held = bytearray(path.read_bytes())
    held[place] ^= 1
    path.write_bytes(held)
