"""Failure aimed at: a page that promises what the code no longer does.

Every Python block and every command is taken from the page's own text and run: blocks of the README each on their own,
as a reader copies them; those of a page in docs/ one after the other. A run is made small by further ``--set`` options,
and ``make`` only says what it would do; the ``text`` block after a Python block is what must be printed.
"""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from bio_fa import backends
from bio_fa.checkpointing import Checkpointing
from bio_fa.cli import app
from bio_fa.config import Config
from bio_fa.description import Description
from bio_fa.guard import Liveness
from bio_fa.recorder import Record
from bio_fa.sections import NeuronsConfig, TrainingConfig, TrialConfig
from bio_fa.standardisation import Standardisation
from bio_fa.tasks import Task
from tests.pages import DOCS, README, Block, blocks, require_data, run_command, run_python, same_output, workplace
from tests.source import ROOT

PAGES = [README, *DOCS]
CONFIGURATION = ROOT / "docs/configuration.md"
SCRIPTS = {f"README line {block.line}": [block] for block in blocks(README, "python")}
SCRIPTS |= {page.name: blocks(page, "python") for page in DOCS if blocks(page, "python")}
COMMANDS = {f"{page.name} line {block.line}": block.text for page in PAGES for block in blocks(page, "bash")}


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_block_of_python_runs_and_prints_what_the_page_says(name: str, tmp_path: Path) -> None:
    script = SCRIPTS[name]
    printed = run_python(script, workplace(tmp_path))
    claimed = [(block.line, ours, block.printed) for block, ours in zip(script, printed, strict=True) if block.printed]
    assert [(line, ours) for line, ours, theirs in claimed if not same_output(ours, theirs)] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_runs(name: str, tmp_path: Path) -> None:
    require_data(COMMANDS[name])
    place = workplace(tmp_path)
    for line in COMMANDS[name].splitlines():
        run_command(line, place)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_fence_names_a_language_that_is_tested(page: Path) -> None:
    opened = re.findall(r"^```(.*)$", page.read_text(encoding="utf-8"), re.M)[::2]
    assert set(opened) <= {"python", "bash", "text", "toml", ""}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if "://" not in target and not (page.parent / target).exists()] == []


def test_the_example_of_the_configuration_would_run(tmp_path: Path) -> None:
    (example,) = blocks(CONFIGURATION, "toml")
    place = workplace(tmp_path)
    (place / "example.toml").write_text(example.text, encoding="utf-8")
    run_command("bio-fa check example.toml", place)


def test_the_readme_can_be_read_at_one_sitting() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 200


def table_after(page: Path, heading: str) -> list[list[str]]:
    """Return the names in backticks of the first column of the table under a heading of a page, row by row."""
    section = page.read_text(encoding="utf-8").split(f"# {heading}\n")[1].split("\n## ")[0]
    return [re.findall(r"`([\w.]+)`", line.split("|")[1]) for line in section.splitlines() if line.startswith("| `")]


def test_the_page_of_the_configuration_lists_every_key() -> None:
    sections: dict[str, type[Description]] = {"neurons": NeuronsConfig, "task": Task, "protocol": TrialConfig}
    sections |= {"training": TrainingConfig, "record": Record, "liveness": Liveness, "standardisation": Standardisation}
    sections["checkpoint"] = Checkpointing
    plain = {field.name for field in fields(Config)} - {*sections, "circuit", "backend"}
    keys = {f"{name}.{field.name}" for name, section in sections.items() for field in fields(section)}
    keys |= {f"backend.{field.name}" for name in backends.NAMES for field in fields(type(backends.get(name)))}
    listed = {key for row in table_after(CONFIGURATION, "Configuration") for key in row}
    assert listed == plain | keys | {"circuit.model", "task.kind", "backend.kind"}


def test_the_readme_lists_every_experiment() -> None:
    listed = {f"{name}" for row in table_after(README, "Experiments") for name in row}
    assert listed == {path.name for path in (ROOT / "experiments").glob("[!_]*.*")}


def test_the_readme_shows_every_command() -> None:
    names = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    shown = set(re.findall(r"^bio-fa (\w+)", README.read_text(encoding="utf-8"), re.M))
    assert names <= shown


@pytest.mark.parametrize(
    ("printed", "same"),
    [("error 85.7°", True), ("error 85.8°", True), ("error 97.7°", False), ("mistake 85.7°", False), ("error 85.7° 1", False)],
)
def test_output_differs_in_words_or_in_numbers(printed: str, same: bool) -> None:
    assert same_output(printed, "error 85.7°") is same


def test_blocks_are_found_with_what_they_print(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("a\n\n```python\nprint(1)\n```\n\n```text\n1\n```\n\n```python\nprint(2)\n```\n\nb\n", encoding="utf-8")
    assert blocks(page, "python") == [Block("python", "print(1)\n", 3, "1\n"), Block("python", "print(2)\n", 11)]


def test_a_failing_block_fails_the_test(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        run_python([Block("python", "1 / 0\n", 1)], tmp_path)
