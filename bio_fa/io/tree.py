"""Tree: nested plain values, arrays and random streams, taken apart into what JSON and safetensors can hold. Nothing is pickled.

Choice: an array whose columns, not rows, lie together is stored transposed, because sums of it depend on that in the last bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bio_fa.errors import RecordError

Arrays = dict[str, NDArray[Any]]
"""By name."""


def take_apart(value: Any) -> tuple[dict[str, Any], Arrays]:
    """Return a value as JSON, with its random streams as integers, and its arrays by name.

    Raises:
        RecordError: for a value that is neither plain, nor an array, nor a random stream.
    """
    parts = _Parts()
    tree = parts.plain(value)
    return {"tree": tree, "streams": [_numbers(each) for each in parts.streams]}, parts.arrays


def put_together(table: dict[str, Any], arrays: Arrays) -> Any:
    """Return the value that ``take_apart`` took apart.

    Raises:
        RecordError: when the parts are not those of a value.
    """
    try:
        return _whole(table["tree"], arrays, [_stream(each) for each in table["streams"]])
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise RecordError(f"The state of a run is not what bio_fa wrote ({error!r}); restore a copy or run again.") from error


def arrays(value: Any) -> Iterator[NDArray[Any]]:
    """Yield every array of numbers in a value that ``put_together`` returned."""
    if isinstance(value, dict):
        yield from (each for inner in value.values() for each in arrays(inner))
    elif isinstance(value, tuple | list):
        yield from (each for inner in value for each in arrays(inner))
    elif isinstance(value, np.ndarray):
        yield value


def resembles(value: Any, like: Any) -> bool:
    """Return whether a value has all that another has, each of the same type, arrays of the same shape; tables may have more."""
    if isinstance(like, dict):
        return isinstance(value, dict) and all(key in value and resembles(value[key], each) for key, each in like.items())
    if isinstance(like, tuple):
        return isinstance(value, tuple) and len(value) == len(like) and all(map(resembles, value, like))
    if isinstance(like, np.ndarray):
        return isinstance(value, np.ndarray) and (value.shape, value.dtype) == (like.shape, like.dtype)
    if isinstance(like, float):
        return isinstance(value, int | float) and not isinstance(value, bool)
    return like is None or type(value) is type(like)


class _Parts:
    """The arrays and streams that were met so far."""

    def __init__(self) -> None:
        self.arrays: Arrays = {}
        self.streams: list[np.random.Generator] = []

    def plain(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | str):
            return value
        if isinstance(value, float):
            return float(value)
        if isinstance(value, dict):
            return {"table": [[self.plain(key), self.plain(each)] for key, each in value.items()]}
        if isinstance(value, tuple | list):
            return {type(value).__name__: [self.plain(each) for each in value]}
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, np.random.Generator):
            return {"stream": self._stream(value)}
        raise RecordError(f"The state of a run holds a {type(value).__name__}; give numbers, texts, arrays and random streams.")

    def _array(self, array: NDArray[Any]) -> dict[str, Any]:
        name, turned = f"array_{len(self.arrays):05d}", array.flags.f_contiguous and not array.flags.c_contiguous
        self.arrays[name] = np.ascontiguousarray(array.T if turned else array).reshape(array.shape[:: -1 if turned else 1])
        return {"array": name, "turned": turned}

    def _stream(self, stream: np.random.Generator) -> int:
        """Return the place of a stream, which may be shared, among those met."""
        known = [each is stream for each in self.streams]
        if not any(known):
            self.streams.append(stream)
        return known.index(True) if any(known) else len(known)


def _whole(value: Any, arrays: Arrays, streams: list[np.random.Generator]) -> Any:
    if not isinstance(value, dict):
        return value
    if "array" in value:
        array = arrays[value["array"]]
        return array.T if value["turned"] else array
    if "stream" in value:
        return streams[value["stream"]]
    if "table" in value:
        return {_whole(key, arrays, streams): _whole(each, arrays, streams) for key, each in value["table"]}
    kind, items = (tuple, value["tuple"]) if "tuple" in value else (list, value["list"])
    return kind(_whole(each, arrays, streams) for each in items)


def _numbers(stream: np.random.Generator) -> dict[str, Any]:
    """Return where a stream is, as integers."""
    return dict(stream.bit_generator.state)


def _stream(state: dict[str, Any]) -> np.random.Generator:
    stream = np.random.default_rng()
    stream.bit_generator.state = state
    return stream
