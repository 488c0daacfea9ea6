"""How a file can be damaged or forged: its bytes, what a JSON or TOML file says, how an HDF5 file is laid out."""

from __future__ import annotations

import hashlib
import json
import math
import stat
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import tomli_w

from bio_fa.io.digest import sha256
from tests.faults.damaged_layout import CLIMBING, HIDDEN, LONG, Random, beside, layout, one

SECRET = "a secret from outside the folder"
HUGE = 10**400
STRANGE: tuple[Any, ...] = (None, True, -1, 0, 10**18, HUGE, -0.5, 1e308, math.nan, math.inf, "", "x", "../x", "\0", LONG, "$\\x$")
OTHERWISE = ("", "null", "[]", "3", '"x"', "NaN", "{}", "[{}]", "x", "\ufeff{}", "\0", '{"a": NaN}')
EMPTY: tuple[Any, ...] = ([], {}, [[]], [None], {"a": 1}, {"": []})


def damage(path: Path, rng: Random) -> str:
    """Damage a file, or put a forged one in its place; return how."""
    ways: list[Callable[[Path, Random], str]] = list(BYTES)
    ways += {".json": TEXTS, ".jsonl": TEXTS, ".toml": TEXTS, ".h5": [layout]}.get(path.suffix, []) * 4
    return f"{path.name}: {one(ways, rng)(path, rng)}"


# Bytes


def flipped(path: Path, rng: Random) -> str:
    """Flip some bits."""
    held = bytearray(path.read_bytes())
    places = rng.integers(0, max(len(held), 1), int(rng.integers(1, 20)))
    for place in places[: len(held)]:
        held[place] ^= 1 << int(rng.integers(8))
    path.write_bytes(held)
    return f"bits flipped at {sorted(places.tolist())}"


def flipped_early(path: Path, rng: Random) -> str:
    """Flip a bit of the first 2 KiB, where HDF5 keeps its tables."""
    held = bytearray(path.read_bytes())
    place = int(rng.integers(0, max(min(len(held), 2048), 1)))
    held[place : place + 1] = bytes(each ^ (1 << int(rng.integers(8))) for each in held[place : place + 1])
    path.write_bytes(held)
    return f"a bit flipped at {place}"


def cut_off(path: Path, rng: Random) -> str:
    """Cut the file anywhere."""
    size = int(rng.integers(0, path.stat().st_size + 1))
    path.write_bytes(path.read_bytes()[:size])
    return f"cut to {size} bytes"


def overwritten(path: Path, rng: Random) -> str:
    """Overwrite a block with zeros, ones or noise."""
    held = bytearray(path.read_bytes())
    start, size = int(rng.integers(0, len(held) + 1)), int(rng.integers(1, 4096))
    held[start : start + size] = one((bytes, lambda n: b"\xff" * n, rng.bytes), rng)(size)
    path.write_bytes(held)
    return f"{size} bytes overwritten at {start}"


def repeated(path: Path, rng: Random) -> str:
    """Write the file twice, one after the other."""
    path.write_bytes(path.read_bytes() * 2)
    return "twice"


def gone(path: Path, rng: Random) -> str:
    """Remove the file."""
    path.unlink()
    return "gone"


def linked(path: Path, rng: Random) -> str:
    """Put a link to a file outside the folder, to itself, or to nothing, in its place."""
    target = one((beside(path) / "outside.txt", path.name, "/dev/zero", "nowhere", "."), rng)
    path.unlink()
    path.symlink_to(target)
    return f"a link to {target}"


BYTES = [flipped, flipped_early, flipped, cut_off, overwritten, repeated, gone, linked]


# What a text says


