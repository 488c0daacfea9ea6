"""Failure aimed at: a command that repeats another comparison, and settings that cannot be read back."""

from __future__ import annotations

import shlex
import tomllib
from pathlib import Path

from bio_fa.comparison.comparison import Comparison
from bio_fa.comparison.report.origin import command, settings
from bio_fa.config import apply_override
from tests.comparison.studies import comparison


def test_the_command_holds_the_file_the_folder_and_every_override():
    overrides = {
        "training": {"epochs": 2, "update": [{"kind": "adaptive", "rate": 1e-3}]},
        "circuit": {"hidden": [4, 4]},
        "task": {"kind": "mni st"},
    }
    words = shlex.split(command(Path("a b.toml"), Path("out"), overrides))
    assert words[:5] == ["bio-fa", "compare", "a b.toml", "--output", "out"]
    table: dict = {}
    for word, setting in zip(words[5::2], words[6::2], strict=True):
        assert word == "--set"
        apply_override(table, setting)
    assert table == overrides


def test_a_comparison_without_a_file_is_repeated_from_its_settings():
    asked = comparison(threshold=0.3, question="Does it?")
    assert command(None, Path("out"), None) == "bio_fa.compare(comparison, 'out')"
    assert Comparison.from_table(tomllib.loads(settings(asked.to_table()))) == asked
