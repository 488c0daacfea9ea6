"""Origin: from which versions, machines and settings the runs of a study come, and the command that repeats it."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

import tomli_w

from bio_fa.comparison.report.findings import Findings
from bio_fa.io.plain import to_json


def command(file: Path | None, output: Path, overrides: Mapping[str, Any] | None) -> str:
    """Return the command that repeats a comparison; without a file the call of the library."""
    if file is None:
        return f"bio_fa.compare(comparison, {str(output)!r})"
    changes = [word for key, value in _flat(overrides or {}) for word in ("--set", f"{key}={_toml(value)}")]
    return shlex.join(["bio-fa", "compare", str(file), "--output", str(output), *changes])


def settings(study: Mapping[str, Any]) -> str:
    """Return the description of a study as TOML."""
    return tomli_w.dumps(_told(study))


def provenance(study: Mapping[str, Any], found: Sequence[Findings]) -> list[tuple[str, str]]:
    """Return where the runs come from, as terms and what they are; where runs differ, all that there is."""
    own = [each.part("provenance") for each in found if each.part("provenance")]
    packages: dict[str, None] = dict.fromkeys(name for each in own for name in each.get("packages", {}))
    created = sorted(each["created"] for each in own if each.get("created"))
    said = {
        "bio_fa": _distinct(own, lambda each: each.get("bio_fa")),
        "commit": _distinct(own, _commit),
        "Python": _distinct(own, lambda each: each.get("python")),
        "machine": _distinct(own, _machine),
        "packages": "; ".join(f"{name} {_distinct([each['packages'] for each in own], itemgetter(name))}" for name in packages),
        "seeds": ", ".join(map(str, dict.fromkeys(each.run["seed"] for each in found))),
        "begun": " to ".join(dict.fromkeys([created[0], created[-1]])) if created else "",
        "settings (SHA-256)": hashlib.sha256(settings(study).encode()).hexdigest(),
    }
    return [(term, text) for term, text in said.items() if text]


def _flat(table: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{within}{key}.")
        else:
            yield f"{within}{key}", value


def _toml(value: Any) -> str:
    """Return a value as TOML on one line, whose texts and numbers are those of JSON."""
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{to_json(str(key))} = {_toml(each)}' for key, each in value.items())} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return to_json(value)


def _told(value: Any) -> Any:
    """Return values as TOML knows them: without None, whose place is the default."""
    if isinstance(value, Mapping):
        return {str(key): _told(each) for key, each in value.items() if each is not None}
    return [_told(each) for each in value] if isinstance(value, list | tuple) else value


def _distinct(tables: Sequence[Mapping[str, Any]], of: Callable[[Mapping[str, Any]], object]) -> str:
    return ", ".join(dict.fromkeys(str(of(each)) for each in tables))


def _commit(table: Mapping[str, Any]) -> str:
    return f"{table.get('commit') or 'unknown'}{', with changes that were not committed' if table.get('dirty') else ''}"


def _machine(table: Mapping[str, Any]) -> str:
    threads = table.get("threads")
    return f"{table.get('platform')}, {table.get('cpus')} cores, {threads} thread{'' if threads == 1 else 's'} a run"
