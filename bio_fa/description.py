"""Description: the frozen dataclass that every part of a circuit, task and study is made of.

A description only stores and validates. Its fields are checked against their annotations when it is made, it turns into
a table of plain values (JSON, TOML) and back, and it lists the ``Source:`` and ``Choice:`` lines of its docstring.
Classes are abstract (``class Neuron(Description, abstract=True)``) or final; a final class registers under its *kind*,
the snake-case form of its name, so that a configuration can name it.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import sys
import types
import typing
from abc import ABC
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, ClassVar, Self

from bio_fa.errors import DescriptionError, nearest


@dataclass(frozen=True)
class Description(ABC):
    """The abstract base of every description.

    Raises:
        DescriptionError: when a field has the wrong type, is not finite, or is refused by ``validate``.
    """

    _kinds: ClassVar[dict[str, type[Description]]] = {}

    def __init_subclass__(cls, abstract: bool = False) -> None:
        cls._refuse_final_bases()
        if abstract:
            cls._kinds = {}
        else:
            cls._register()

    @classmethod
    def _refuse_final_bases(cls) -> None:
        for base in cls.__bases__:
            if issubclass(base, Description) and base is not Description and "_kinds" not in vars(base):
                raise TypeError(f"{cls.__name__} cannot extend {base.__name__}, which is final; extend its abstract base.")

    @classmethod
    def _register(cls) -> None:
        known = Description._kinds.get(cls.kind())
        if known is not None and known.__module__.startswith("bio_fa.") and known.__module__ != cls.__module__:
            raise DescriptionError(f"{cls.__module__} defines {cls.__name__}, but {known.__module__} has one; rename yours.")
        for base in cls.__mro__:
            if "_kinds" in vars(base):
                vars(base)["_kinds"][cls.kind()] = cls

    def __post_init__(self) -> None:
        if "_kinds" in vars(type(self)):
            raise TypeError(f"{type(self).__name__} is abstract; make one of its kinds: {', '.join(sorted(self.kinds()))}.")
        for name, hint in field_types(type(self)).items():
            value = getattr(self, name)
            self.require(conforms(value, hint), name, expected(hint))
        self.validate()

    def validate(self) -> None:
        """Refuse values that no annotation can exclude; a class overrides it to ``require`` what must hold."""

    def require(self, holds: bool, field: str, allowed: str) -> None:
        """Raise the one-sentence error for ``field`` unless ``holds``."""
        if not holds:
            raise DescriptionError(f"{self.title()}: {field} = {getattr(self, field)!r} is not allowed; give {allowed}.")

    def title(self) -> str:
        """Return how errors call this description: its class, and its name if it has one."""
        name = getattr(self, "name", None)
        return f"{type(self).__name__} {name!r}" if isinstance(name, str) else type(self).__name__

    @classmethod
    def kind(cls) -> str:
        """Return the name that configurations and files use: ``LeakyRate`` → ``leaky_rate``."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", cls.__name__).lower()

    @classmethod
    def kinds(cls) -> dict[str, type[Self]]:
        """Return the final classes of this family by kind."""
        return dict(cls._kinds) if "_kinds" in vars(cls) else {cls.kind(): cls}  # type: ignore[arg-type]

    def to_table(self) -> dict[str, Any]:
        """Return this description as plain values: numbers, strings, lists and tables that name their kind."""
        table = {field.name: _plain(getattr(self, field.name)) for field in fields(self)}
        by_default = {field.name for field in fields(self) if field.default is None and table[field.name] is None}
        return {"kind": self.kind(), **{name: value for name, value in table.items() if name not in by_default}}

    @classmethod
    def from_table(cls, table: dict[str, Any]) -> Self:
        """Return the description that ``to_table`` or a configuration wrote.

        Raises:
            DescriptionError: for an unknown kind or key (with the nearest known one) or a value that is refused.
        """
        if not isinstance(table, dict):
            raise DescriptionError(f"{cls.__name__}: {table!r} is not a table; give one with the key 'kind'.")
        final = cls._final(table)
        hints = field_types(final)
        for name in table:
            if name not in hints and name != "kind":
                raise DescriptionError(f"{final.__name__} has no setting {name!r}; {nearest(name, hints)}")
        missing = [f.name for f in fields(final) if f.name not in table and _required(f)]
        if missing:
            raise DescriptionError(f"{final.__name__} needs {', '.join(missing)}; add it to the table.")
        return final(**{name: revive(value, hints[name]) for name, value in table.items() if name != "kind"})

    @classmethod
    def _final(cls, table: dict[str, Any]) -> type[Self]:
        kinds = cls.kinds()
        kind = table.get("kind", cls.kind())
        if not isinstance(kind, str) or kind not in kinds:
            given = f"{kind!r} is no kind of {cls.__name__}" if "kind" in table else f"{cls.__name__} needs a 'kind'"
            raise DescriptionError(f"{given}; {nearest(str(kind), kinds)}")
        return kinds[kind]

    def sources(self) -> tuple[str, ...]:
        """Return the ``Source:`` and ``Choice:`` lines of this description and of all it holds, each once."""
        own = re.findall(r"((?:Source|Choice): .+?)(?=\n\s*\n|\n\s*(?:Source|Choice|Raises|Args):|\Z)", _docs(type(self)), re.S)
        lines = [f"{type(self).__name__}: {' '.join(line.split())}" for line in own]
        for part in parts(self):
            lines.extend(part.sources())
        return tuple(dict.fromkeys(lines))


