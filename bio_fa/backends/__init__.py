"""The machines that simulate circuits. Each is imported only when it is asked for by name."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from bio_fa.errors import BackendError, nearest

if TYPE_CHECKING:
    from bio_fa.backends.base import Backend

NAMES = {"reference": "Reference", "torch_rate": "TorchRate", "torch_spiking": "TorchSpiking", "brian2": "Brian2"}
"""Backends by name: the module of that name and its class."""


def get(name: str, **settings: Any) -> Backend:
    """Return a backend by name, such as ``get("torch_rate", device="cuda", precision="float64")``.

    Raises:
        BackendError: for an unknown name, or a framework that is not installed.
        DescriptionError: for settings that the backend does not have.
    """
    if name not in NAMES:
        raise BackendError(f"no backend is called {name!r}; {nearest(name, NAMES)}")
    try:
        module = importlib.import_module(f"bio_fa.backends.{name}")
    except ModuleNotFoundError as error:
        raise BackendError(f"{name} needs {error.name}, which is not installed; pip install '{error.name}'.") from error
    backend: type[Backend] = getattr(module, NAMES[name])
    return backend.from_table({"kind": name, **settings})
