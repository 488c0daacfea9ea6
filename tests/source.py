"""The project's own source as the tests of its house rules read it: files, syntax trees, imports."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
CODE = ("bio_fa", "models", "experiments", "benchmarks")
"""The folders that hold the product's Python."""


def python_files(*folders: str) -> list[Path]:
    """Return the Python files of folders, in order, relative to the project's root."""
    return [path.relative_to(ROOT) for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


@functools.cache
def tree(path: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def module_name(path: Path) -> str:
    """Return ``bio_fa.io.names`` for ``bio_fa/io/names.py``, and ``bio_fa.io`` for its ``__init__``."""
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


@dataclass(frozen=True)
class Import:
    """One imported module, and where it is imported."""

    path: Path
    line: int
    module: str
    at_once: bool
    """Whether it is imported with its file: not in a function, and not for the type checker alone."""

    def __str__(self) -> str:
        return f"{self.path}:{self.line} imports {self.module}"


def imports(path: Path) -> list[Import]:
    """Return every import of a file; ``from package import module`` counts as that module."""
    return list(_imports(path, tree(path), at_once=True))


def _imports(path: Path, node: ast.AST, at_once: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        later = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) or _for_types(child)
        for module in _modules(child):
            yield Import(path, child.lineno, module, at_once)  # type: ignore[attr-defined]
        yield from _imports(path, child, at_once and not later)


def _for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _modules(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (name.name for name in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "the project's imports are absolute"
        for name in node.names:
            inner = f"{node.module}.{name.name}"
            yield inner if _is_module(inner) else str(node.module)


def _is_module(name: str) -> bool:
    place = ROOT.joinpath(*name.split("."))
    return place.with_suffix(".py").is_file() or (place / "__init__.py").is_file()
