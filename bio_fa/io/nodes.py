"""Nodes: the neurons of each population, as SONATA's ``/nodes`` group lists them."""

from __future__ import annotations

import functools
import io
from dataclasses import dataclass, replace
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from bio_fa.description import Description
from bio_fa.errors import RecordError
from bio_fa.io.hdf5 import BOUNDS, RecordReader
from bio_fa.io.names import text, texts

CELL_TYPE = {1: "E", -1: "I", None: "U"}
"""Of the signs of populations: excitatory, inhibitory, unsigned."""
CELL_TYPES = tuple(CELL_TYPE.values())
ROLES = ("forward", "feedback")
KEPT = 4
"""How many files in memory are kept from which others begin: more than the kinds of files that most runs write."""


@dataclass(frozen=True)
class PopulationInfo(Description):
    """What a record says about a population.

    Raises:
        DescriptionError: for a name that cannot be a group's, or a value outside the words below.
    """

    name: str
    size: int
    sign: int | None
    """+1 excitatory, −1 inhibitory, None unsigned (0 in the file)."""
    area: str
    role: str
    """``forward`` or ``feedback``."""
    cell_type: str
    """``E``, ``I`` or ``U`` for unsigned."""
    neurons: tuple[int, ...] | None = None
    """Who of them was recorded, ascending from 0 on; None: all."""

    def validate(self) -> None:
        """Refuse what the file could not hold."""
        legal = self.name.isascii() and self.name.replace("_", "a").isalnum() and len(self.name) <= 64
        self.require(legal, "name", "letters, digits and '_', at most 64")
        self.require(self.size >= 1, "size", "at least 1 neuron")
        self.require(self.sign in (1, -1, None), "sign", "+1, -1 or None")
        self.require(self.area.isprintable() and 1 <= len(self.area) <= 64, "area", "1 to 64 printable characters")
        self.require(self.role in ROLES, "role", " or ".join(ROLES))
        self.require(self.cell_type in CELL_TYPES, "cell_type", " or ".join(CELL_TYPES))
        self.require(self.neurons is None or _are_some(self.neurons, self.size), "neurons", "some, ascending, from 0 to size - 1")

    @property
    def recorded(self) -> NDArray[np.int64]:
        """Who was recorded, ascending: (neuron,)."""
        return np.arange(self.size) if self.neurons is None else np.array(self.neurons)

    def includes(self, neurons: NDArray[np.integer[Any]]) -> bool:
        """Return whether all these neurons are recorded ones: (neuron,), from 0 on, in any order."""
        if self.neurons is None:
            return bool((neurons < self.size).all())
        recorded = self.recorded
        place = np.searchsorted(recorded, neurons).clip(max=len(recorded) - 1)
        return bool((recorded[place] == neurons).all())


def _are_some(neurons: tuple[int, ...], size: int) -> bool:
    """Return whether neurons are at least one, each once, in order, and exist."""
    return bool(neurons) and neurons[0] >= 0 and neurons[-1] < size and bool((np.diff(neurons) > 0).all())


def write_nodes(file: h5py.File, info: PopulationInfo) -> None:
    """Write ``/nodes/<name>``: identities, and per neuron its cell type, area, role and sign.

    Choice: ``area`` and ``role`` are enumerated like ``cell_type``; no ``layer``, which in cortex is something else.
    Choice: the words of one library have one length, because libsonata does not strip the padding of shorter ones.
    """
    group = file.create_group(f"nodes/{info.name}")
    group["node_id"] = group["node_group_index"] = np.arange(info.size, dtype=np.uint64)
    group["node_type_id"] = np.full(info.size, -1, dtype=np.int64)
    group["node_group_id"] = np.zeros(info.size, dtype=np.uint32)
    values = group.create_group("0")
    values["sign"] = np.full(info.size, info.sign or 0, dtype=np.int8)
    for key, known in (("cell_type", CELL_TYPES), ("role", (info.role,)), ("area", (info.area,))):
        values[key] = np.full(info.size, known.index(getattr(info, key)), dtype=np.uint32)
        values[f"@library/{key}"] = texts(known)


def read_nodes(reader: RecordReader, name: str) -> PopulationInfo:
    """Return what ``write_nodes`` wrote; all neurons of a population are of one kind, and none is said to be left out."""
    values = f"nodes/{name}/0"
    words = {}
    for key in ("cell_type", "role", "area"):
        known = reader.array(f"{values}/@library/{key}", "S")
        words[key] = known[reader.dataset(f"{values}/{key}", "u", 1)[0]].decode()
    size = len(reader.dataset(f"nodes/{name}/node_id", "u", 1))
    sign = int(reader.dataset(f"{values}/sign", "i", 1)[0])
    return PopulationInfo(name, size, sign or None, **words)


def write_populations(file: h5py.File, populations: tuple[PopulationInfo, ...], step: float) -> None:
    """Write ``/nodes`` and ``/report`` of populations, in order, of which nothing was recorded yet; frames are ``step`` ms apart.

    Choice: a copy from memory, because the files of a run begin alike, and many small datasets take HDF5 five times as long.
    """
    with h5py.File(io.BytesIO(_beginning(populations, step)), "r") as beginning:
        for name in beginning:
            beginning.copy(name, file)


@functools.lru_cache(maxsize=KEPT)
def _beginning(populations: tuple[PopulationInfo, ...], step: float) -> bytes:
    """Return a file that holds ``/nodes`` and ``/report`` of populations alone."""
    memory = io.BytesIO()
    with h5py.File(memory, "w", libver=BOUNDS) as file:
        for order, info in enumerate(populations):
            write_nodes(file, info)
            _write_mapping(file, info, step)
            file[f"report/{info.name}"].attrs["order"] = order
    return memory.getvalue()


def _write_mapping(file: h5py.File, info: PopulationInfo, step: float) -> None:
    """Write ``/report/<name>/mapping``: a column for each recorded neuron; there are no rows yet, which are ``step`` ms apart."""
    mapping, recorded = file.create_group(f"report/{info.name}/mapping"), info.recorded
    mapping["node_ids"] = recorded.astype(np.uint64)
    mapping["node_ids"].attrs["sorted"] = np.int8(1)
    mapping["index_pointers"] = np.arange(len(recorded) + 1, dtype=np.uint64)
    mapping["index_pointer"] = mapping["index_pointers"]
    mapping["element_ids"] = np.zeros(len(recorded), dtype=np.uint32)
    mapping["element_pos"] = np.zeros(len(recorded), dtype=np.float32)
    mapping["time"] = np.array([0.0, 0.0, step])
    mapping["time"].attrs["units"] = text("ms")


def read_recorded(reader: RecordReader, name: str) -> PopulationInfo:
    """Return what ``write_populations`` wrote of one of them.

    Raises:
        RecordError: where the recorded neurons are none, not in order, or not of the population.
    """
    info, ids = read_nodes(reader, name), reader.array(f"report/{name}/mapping/node_ids", "u")
    if len(ids) == info.size and np.array_equal(ids, np.arange(info.size)):
        return info
    if not _are_some(neurons := tuple(ids.tolist()), info.size):
        raise RecordError(f"{reader.path}: the recorded neurons of {name!r} are not some of it, in order; restore a copy.")
    return replace(info, neurons=neurons)