def altered(path: Path, rng: Random) -> str:
    """Change one value or key of what the file says."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.suffix == ".jsonl" else [path.read_text(encoding="utf-8")]
    number = int(rng.integers(len(lines)))
    said = (tomllib if path.suffix == ".toml" else json).loads(lines[number])
    how = _alter(said, rng)
    lines[number] = _toml(said) if path.suffix == ".toml" else json.dumps(said)
    path.write_text("\n".join(lines), encoding="utf-8")
    return how


def _toml(said: Any) -> str:
    try:
        return tomli_w.dumps(said)
    except (TypeError, ValueError):
        return "x = 1\n" + json.dumps(said)


def _alter(said: Any, rng: Random) -> str:
    holder, key = _place(said, rng)
    way = int(rng.integers(6))
    if way == 0:
        del holder[key]
        return f"{key!r} deleted"
    if way == 1 and isinstance(holder, dict):
        holder[new := one((*CLIMBING, "kind", "extra"), rng)] = holder[key]
        return f"{new!r:.40} added"
    holder[key] = {2: one(EMPTY, rng), 3: _swapped(holder[key])}.get(way, one(STRANGE, rng))
    return f"{key!r} = {str(holder[key])[:40]!r}"


def _swapped(value: Any) -> Any:
    """Return a value of another type that says the same."""
    if isinstance(value, dict):
        return list(value.items())
    return {"0": value} if isinstance(value, list) else str(value) if isinstance(value, int | float) else [value]


def _place(said: Any, rng: Random) -> tuple[Any, Any]:
    """Return a table or list and one of its keys; a deeper one is as likely as one at the surface."""
    key = one(list(said) if isinstance(said, dict) else range(len(said)), rng)
    inner = said[key]
    return _place(inner, rng) if isinstance(inner, dict | list) and inner and rng.random() < 0.7 else (said, key)


def nested(path: Path, rng: Random) -> str:
    """Nest lists or tables deeper than any parser goes."""
    depth = int(10 ** rng.uniform(2, 5))
    text = one(("[" * depth, "[" * depth + "]" * depth, '{"a":' * depth, "x = " + "[" * depth, "a." * depth + "a = 1"), rng)
    path.write_text(text, encoding="utf-8")
    return f"nested {depth} deep"


def doubled(path: Path, rng: Random) -> str:
    """Say a line twice, so that keys are double."""
    lines = path.read_text(encoding="utf-8").splitlines()
    number = int(rng.integers(len(lines)))
    path.write_text("\n".join([*lines[: number + 1], *lines[number:]]), encoding="utf-8")
    return f"line {number} doubled"


def replaced(path: Path, rng: Random) -> str:
    """Say something else altogether."""
    said = one((*OTHERWISE, "1" * 5000, "[" + "[]," * 10**6), rng)
    path.write_text(said, encoding="utf-8")
    return f"says {said[:20]!r}"


TEXTS = [altered] * 8 + [nested, doubled, replaced]


def forged(run: Path) -> int:
    """Make every hash of the checkpoints right again; return of how many checkpoints."""
    return sum(_forged(path, run / "segments") for path in sorted(run.glob("checkpoints/step-*")))


def _forged(path: Path, segments: Path) -> bool:
    try:
        table = json.loads((path / "state.json").read_text(encoding="utf-8"))
        held = {name: segments / name for name in table["segments"]}
        if not all(stat.S_ISREG(each.lstat().st_mode) for each in (path / "state.safetensors", *held.values())):
            return False
        table["arrays_sha256"] = sha256(path / "state.safetensors")
        table["segments"] = {name: sha256(each) for name, each in held.items()}
        del table["sha256"]
        table["sha256"] = hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return False
    (path / "state.json").write_text(json.dumps(table), encoding="utf-8")
    return True


def outside(folder: Path) -> None:
    """Put what nobody may read beside a folder."""
    folder.joinpath("outside.txt").write_text(json.dumps({"name": SECRET, "status": SECRET}))
    np.full(1 << 16, HIDDEN, "f4").tofile(folder / "outside.bin")
    with h5py.File(folder / "outside.h5", "w") as file:
        file["values"] = np.full((64, 64), HIDDEN, "f4")