def _docs(cls: type) -> str:
    return cls.__doc__ or ""


def _required(field: Any) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def parts(value: Any) -> Iterator[Description]:
    """Yield the descriptions directly inside a description."""
    for field in fields(value):
        held = getattr(value, field.name)
        for item in held if isinstance(held, tuple) else (held,):
            if isinstance(item, Description):
                yield item


@functools.cache
def field_types(cls: type) -> dict[str, Any]:
    """Return the annotations of a description's fields, resolved."""
    hints = typing.get_type_hints(cls)
    return {field.name: hints[field.name] for field in fields(cls)} if is_dataclass(cls) else {}


def conforms(value: Any, hint: Any) -> bool:
    """Return whether ``value`` is what the annotation ``hint`` says; numbers must be finite."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return any(conforms(value, each) for each in arguments)
    if origin is typing.Literal:
        return any(value == each and type(value) is type(each) for each in arguments)
    if origin is tuple:
        return isinstance(value, tuple) and all(conforms(item, arguments[0]) for item in value)
    if origin is list:
        return isinstance(value, list) and all(conforms(item, arguments[0]) for item in value)
    if origin is dict:
        return isinstance(value, dict) and all(conforms(item, arguments[1]) for item in value.values())
    if typing.is_typeddict(hint):
        return isinstance(value, dict) and not misfits(value, hint)
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, hint)


def misfits(table: dict[str, Any], form: Any) -> dict[str, Any]:
    """Return the keys of a table that are not what a ``TypedDict`` says, or missing, with what it says of each."""
    hints, needed = typing.get_type_hints(form), form.__required_keys__
    absent = object()
    wrong = (key for key in hints if (key in table or key in needed) and not conforms(table.get(key, absent), hints[key]))
    return {key: hints[key] for key in wrong}


def expected(hint: Any) -> str:
    """Return an annotation in words, for error messages."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return " or ".join(expected(each) for each in arguments)
    if origin is typing.Literal:
        return " or ".join(repr(each) for each in arguments)
    if origin in (tuple, list):
        return f"a list in which each item is {expected(arguments[0])}"
    if origin is dict:
        return f"a table in which each value is {expected(arguments[1])}"
    if typing.is_typeddict(hint):
        return f"a table of {', '.join(typing.get_type_hints(hint))}"
    words = {float: "a finite number", int: "a whole number", bool: "true or false", str: "a text", type(None): "nothing"}
    return words.get(hint, f"a {getattr(hint, '__name__', hint)}")


def _plain(value: Any) -> Any:
    if isinstance(value, Description):
        return value.to_table()
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def revive(value: Any, hint: Any) -> Any:
    """Turn a plain value back into what the annotation says: tables into descriptions, lists into tuples."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        options = [each for each in arguments if each is not type(None)]
        chosen = next((each for each in options if _suits(value, each)), options[0])
        return value if value is None else revive(value, chosen)
    if origin is tuple and isinstance(value, list | tuple):
        return tuple(revive(item, arguments[0]) for item in value)
    if isinstance(hint, type) and issubclass(hint, Description) and isinstance(value, dict):
        return hint.from_table(value)
    return value


def _suits(value: Any, hint: Any) -> bool:
    if isinstance(value, list | tuple):
        return typing.get_origin(hint) is tuple
    if isinstance(value, dict):
        return isinstance(hint, type) and issubclass(hint, Description)
    return conforms(value, hint)
