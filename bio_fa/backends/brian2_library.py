"""Brian2 as the backend uses it: imported without its hook for errors, quiet, and with its settings put back afterwards."""

from __future__ import annotations

import gc
import logging
import os
import shlex
import shutil
import sys
import sysconfig
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_HOOK = sys.excepthook

import brian2  # noqa: E402
import numpy as np  # noqa: E402
from brian2.codegen.runtime.cython_rt import CythonCodeObject  # noqa: E402
from brian2.core.functions import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS  # noqa: E402
from brian2.core.namespace import DEFAULT_UNITS  # noqa: E402
from brian2.devices.cpp_standalone.device import CPPStandaloneDevice  # noqa: E402
from brian2.devices.device import reset_device  # noqa: E402

sys.excepthook = _HOOK

WORDS = ("Clock", "Network", "NeuronGroup", "SpikeMonitor", "StateMonitor", "Synapses", "TimedArray", "linked_var", "second")
"""What a program uses of Brian2."""
RESERVED = frozenset(
    {*DEFAULT_UNITS, *DEFAULT_FUNCTIONS, *DEFAULT_CONSTANTS}
    | {"t", "dt", "t_in_timesteps", "i", "j", "N", "xi", "lastspike", "not_refractory", "refractory", "spikes"}
)
"""Names that mean something to Brian2, so that no variable can have them."""


class Prepared(brian2.Network):  # type: ignore[misc]
    """A network that generates its code once: Brian2 would do so again at every run, which takes longer than a trial."""

    is_prepared = False

    def before_run(self, run_namespace: Any) -> None:
        """Prepare every object, those that are not active yet too, before the first run only."""
        if self.is_prepared:
            return
        waiting = [each for each in self.sorted_objects if not each.active]
        for each in waiting:
            each.active = True
        super().before_run(run_namespace)
        for each in waiting:
            each.active = False
        self.is_prepared = True


class Train(brian2.TimedArray):  # type: ignore[misc]
    """A two-dimensional TimedArray that all neurons of a group read once a time step, in order: NumPy looks up its row."""

    def __init__(self, values: np.ndarray, dt: Any, name: str) -> None:
        super().__init__(values, dt=dt, name=name)
        self.implementations.add_dynamic_implementation("numpy", lambda owner: self._row)

    def _row(self, t: np.ndarray, i: object) -> np.ndarray:
        """Return the values (neuron,) of the time step at ``t``."""
        row: np.ndarray = self.values[int(t / self.dt + 0.5)]
        return row


@contextmanager
def settings(target: str, threads: int = 0) -> Iterator[None]:
    """Run what is inside with a target of Brian2's code generation, without its messages; everything is put back afterwards."""
    prefs, logger = brian2.prefs, logging.getLogger("brian2")
    ours = {
        "codegen.target": target,
        "devices.cpp_standalone.openmp_threads": threads,
        "devices.cpp_standalone.extra_make_args_unix": [f"-j{os.cpu_count() or 1}"],  # Brian2's own is as many as there are files
    }
    before, level = {name: prefs[name] for name in ours}, logger.level
    prefs.update(ours)
    logger.setLevel(logging.ERROR)
    try:
        with _little_to_collect(), warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore", DeprecationWarning)
            yield
    finally:
        prefs.update(before)
        logger.setLevel(level)


@contextmanager
def active(device: CPPStandaloneDevice) -> Iterator[None]:
    """Let a device be Brian2's active one inside."""
    brian2.set_device(device, build_on_run=False)
    try:
        yield
    finally:
        reset_device()


@contextmanager
def _little_to_collect() -> Iterator[None]:
    """Spare Brian2, which collects garbage at every run, all that existed before."""
    ours = gc.get_freeze_count() == 0
    if ours:
        gc.freeze()
    try:
        yield
    finally:
        if ours:
            gc.unfreeze()


def lacking(target: str) -> str | None:
    """Return what a target needs that this computer lacks; None where nothing is lacking."""
    needed = {"numpy": (), "cython": ("CC", "CXX"), "standalone": ("CXX",)}[target]
    if os.name == "posix":
        tools = [shlex.split(os.environ.get(name) or sysconfig.get_config_var(name) or "c++")[0] for name in needed]
        absent = [tool for tool in [*tools, *(["make"] if target == "standalone" else [])] if shutil.which(tool) is None]
        if absent:
            return f"the compiler {absent[0]!r}" if absent[0] != "make" else "the program 'make'"
    if target == "cython":
        with settings("numpy"):
            return None if CythonCodeObject.is_available() else "a compiler that builds extensions of Python"
    return None
