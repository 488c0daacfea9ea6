"""How an HDF5 file can be laid out so that it deceives its readers: types, shapes, links, filters, values and words."""

from __future__ import annotations

import math
import zlib
from pathlib import Path
from typing import Any

import h5py
import numpy as np

HIDDEN = 13.53125
"""The values of a dataset outside the folder."""
LONG = "a" * 5000
CLIMBING = ("../x", "/tmp/x", "x\0y", LONG, "", ".", "..", "<script>", "%s{0}")

Random = np.random.Generator


def one(choices: Any, rng: Random) -> Any:
    """Return one of the choices."""
    return choices[int(rng.integers(len(choices)))]


def beside(path: Path) -> Path:
    """Return the folder above a run's file in which is what nobody may read."""
    return next(each for each in path.parents if (each / "outside.txt").exists())


def layout(path: Path, rng: Random) -> str:
    """Change one object or attribute of an HDF5 file."""
    with h5py.File(path, "r+") as file:
        names: list[str] = []
        file.visit(names.append)
        datasets = [name for name in names if isinstance(file[name], h5py.Dataset)]
        if rng.random() < 0.3:
            return _attribute(file[one(["/", *names], rng)], rng)
        if rng.random() < 0.3:
            return _links(file, one(names, rng), rng)
        return _dataset(file, one(datasets, rng), rng)


def _attribute(item: Any, rng: Random) -> str:
    keys = [*item.attrs] or ["format"]
    key = one(keys, rng)
    words = [np.bytes_(each) for each in (b"../x", b"\xff\xfe", b"$\\x$", b"")]
    numbers = [np.float64("nan"), np.float64(1e308), np.float64(0), np.int64(-(2**62)), np.uint8(255)]
    values = [*words, *numbers, "text", np.zeros(3), np.array(["a", "b"], "S"), h5py.Empty("f8"), np.zeros((2, 2), "i8")]
    way = int(rng.integers(len(values) + 1))
    if way == len(values):
        item.attrs.pop(key, None)
        return f"{item.name}@{key} deleted"
    item.attrs[key] = values[way]
    return f"{item.name}@{key} = {values[way]!r}"


def _links(file: h5py.File, name: str, rng: Random) -> str:
    way = one((_external, _soft, _loop, _cycle, _deleted, _renamed, _merged), rng)
    way(file, name, rng)
    return f"{name}: {way.__name__}"


def _external(file: h5py.File, name: str, rng: Random) -> None:
    other, inside = beside(Path(file.filename)) / "outside.h5", file[name]
    target = _like(other, inside) if isinstance(inside, h5py.Dataset) and inside.ndim and rng.random() < 0.7 else "/values"
    del file[name]
    file[name] = h5py.ExternalLink(str(other), target)


def _like(path: Path, table: h5py.Dataset) -> str:
    """Make a dataset of another file that is like this one, and grows as it does; return its name."""
    with h5py.File(path, "a") as other:
        chunks = True if None in table.maxshape else None
        made = other.create_dataset("like", table.shape, table.dtype, maxshape=table.maxshape, chunks=chunks)
        made.attrs.update(table.attrs)
        if table.dtype.kind == "f":
            made[...] = HIDDEN
    return "/like"


def _soft(file: h5py.File, name: str, rng: Random) -> None:
    file.move(name, "moved")
    file[name] = h5py.SoftLink("/moved")


def _loop(file: h5py.File, name: str, rng: Random) -> None:
    del file[name]
    file[name] = h5py.SoftLink(f"/{name}")


def _cycle(file: h5py.File, name: str, rng: Random) -> None:
    del file[name]
    file[name] = file["/"]


def _deleted(file: h5py.File, name: str, rng: Random) -> None:
    del file[name]


def _renamed(file: h5py.File, name: str, rng: Random) -> None:
    new = one([each for each in CLIMBING if each.strip("./")], rng).replace("\0", "\1")
    file.move(name, f"{name.rpartition('/')[0]}/{new}")


def _merged(file: h5py.File, name: str, rng: Random) -> None:
    """Put something else of the file there."""
    names: list[str] = []
    file.visit(names.append)
    other = file[one(names, rng)]
    del file[name]
    file[name] = other


