"""Nodes: the neurons of each population, as SONATA's ``/nodes`` group lists them."""

from __future__ import annotations

from dataclasses import dataclass

import h5py
import numpy as np

from bio_fa.description import Description
from bio_fa.io.hdf5 import RecordReader
from bio_fa.io.names import text, texts

CELL_TYPE = {1: "E", -1: "I", None: "U"}
"""Of the signs of populations: excitatory, inhibitory, unsigned."""
CELL_TYPES = tuple(CELL_TYPE.values())
ROLES = ("forward", "feedback")


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

    def validate(self) -> None:
        """Refuse what the file could not hold."""
        legal = self.name.isascii() and self.name.replace("_", "a").isalnum() and len(self.name) <= 64
        self.require(legal, "name", "letters, digits and '_', at most 64")
        self.require(self.size >= 1, "size", "at least 1 neuron")
        self.require(self.sign in (1, -1, None), "sign", "+1, -1 or None")
        self.require(self.area.isprintable() and 1 <= len(self.area) <= 64, "area", "1 to 64 printable characters")
        self.require(self.role in ROLES, "role", " or ".join(ROLES))
        self.require(self.cell_type in CELL_TYPES, "cell_type", " or ".join(CELL_TYPES))


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
    """Return what ``write_nodes`` wrote; all neurons of a population are of one kind."""
    values = f"nodes/{name}/0"
    words = {}
    for key in ("cell_type", "role", "area"):
        known = reader.array(f"{values}/@library/{key}", "S")
        words[key] = known[reader.dataset(f"{values}/{key}", "u", 1)[0]].decode()
    size = len(reader.dataset(f"nodes/{name}/node_id", "u", 1))
    sign = int(reader.dataset(f"{values}/sign", "i", 1)[0])
    return PopulationInfo(name, size, sign or None, **words)


def write_mapping(file: h5py.File, info: PopulationInfo, step: float, first: int = 0) -> None:
    """Write ``/report/<name>/mapping``: column n of the data is neuron n; rows, from ``first`` on, are ``step`` ms apart."""
    mapping = file.create_group(f"report/{info.name}/mapping")
    mapping["node_ids"] = np.arange(info.size, dtype=np.uint64)
    mapping["node_ids"].attrs["sorted"] = np.int8(1)
    mapping["index_pointers"] = np.arange(info.size + 1, dtype=np.uint64)
    mapping["index_pointer"] = mapping["index_pointers"]
    mapping["element_ids"] = np.zeros(info.size, dtype=np.uint32)
    mapping["element_pos"] = np.zeros(info.size, dtype=np.float32)
    mapping["time"] = np.array([first * step, first * step, step])
    mapping["time"].attrs["units"] = text("ms")
