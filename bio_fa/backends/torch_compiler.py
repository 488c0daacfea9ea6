"""From the text of a kernel to a function: compiled once with the system's C++ compiler, and kept in the user's cache.

A library is named by a hash of its text, of the compiler and of the processor, so that nothing stale is ever loaded. It is
written under a name of its own and then renamed, so that processes that compile the same kernel do not meet.
"""

from __future__ import annotations

import ctypes
import hashlib
import itertools
import os
import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

from bio_fa.backends.torch_scan import KernelError

FLAGS = (
    *("-O2", "-ftree-vectorize", "-fvect-cost-model=dynamic", "-march=native", "-fPIC", "-shared"),
    *("-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"),
)
"""Products and sums are not fused, so that they round as NumPy's do.

-fno-math-errno and -fno-trapping-math let loops with comparisons be vectorised; they change no result."""


@lru_cache(maxsize=256)
def compiled(text: str, function: str = "scan") -> ctypes._NamedFuncPointer:
    """Return a function of a C++ text that takes pointers and returns nothing.

    Raises:
        KernelError: when it cannot be compiled.
    """
    library = cache() / f"{_digest(text)}.so"
    if not library.exists():
        _compile(text, library)
    found: ctypes._NamedFuncPointer = ctypes.CDLL(str(library))[function]
    found.restype = None
    return found


@lru_cache(maxsize=1)
def cache() -> Path:
    """Return the folder of compiled kernels: ``bio_fa`` in the user's cache, or in a temporary one where that is closed.

    The environment variable BIO_FA_CACHE names another.
    """
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(os.environ.get("BIO_FA_CACHE") or home / "bio_fa") / "kernels"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        return Path(tempfile.mkdtemp(prefix="bio_fa_kernels_"))


@lru_cache(maxsize=1)
def _compiler() -> tuple[str, bytes]:
    """Return the compiler, and what it says of itself and of this processor."""
    found = shutil.which("g++")
    if found is None:
        raise KernelError("there is no C++ compiler g++")
    answer = subprocess.run([found, "-march=native", "-Q", "--help=target"], capture_output=True)
    version = subprocess.run([found, "--version"], capture_output=True)
    return found, version.stdout + answer.stdout


def _digest(text: str) -> str:
    said = "\0".join([text, *FLAGS]).encode() + _compiler()[1]
    return hashlib.sha256(said).hexdigest()[:32]


def _compile(text: str, library: Path) -> None:
    with tempfile.TemporaryDirectory(dir=library.parent) as folder:
        source, result = Path(folder) / "scan.cpp", Path(folder) / "scan.so"
        source.write_text(text, encoding="utf-8")
        command = [_compiler()[0], *FLAGS, str(source), "-o", str(result)]
        answers = (subprocess.run([*command, *threads], capture_output=True, text=True) for threads in (["-fopenmp"], []))
        refused = list(itertools.takewhile(lambda answer: answer.returncode != 0, answers))
        if len(refused) == 2:
            raise KernelError(f"g++ refuses a kernel ({' '.join(refused[1].stderr.split())[:200]})")
        os.replace(result, library)
