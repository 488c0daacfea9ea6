"""Weights: ``weights.h5``, every projection's mask and its synaptic magnitudes at moments of learning.

==================================  ======================  ===========================================================
path                                values                  attributes
==================================  ======================  ===========================================================
``/``                                                       ``format`` ``bio_fa-weights``, ``format_version``
``/projections/<name>``                                     ``order``, ``pre``, ``post``, ``compartment``, ``density``,
                                                            ``sign`` (int8; 0: unsigned), ``plastic`` (uint8)
``/projections/<name>/mask``        uint8 (post, pre)
``/snapshots/<snapshot>``                                   ``order``, ``step`` (int64), ``epoch`` (float64)
``/snapshots/<snapshot>/<name>``    float (post, pre)
==================================  ======================  ===========================================================

Every snapshot is complete; the fixed projections of the later ones are hard links to the first. MATLAB shows dimensions reversed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol, final

import h5py
import numpy as np
from numpy.typing import NDArray

from bio_fa.description import Description
from bio_fa.errors import RecordError, nearest
from bio_fa.io.hdf5 import RecordReader, RecordWriter
from bio_fa.io.names import require_names, text


@dataclass(frozen=True)
class SynapseInfo(Description):
    """What a record says about the synapses of a projection.

    Raises:
        DescriptionError: for a sign or density that cannot be.
    """

    name: str
    pre: str
    post: str
    sign: int | None
    """+1 excitatory, −1 inhibitory, None unsigned (0 in the file)."""
    compartment: str
    plastic: bool
    density: float
    """The fraction of possible synapses that was asked for."""

    def validate(self) -> None:
        """Refuse what the file could not hold."""
        self.require(self.sign in (1, -1, None), "sign", "+1, -1 or None")
        self.require(0 <= self.density <= 1, "density", "a fraction of the possible synapses, 0 to 1")


@dataclass(frozen=True)
class SnapshotInfo(Description):
    """When a snapshot was taken."""

    name: str
    step: int
    """Updates before it."""
    epoch: float
    """Epochs before it."""


class Synapses(Protocol):
    """The parameters of a projection, as a writer needs them."""

    @property
    def w(self) -> NDArray[Any]:
        """Magnitudes, (post, pre)."""

    @property
    def mask(self) -> NDArray[Any]:
        """Whether a synapse exists, (post, pre)."""


@final
class WeightsWriter(RecordWriter):
    """Write masks once and any number of snapshots; a context manager.

    Raises:
        RecordError: for names that clash or are no names, or a disk that refuses.
    """

    format: ClassVar[str] = "bio_fa-weights"

    def __init__(self, path: Path | str, synapses: Sequence[SynapseInfo]) -> None:
        self._synapses = tuple(synapses)
        require_names([info.name for info in self._synapses], "projection")
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._snapshots: list[str] = []
        super().__init__(path, room=(1 << 13) * len(self._synapses))

    def _lay_out(self, file: h5py.File) -> None:
        for order, info in enumerate(self._synapses):
            attributes = file.create_group(f"projections/{info.name}").attrs
            attributes["order"] = order
            for key in ("pre", "post", "compartment"):
                attributes[key] = text(getattr(info, key))
            attributes["sign"], attributes["plastic"] = np.int8(info.sign or 0), np.uint8(info.plastic)
            attributes["density"] = np.float64(info.density)
        file.create_group("snapshots")

    def _complete(self) -> None:
        """Do nothing: a file without masks or snapshots is whole."""

    end = (0, 0)
    """How many rows and trials of activity it holds."""

    def masks(self, parameters: Mapping[str, Synapses]) -> None:
        """Write which synapses exist, once, before the first snapshot.

        Raises:
            RecordError: at a second call, for projections missing or unknown, or a disk that refuses.
        """
        if self._shapes:
            raise RecordError(f"{self.path} holds the masks already; write them once.")
        masks = {name: np.asarray(each.mask).astype(np.uint8) for name, each in self._ordered(parameters).items()}
        with self._committing(sum(mask.nbytes for mask in masks.values())) as file:
            for name, mask in masks.items():
                file[f"projections/{name}/mask"] = mask
        self._shapes = {name: mask.shape for name, mask in masks.items()}

    def snapshot(self, name: str, step: int, epoch: float, parameters: Mapping[str, Synapses]) -> None:
        """Write the magnitudes of all projections and commit them; fixed ones are stored once.

        Args:
            name: ``initial``, ``epoch-0005``, …, ``final``.
            step: updates so far.
            epoch: epochs so far.
            parameters: for each projection, magnitudes ``w`` (post, pre), float32 or float64.

        Raises:
            RecordError: for a name given before, magnitudes of another type or shape, a fixed projection that has
                changed, or a disk that refuses; the snapshots before stay committed.
        """
        require_names([name], "snapshot")
        if name in self._snapshots:
            raise RecordError(f"{self.path} holds a snapshot {name!r} already; give each its own name.")
        weights = {each: self._magnitudes(each, held.w) for each, held in self._ordered(parameters).items()}
        fixed = {info.name for info in self._synapses if not info.plastic and self._snapshots}
        self._require_unchanged({each: weights.pop(each) for each in fixed})
        with self._committing(sum(w.nbytes for w in weights.values()) + (1 << 12) * len(self._synapses)) as file:
            try:
                group = self._begin(file, SnapshotInfo(name, step, epoch))
                for each in self._synapses:
                    source = file["snapshots"][self._snapshots[0]] if each.name in fixed else weights
                    group[each.name] = source[each.name]
            except BaseException:
                file["snapshots"].pop(name, None)
                raise
        self._snapshots.append(name)

    def _begin(self, file: h5py.File, info: SnapshotInfo) -> h5py.Group:
        group = file["snapshots"].create_group(info.name)
        group.attrs["order"], group.attrs["step"] = len(self._snapshots), np.int64(info.step)
        group.attrs["epoch"] = np.float64(info.epoch)
        return group

    def _ordered(self, parameters: Mapping[str, Synapses]) -> dict[str, Synapses]:
        """Return the parameters in the order of the projections, once all are there and no others."""
        names = [info.name for info in self._synapses]
        if set(parameters) != set(names):
            raise RecordError(f"{self.path}: the projections {sorted(parameters)} came; give exactly {sorted(names)}.")
        return {name: parameters[name] for name in names}

    def _magnitudes(self, name: str, weights: NDArray[Any]) -> NDArray[Any]:
        weights, shape = np.asarray(weights), self._shapes.get(name)
        if shape is None:
            raise RecordError(f"{self.path} holds no masks yet; write them before the first snapshot.")
        if weights.shape != shape or weights.dtype not in (np.float32, np.float64):
            given = f"the weights of {name!r} have the shape {weights.shape} and the type {weights.dtype}"
            raise RecordError(f"{self.path}: {given}; give float32 or float64 of its mask's shape {shape}.")
        return weights

    def _require_unchanged(self, fixed: dict[str, NDArray[Any]]) -> None:
        for name, weights in fixed.items():
            if not np.array_equal(weights, self._file[f"snapshots/{self._snapshots[0]}/{name}"][()], equal_nan=True):
                raise RecordError(f"{self.path}: {name!r} is fixed, yet its weights have changed; declare it plastic.")


@final
class WeightsReader(RecordReader):
    """Read ``weights.h5`` lazily; a context manager.

    Raises:
        RecordError: for a file that is not whole or not ours.
    """

    format: ClassVar[str] = "bio_fa-weights"

    synapses: list[SynapseInfo]
    """The projections, in the circuit's order."""
    snapshots: list[SnapshotInfo]
    """The snapshots, in the order in which they were taken."""

    def _load(self) -> None:
        self.synapses = [self._synapse(name) for name in self.ordered("projections")]
        self.snapshots = [self._snapshot(name) for name in self.ordered("snapshots")]

    def _synapse(self, name: str) -> SynapseInfo:
        group = self.group(f"projections/{name}")
        pre, post, compartment = (self.attribute(group, key, str) for key in ("pre", "post", "compartment"))
        sign, plastic = (self.attribute(group, key, int) for key in ("sign", "plastic"))
        return SynapseInfo(name, pre, post, sign or None, compartment, bool(plastic), self.attribute(group, "density", float))

    def _snapshot(self, name: str) -> SnapshotInfo:
        group = self.group(f"snapshots/{name}")
        return SnapshotInfo(name, self.attribute(group, "step", int), self.attribute(group, "epoch", float))

    def synapse(self, projection: str) -> SynapseInfo:
        """Return what is known of a projection.

        Raises:
            RecordError: for an unknown projection.
        """
        self._require(projection, [each.name for each in self.synapses], "projection")
        return next(each for each in self.synapses if each.name == projection)

    def weights(self, snapshot: str, projection: str) -> NDArray[Any]:
        """Return the magnitudes of a projection at a snapshot: (post, pre).

        Raises:
            RecordError: for an unknown snapshot or projection, magnitudes of another shape than their mask, or a damaged file.
        """
        self._require(snapshot, [each.name for each in self.snapshots], "snapshot")
        self._require(projection, [each.name for each in self.synapses], "projection")
        with self._reading():
            found = self.array(name := f"snapshots/{snapshot}/{projection}", "f", ndim=2)
            shape = self.dataset(f"projections/{projection}/mask", "u", 2).shape
        self._require_honest(name, f"has the shape {found.shape}, but its mask {shape}" if found.shape != shape else None)
        return found

    def mask(self, projection: str) -> NDArray[np.bool_]:
        """Return which synapses of a projection exist: (post, pre).

        Raises:
            RecordError: for an unknown projection or a damaged file.
        """
        self._require(projection, [each.name for each in self.synapses], "projection")
        with self._reading():
            return self.array(f"projections/{projection}/mask", "u", ndim=2).astype(bool)

    def _require(self, name: str, known: list[str], what: str) -> None:
        if name not in known:
            raise RecordError(f"{self.path} holds no {what} {name!r}; {nearest(name, known)}")
