"""Provenance: with what a run was made, without saying whose machine it was."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = {
    "numpy": "numpy",
    "torch": "torch",
    "h5py": "h5py",
    "brian2": "brian2",
    "snntorch": "snntorch",
    "scipy": "scipy",
    "scikit-learn": "sklearn",
}
"""The distributions that bear on a result, and the module of each."""

_FOLDERS = re.compile(r"""(?<![\w.\-/\\])(?:~[\w-]*|[A-Za-z]:)?[/\\](?:[^/\\'",=]*[/\\])*""")
"""The folders of an absolute path; a relative path has a character before its first separator."""


def provenance(seed: int, command: Sequence[str] | None) -> dict[str, Any]:
    """Return with what a run is made, ready for JSON.

    Keys: ``bio_fa``, ``python``, ``platform``, ``cpus``, ``threads`` (None until torch is loaded), ``packages`` (those
    loaded), ``commit`` and ``dirty`` (None outside a checkout), ``created`` (ISO 8601 with zone), ``seed``, ``argv``.

    Args:
        seed: the seed of the run.
        command: the words of the command line; of absolute paths only the last part is kept. None: there was none.
    """
    return {
        "bio_fa": _version("bio_fa", "bio_fa"),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "threads": _threads(),
        "packages": {name: _version(name, module) for name, module in PACKAGES.items() if module in sys.modules},
        **_commit(Path(__file__).resolve().parents[2]),
        "created": datetime.now().astimezone().isoformat(timespec="seconds"),
        "seed": int(seed),
        "argv": None if command is None else [_FOLDERS.sub("", word) for word in command],
    }


def _version(distribution: str, module: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return str(getattr(sys.modules.get(module), "__version__", "unknown"))


def _threads() -> int | None:
    torch = sys.modules.get("torch")
    return None if torch is None else int(torch.get_num_threads())


def _commit(root: Path) -> dict[str, Any]:
    """Return the commit of the checkout at ``root`` and whether files differ from it."""
    commit = _git(root, "rev-parse", "HEAD") if (root / ".git").exists() else None
    changes = None if commit is None else _git(root, "status", "--porcelain")
    return {"commit": commit, "dirty": None if changes is None else bool(changes)}


def _git(root: Path, *words: str) -> str | None:
    """Return what git answers, or None when it cannot: a run must not fail because git is missing, slow or strict."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    environment["GIT_OPTIONAL_LOCKS"] = "0"
    command = ["git", "-C", str(root), *words]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, env=environment, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()
