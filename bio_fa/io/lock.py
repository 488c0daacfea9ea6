"""Lock: one run's folder has one writer; ``run.lock`` says who, and a lock whose process is gone is taken over."""

from __future__ import annotations

import json
import os
import platform
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from bio_fa.errors import RecordError
from bio_fa.io.commit import make_folder, writing

NAME = "run.lock"
ASIDE = f".{NAME}."
"""With what the name of a stale lock begins while it is taken away."""
GRACE = 2.0
"""Seconds after which a lock that names nobody was torn by a crash, and is not still being written."""


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Be the one who writes ``folder``, which is made where it is missing.

    Raises:
        RecordError: when another process writes it, naming host and process, or the lock cannot be written.
    """
    lock = folder / NAME
    with writing(lock):
        make_folder(folder)
        _take(lock)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def require_free(folder: Path) -> None:
    """Refuse a folder that another process writes.

    Raises:
        RecordError: naming its host and process.
    """
    found = _read(folder / NAME) if folder.is_dir() else None
    if found is not None and not _stale(folder / NAME, found):
        raise _busy(folder, found)


def _take(lock: Path) -> None:
    created = datetime.now().astimezone().isoformat(timespec="seconds")
    who = {"host": platform.node(), "pid": os.getpid(), "start": _start(os.getpid()), "created": created}
    try:
        handle = os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:
        _remove_stale(lock)
        handle = os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        os.write(handle, json.dumps(who).encode())
    except BaseException:
        lock.unlink()
        raise
    finally:
        os.close(handle)


def _remove_stale(lock: Path) -> None:
    """Take a lock away whose process is gone; should two do so at once, one of them is refused."""
    found = _read(lock)
    if found is None or not _stale(lock, found):
        raise _busy(lock.parent, found or {})
    aside = lock.with_name(f"{ASIDE}{os.getpid()}")
    os.rename(lock, aside)
    if _read(aside) != found:
        os.link(aside, lock)
        aside.unlink()
        raise _busy(lock.parent, _read(lock) or {})
    aside.unlink()
    gone = f"process {found.get('pid', 'unknown')}, which is gone"
    warnings.warn(f"{lock.parent} was locked by {gone}; its lock is taken over.", stacklevel=2)


def _busy(folder: Path, who: dict[str, Any]) -> RecordError:
    writer = f"process {who.get('pid', 'unknown')} on {who.get('host', 'an unknown host')}"
    remedy = f"wait for it, choose another folder, or, if it is gone for certain, remove {folder / NAME}"
    return RecordError(f"{folder} is being written by {writer}; {remedy}.")


def _read(lock: Path) -> dict[str, Any] | None:
    """Return what a lock says, nothing if it is torn, and None where there is none."""
    try:
        found = json.loads(lock.read_bytes())
    except FileNotFoundError:
        return None
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _stale(lock: Path, who: dict[str, Any]) -> bool:
    """Return whether the process that took a lock is known to be gone; of one on another host nothing is known."""
    if not who:
        return lock.exists() and time.time() - lock.stat().st_mtime > GRACE
    if who.get("host") != platform.node() or not isinstance(who.get("pid"), int):
        return False
    return not _alive(who["pid"]) or _start(who["pid"]) != who.get("start")


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def _start(process: int) -> str | None:
    """Return when a process began, since which boot, so that a number given anew is told apart; None where nobody says."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        ticks = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None
    return f"{boot}/{ticks}"
