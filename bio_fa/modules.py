"""Modules: Python files beside a configuration that define models, rules, neurons or tasks of a user's own."""

from __future__ import annotations

import inspect
import os
import sys
import typing
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from bio_fa.circuit import Circuit
from bio_fa.description import conforms, expected, revive
from bio_fa.errors import BioFAError, ConfigError, nearest
from bio_fa.plasticity import Plasticity, Sum


def load_module(path: Path) -> ModuleType:
    """Run a Python file as a module of its own and return it; the same file is run once.

    Choice: it is compiled here instead of imported, because an import would write ``__pycache__`` beside it.

    Raises:
        ConfigError: when there is no such file, or it cannot be run.
    """
    if path.suffix != ".py" or not os.path.isfile(path):
        raise ConfigError(f"{path.name!r} is no Python file; give the path of one, relative to the configuration.")
    path = path.resolve()
    name = f"bio_fa_user.{path.stem}_{abs(hash(path))}"
    if name not in sys.modules:
        sys.modules[name] = ModuleType(name)
        try:
            _execute(path, sys.modules[name])
        except BaseException:
            del sys.modules[name]
            raise
    return sys.modules[name]


def _execute(path: Path, module: ModuleType) -> None:
    module.__file__ = str(path)
    try:
        exec(compile(path.read_text(encoding="utf-8"), path, "exec"), vars(module))
    except BioFAError:
        raise
    except Exception as error:
        raise ConfigError(f"{path.name} cannot be run ({type(error).__name__}: {error}); mend it.") from error


def find_model(model: str, folder: Path) -> tuple[Path, str]:
    """Return the file and the function of a model: ``name`` of ``models/name.py`` in or above ``folder``, or ``file.py:function``.

    Raises:
        ConfigError: when no file is called so.
    """
    file, _, function = model.rpartition(":")
    if file:
        return folder / file, function
    places = [each / "models" for each in (folder.resolve(), *folder.resolve().parents, Path.cwd())]
    for place in places:
        if model.isidentifier() and os.path.isfile(place / f"{model}.py"):
            return place / f"{model}.py", model
    known = {file.stem for place in places if place.is_dir() for file in place.glob("[a-z]*.py")}
    raise ConfigError(f"[circuit]: no model is called {model!r}; {nearest(model, known)}")


def load_model(model: str, folder: Path) -> Callable[..., Any]:
    """Return the function that ``find_model`` finds.

    Raises:
        ConfigError: when there is no such file or function.
    """
    file, name = find_model(model, folder)
    function = vars(load_module(file)).get(name)
    if not callable(function):
        raise ConfigError(f"{file.name} has no function {name!r}; define one that returns a Circuit.")
    return function  # type: ignore[no-any-return]


def build_circuit(model: Callable[..., Any], table: dict[str, Any], sizes: dict[str, int]) -> Circuit:
    """Return the circuit of a section ``[circuit]``; ``sizes`` fills in what the model takes and the table leaves out.

    Raises:
        ConfigError: for arguments that the model does not have, lacks or refuses, and for a model that returns no circuit.
    """
    known = inspect.signature(model).parameters
    arguments = {name: value for name, value in table.items() if name != "model"}
    for name in arguments:
        if name not in known:
            raise ConfigError(f"[circuit]: model {model.__name__!r} has no setting {name!r}; {nearest(name, known)}")
    circuit = _call(model, {name: size for name, size in sizes.items() if name in known} | arguments)
    if not isinstance(circuit, Circuit):
        raise ConfigError(f"[circuit]: model {model.__name__!r} returned no Circuit; return one.")
    return circuit


def _call(model: Callable[..., Any], given: dict[str, Any]) -> Any:
    try:
        hints = typing.get_type_hints(model)
        return model(**{name: _argument(model, name, value, hints.get(name, object)) for name, value in given.items()})
    except BioFAError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise ConfigError(f"[circuit]: model {model.__name__!r} failed ({reason}); change its settings or mend it.") from error


def _argument(model: Callable[..., Any], name: str, value: Any, hint: Any) -> Any:
    """Return a value of the table as the model's annotation wants it."""
    if hint is Plasticity and isinstance(value, list):
        value = Sum(tuple(Plasticity.from_table(each) for each in value))
    value = revive(value, hint)
    if not conforms(value, hint):
        raise ConfigError(f"[circuit]: {name} = {value!r} came for model {model.__name__!r}; give {expected(hint)}.")
    return value