def _dataset(file: h5py.File, name: str, rng: Random) -> str:
    way = one(DATASETS, rng)
    values, attributes = file[name][()], dict(file[name].attrs)
    del file[name]
    way(file, name, values, rng)
    if name in file:
        file[name].attrs.update(attributes)
    return f"{name}: {way.__name__}"


def _other_type(file: h5py.File, name: str, values: Any, rng: Random) -> None:
    kind = one(("f4", "f8", "i1", "i8", "u8", "u1", "S8", "c16", ">f4", "f2", "O", "V6"), rng)
    file.create_dataset(name, np.shape(values), h5py.string_dtype() if kind == "O" else kind)


def _other_shape(file: h5py.File, name: str, values: Any, rng: Random) -> None:
    shape = one(((), (0,), (1,), (3, 0), (0, 3), (2, 2, 2), np.shape(values)[::-1], (*np.shape(values), 1), (1,) * 32), rng)
    file.create_dataset(name, shape, np.asarray(values).dtype)


def _other_values(file: h5py.File, name: str, values: Any, rng: Random) -> None:
    found = np.array(values)
    if found.dtype.kind in "fiu" and found.size:
        limits = (np.nan, np.inf, -1.0, 1e300, 0.0, 0.1) if found.dtype.kind == "f" else (np.iinfo(found.dtype).max, 0, 1)
        with np.errstate(over="ignore"):
            found.flat[rng.integers(0, found.size, int(rng.integers(1, 4)))] = one(limits, rng)
            found = found if rng.random() < 0.7 else np.full_like(found, one(limits, rng))
    elif found.dtype.kind == "S":
        found = np.array([one(CLIMBING, rng).encode()[:100] for _ in found.flat], "S").reshape(found.shape)
    file[name] = found


def _bomb(file: h5py.File, name: str, values: Any, rng: Random) -> None:
    shape = (10**13, *np.shape(values)[1:])
    file.create_dataset(name, shape, np.asarray(values).dtype, chunks=(64, *(max(each, 1) for each in shape[1:])))


def _zipped_bomb(file: h5py.File, name: str, values: Any, rng: Random) -> None:
    """Two gibibytes of zeros, of which the file holds two mebibytes."""
    width, size = np.shape(values)[1:], np.asarray(values).dtype.itemsize
    row = size * max(math.prod(width), 1)
    rows = (1 << 26) // row
    chunks = (rows, *(max(each, 1) for each in width))
    data = file.create_dataset(name, (rows * 32, *width), np.asarray(values).dtype, chunks=chunks, compression="gzip")
    if math.prod(width):
        packed = _packed(data)
        for number in range(32):
            data.id.write_direct_chunk((number * rows, *(0 for _ in width)), packed)


def _packed(data: h5py.Dataset) -> bytes:
    return zlib.compress(bytes(math.prod(data.chunks) * data.dtype.itemsize), 9)


def _outside(file: h5py.File, name: str, values: Any, rng: Random) -> None:
    dtype = np.asarray(values).dtype
    stored = [(str(beside(Path(file.filename)) / "outside.bin"), 0, h5py.h5f.UNLIMITED)]
    file.create_dataset(name, np.shape(values), dtype, external=stored)


def _virtual(file: h5py.File, name: str, values: Any, rng: Random) -> None:
    shape = np.shape(values) or (1,)
    made = h5py.VirtualLayout(shape, np.asarray(values).dtype)
    made[...] = h5py.VirtualSource(str(beside(Path(file.filename)) / "outside.h5"), "values", shape)
    file.create_virtual_dataset(name, made)


def _filtered(file: h5py.File, name: str, values: Any, rng: Random) -> None:
    """Ask for a filter that nobody has, LZF, a scale-offset, or a checksum."""
    found = np.atleast_1d(values)
    how = one(({"compression": "lzf"}, {"fletcher32": True}, {"scaleoffset": 0}, {"compression": "gzip", "shuffle": True}), rng)
    how = {} if found.dtype.kind not in "iu" and "scaleoffset" in how else how
    chunks, grows = tuple(max(each, 1) for each in found.shape), (None,) * found.ndim
    file.create_dataset(name, data=found, chunks=chunks, maxshape=grows, **how)


DATASETS = [_other_type, _other_shape, _other_values, _other_values, _bomb, _zipped_bomb, _outside, _virtual, _filtered]
