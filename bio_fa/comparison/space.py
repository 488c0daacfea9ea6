"""Space: the settings that a sweep tries, as ``key=…`` says them on the command line."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bio_fa.config import apply_override
from bio_fa.errors import ConfigError
from bio_fa.randomness import stream


@dataclass(frozen=True)
class Choices:
    """A key of the configuration and the values to try, as they are written: ``training.batch=16,32,64``."""

    key: str
    values: tuple[str, ...]

    def draw(self, rng: Any) -> str:
        """Return one of the values."""
        return self.values[int(rng.integers(len(self.values)))]


@dataclass(frozen=True)
class Range:
    """A key of the configuration and between what numbers to try: ``training.epochs=5:50``, ``circuit.apical_gain=1e-3:1:log``."""

    key: str
    low: float
    high: float
    log: bool
    whole: bool
    """Whether only whole numbers are meant: where both ends are written as such."""

    def draw(self, rng: Any) -> str:
        """Return a number, uniform between the ends, or its logarithm between theirs."""
        if self.whole and not self.log:
            return str(int(rng.integers(int(self.low), int(self.high), endpoint=True)))
        ends = (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)
        value = rng.uniform(*ends)
        return self.text(min(max(math.exp(value), self.low), self.high) if self.log else value)

    def text(self, value: float) -> str:
        """Return a number as it is written. Choice: six digits, so that a setting can be read and typed."""
        return str(round(value)) if self.whole else f"{value:.6g}"


Dimension = Choices | Range


def dimension(text: str) -> Dimension:
    """Return what ``key=a,b,c`` or ``key=low:high[:log]`` means; commas within brackets and quotes part nothing.

    Raises:
        ConfigError: for a key without values, or a range without order.
    """
    key, equals, told = text.partition("=")
    if not equals or not key.strip() or not told.strip():
        raise ConfigError(f"{text!r} is no dimension; write key=a,b,c or key=low:high or key=low:high:log.")
    parts = told.split(":")
    numbers = [_number(part) for part in parts[:2]]
    if len(parts) in (2, 3) and None not in numbers:
        return _range(key.strip(), parts, *(each for each in numbers if each is not None))
    return Choices(key.strip(), tuple(_parted(told)))


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _range(key: str, parts: Sequence[str], low: float, high: float) -> Range:
    log = parts[2:] == ["log"]
    if (parts[2:] and not log) or not low < high < math.inf or (log and low <= 0):
        raise ConfigError(f"{key}={':'.join(parts)} is no range; write low:high, or low:high:log with 0 < low, and low < high.")
    return Range(key, low, high, log, whole=all(part.strip().lstrip("-").isdigit() for part in parts[:2]))


def _parted(text: str) -> Iterator[str]:
    """Yield the values between commas that are within no bracket, brace or quote."""
    depth, quote, value = 0, "", ""
    for letter in text:
        if quote or letter in "'\"":
            quote = "" if letter == quote else quote or letter
        depth += 0 if quote else (letter in "[{") - (letter in "]}")
        if letter == "," and not depth and not quote:
            yield value.strip()
            value = ""
        else:
            value += letter
    yield value.strip()


def grid(dimensions: Sequence[Dimension]) -> list[dict[str, str]]:
    """Return every combination of the values of each key.

    Raises:
        ConfigError: for a range, of which there is no end of values.
    """
    for each in dimensions:
        if isinstance(each, Range):
            raise ConfigError(f"--grid {each.key}: a range has no end of values; write key=a,b,c, or give it to --random.")
    values = [each.values for each in dimensions if isinstance(each, Choices)]
    keys = [each.key for each in dimensions]
    return [dict(zip(keys, combination, strict=True)) for combination in itertools.product(*values)]


def drawn(dimensions: Sequence[Dimension], count: int, seed: int) -> list[dict[str, str]]:
    """Return so many settings, each key drawn from a stream of its own: more of them leave the first ones as they are."""
    draws = {each.key: stream(seed, "sweep", each.key) for each in dimensions}
    return [{each.key: each.draw(draws[each.key]) for each in dimensions} for _ in range(count)]


def as_table(setting: Mapping[str, str]) -> dict[str, Any]:
    """Return a setting as the nested keys of a configuration, its values read as TOML.

    Raises:
        ConfigError: for what is no key.
    """
    table: dict[str, Any] = {}
    for key, value in setting.items():
        apply_override(table, f"{key}={value}")
    return table
