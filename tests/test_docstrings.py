"""Failure aimed at: a public name that nobody explained, and a file that outgrew its concept.

The rules are the house's own (design, style 3.10): every public name documented and annotated, models with their
parameters and sources, files and functions that can be held in the head, and words that have no place in the project.
"""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.source import CODE, ROOT, python_files, tree

MOST_LINES_OF_A_FILE = 260
MOST_LINES_OF_A_FUNCTION = 40
"""Without its docstring, which is for the reader."""

DOCUMENTED = [path for path in python_files("bio_fa", "models") if (ROOT / path).read_text().strip()]
HELD_SHORT = python_files(*CODE)
Function = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def public(node: ast.Module | ast.ClassDef, prefix: str = "") -> Iterator[tuple[str, ast.ClassDef | Function]]:
    """Yield public classes, functions and methods, and what operators and constructors they have, by qualified name."""
    for child in node.body:
        if isinstance(child, (ast.ClassDef, *FUNCTIONS)) and (not child.name.startswith("_") or child.name.startswith("__")):
            yield prefix + child.name, child
            if isinstance(child, ast.ClassDef):
                yield from public(child, f"{prefix}{child.name}.")


def functions(path: Path) -> Iterator[Function]:
    return (node for node in ast.walk(tree(path)) if isinstance(node, FUNCTIONS))


def operator(name: str) -> bool:
    return name.split(".")[-1].startswith("__")


def bare(function: Function, is_method: bool) -> list[str]:
    """Return the arguments of a function that have no annotation, and ``return`` if that has none."""
    own = function.args
    static = any(isinstance(each, ast.Name) and each.id == "staticmethod" for each in function.decorator_list)
    positional = [*own.posonlyargs, *own.args][1 if is_method and not static else 0 :]
    every = [*positional, *own.kwonlyargs, *(each for each in (own.vararg, own.kwarg) if each)]
    return [each.arg for each in every if each.annotation is None] + ([] if function.returns else ["return"])


def length(function: Function) -> int:
    """Return the lines of a function from ``def`` to its end, less its docstring."""
    first = function.body[0]
    documented = ast.get_docstring(function) is not None
    return (function.end_lineno or 0) - function.lineno + 1 - ((first.end_lineno or 0) - first.lineno + 1 if documented else 0)


@pytest.mark.parametrize("path", DOCUMENTED, ids=str)
def test_every_public_name_has_a_docstring(path: Path) -> None:
    silent = [name for name, node in public(tree(path)) if not operator(name) and not ast.get_docstring(node)]
    assert (ast.get_docstring(tree(path)) or "") != "", "the file does not say what it is"
    assert silent == []


@pytest.mark.parametrize("path", DOCUMENTED, ids=str)
def test_every_public_function_is_annotated_in_full(path: Path) -> None:
    every = [(name, node) for name, node in public(tree(path)) if isinstance(node, FUNCTIONS)]
    lacking = {name: bare(node, is_method="." in name) for name, node in every}
    assert {name: arguments for name, arguments in lacking.items() if arguments} == {}


MODELS = [
    (path, node)
    for path in python_files("models")
    for _, node in public(tree(path))
    if isinstance(node, FUNCTIONS) and "Circuit" in ast.unparse(node.returns or ast.Constant(None))
]


@pytest.mark.parametrize(("path", "model"), MODELS, ids=[node.name for _, node in MODELS])
def test_a_model_draws_its_circuit_and_sources_its_physiology(path: Path, model: Function) -> None:
    text = inspect.cleandoc(ast.get_docstring(model) or "")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    assert rows[:1] == [["argument", "meaning", "source"]], "a model's docstring has the table: argument, meaning, source"
    arguments = {each.arg for each in (*model.args.args, *model.args.kwonlyargs)}
    for name, meaning, source in rows[2:]:
        assert name in arguments
        assert meaning
        assert source.startswith("Choice: ") or re.search(r"\(\d{4}\)", source), f"{name}: author (year), or Choice: reason"
    assert "─►" in (ast.get_docstring(tree(path)) or ""), "a model's file draws its circuit"


@pytest.mark.parametrize("path", HELD_SHORT, ids=str)
def test_a_file_is_one_concept(path: Path) -> None:
    assert len((ROOT / path).read_text().splitlines()) <= MOST_LINES_OF_A_FILE


@pytest.mark.parametrize("path", HELD_SHORT, ids=str)
def test_a_function_fits_a_glance(path: Path) -> None:
    assert {each.name: length(each) for each in functions(path) if length(each) > MOST_LINES_OF_A_FUNCTION} == {}


def swallows(handler: ast.ExceptHandler) -> bool:
    """Return whether a handler catches everything, or catches widely and does nothing."""
    wide = isinstance(handler.type, ast.Name) and handler.type.id in ("Exception", "BaseException")
    return handler.type is None or (wide and all(isinstance(line, ast.Pass) for line in handler.body))


@pytest.mark.parametrize("path", python_files(*CODE, "tests"), ids=str)
def test_no_error_is_swallowed_unseen(path: Path) -> None:
    handlers = [node for node in ast.walk(tree(path)) if isinstance(node, ast.ExceptHandler)]
    assert [node.lineno for node in handlers if swallows(node)] == []


def written() -> list[Path]:
    """Return the project's text files: those that git knows or would add, or, without git, those of its folders."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True, cwd=ROOT, check=False)
    names = listed.stdout.splitlines() if listed.returncode == 0 else [str(path) for path in python_files(*CODE, "tests")]
    paths = [Path(name) for name in names if (ROOT / name).is_file()]
    return [path for path in paths if b"\0" not in (ROOT / path).read_bytes()]


UNFINISHED = "TO" + "DO|FIX" + "ME|XX" + "X|NotImplemented" + "Error"
REGISTRIES = r"pypi\.|pythonhosted|anaconda\.|download\.pytorch|/simple\b"
MACHINES = r"(?<![\w.])/(?:home|Users|root|work|mnt|opt)/\w"
"""Folders that some machine has and another has not."""

THIS = Path(__file__).relative_to(ROOT)
EXAMPLES = {Path("tests/io/test_provenance.py")}
"""Tests that give absolute paths to what must remove them."""


def found(pattern: str, excepted: set[Path]) -> list[str]:
    """Return where a pattern occurs in the project, as ``path:line``."""
    places = []
    for path in written():
        if path not in excepted:
            lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
            places += [f"{path}:{number}" for number, line in enumerate(lines, start=1) if re.search(pattern, line)]
    return places


def test_nothing_is_left_unfinished() -> None:
    assert found(rf"\b(?:{UNFINISHED})\b", set()) == []


def test_no_package_registry_is_named() -> None:
    assert found(REGISTRIES, {THIS}) == []


def test_no_path_of_one_machine_is_written_down() -> None:
    assert found(MACHINES, {THIS, *EXAMPLES}) == []


@pytest.mark.parametrize("text", ["try:\n    f()\nexcept:\n    g()", "try:\n    f()\nexcept Exception:\n    pass"])
def test_the_check_for_swallowed_errors_can_fail(text: str) -> None:
    (handler,) = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ExceptHandler))
    assert swallows(handler)


def test_the_check_for_annotations_can_fail() -> None:
    (function,) = (node for node in ast.parse("def f(self, a, *b: int, c): ...").body if isinstance(node, FUNCTIONS))
    assert bare(function, is_method=True) == ["a", "c", "return"]
