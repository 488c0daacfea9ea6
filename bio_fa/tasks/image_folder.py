"""Images in folders named after their class: any labelled set of JPEG or PNG files becomes a task."""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath

import numpy as np

from bio_fa.errors import DataError
from bio_fa.randomness import stream
from bio_fa.tasks.archive import Entry, entries
from bio_fa.tasks.base import Dataset, Task
from bio_fa.tasks.splitting import Pool, stratified

PIXELS = 2**26
"""The most pixels that an image may have."""

_SUFFIXES = (".jpg", ".jpeg", ".png")
_PARTS = ("train", "test")
_DEEP = ("I", "F")
_LARGEST_SIDE = 1024


@dataclass(frozen=True)
class Picture:
    """An image that is not read yet.

    Attributes:
        entry: the file.
        position: where the archive stores it.
        part: "train" or "test".
        category: the name of its class.
    """

    entry: Entry
    position: int
    part: str
    category: str


@dataclass(frozen=True)
class ImageFolder(Task):
    """Labelled images as rates from 0 to 1: (channel, row, column) in colour or (row, column) in grey, flattened.

    Every class has one output, in the order of the sorted folder names. Trials take turns between the classes, so that
    the first few already show them all, and only images of trials that are kept are decoded.

    Attributes:
        path: a folder or an archive (zip, or tar plain or compressed) with one sub-folder a class, or with such folders
            in ``train`` and ``test``. Hidden files and files that are neither JPEG nor PNG are passed over.
        size: rows and columns that every image is resized to, whatever its shape.
        test_fraction: the fraction of every class that is the test set, where no folder ``test`` says so.
        greyscale: whether to keep only the brightness.

    Choice: test and validation trials are drawn in equal proportion from every class, so that no class is left out.
    """

    path: str
    size: int = 32
    test_fraction: float = 0.2
    greyscale: bool = False

    def validate(self) -> None:
        """Refuse an image without pixels, and a test set that is empty or everything."""
        super().validate()
        self.require(1 <= self.size <= _LARGEST_SIDE, "size", f"1 to {_LARGEST_SIDE} pixels")
        self.require(0 < self.test_fraction < 1, "test_fraction", "a fraction between 0 and 1")

    def load(self, seed: int) -> Dataset:
        """Return the images; ``seed`` decides which are held out."""
        path = Path(self.path).expanduser()
        with entries(path) as files:
            pictures = in_turns(find(files, path))
            categories = _categories(pictures, path)
            label = np.searchsorted(categories, [picture.category for picture in pictures])
            train, test = self._divided(pictures, label, seed)
            chosen = np.concatenate([train, test])
            pool = Pool(self._decoded([pictures[trial] for trial in chosen]), 255, label[chosen], len(categories))
        train, test = np.split(np.arange(len(chosen)), [len(train)])
        name = path.resolve().name
        return pool.dataset(train, test, name, f"labelled images in {name}")

    def _divided(self, pictures: list[Picture], label: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
        is_test = np.array([picture.part == "test" for picture in pictures])
        train, test = np.flatnonzero(~is_test), np.flatnonzero(is_test)
        if not is_test.any():
            train, test = stratified(label, stream(seed, "image_folder", "test"))(train, self.test_fraction)
        return self.choose(train, test, stratified(label, stream(seed, "image_folder", "validation")))

    def _decoded(self, pictures: list[Picture]) -> np.ndarray:
        """Return the pixels (trial, ...) of the pictures, which are read in the order of the archive."""
        mode, shape = ("L", (self.size, self.size)) if self.greyscale else ("RGB", (3, self.size, self.size))
        pixels = np.empty((len(pictures), *shape), dtype=np.uint8)
        for trial, picture in sorted(enumerate(pictures), key=lambda numbered: numbered[1].position):
            pixels[trial] = decode(picture.entry.read(), picture.entry.name, mode, self.size)
        return pixels


def find(files: list[Entry], path: Path) -> list[Picture]:
    """Return the images among ``files``; a single folder around all of them is passed through.

    Of several files with one name, which a tar that was added to can hold, the last counts.

    Raises:
        DataError: when an image lies in no class folder, or some lie in ``train`` or ``test`` and some do not.
    """
    latest = {PurePosixPath(file.name).parts: position for position, file in enumerate(files)}
    parts = {position: each for each, position in latest.items() if _is_image(each)}
    if _wrapped(list(parts.values())):
        parts = {position: each[1:] for position, each in parts.items()}
    depth = 3 if any(len(each) == 3 for each in parts.values()) else 2
    for position, each in parts.items():
        if len(each) != depth or (depth == 3 and each[0] not in _PARTS):
            misplaced = f"{path}: the image {files[position].name} lies in no class folder"
            raise DataError(f"{misplaced}; use class/image for all, or train/class/image and test/class/image.")
    return [Picture(files[i], i, each[0] if depth == 3 else "train", each[-2]) for i, each in parts.items()]


def _wrapped(parts: list[tuple[str, ...]]) -> bool:
    """Return whether one folder lies around all class folders; a lone test folder is no such folder."""
    around = {each[0] for each in parts}
    return len(around) == 1 and around != {"test"} and all(len(each) > 2 for each in parts)


def _is_image(parts: tuple[str, ...]) -> bool:
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
    return bool(parts) and not hidden and parts[-1].lower().endswith(_SUFFIXES)


def in_turns(pictures: list[Picture]) -> list[Picture]:
    """Return the pictures by name such that the classes take turns: the first of each class, the second of each, …"""
    seen: Counter[tuple[str, str]] = Counter()
    turns: dict[Picture, int] = {}
    for picture in sorted(pictures, key=lambda picture: picture.entry.name):
        turns[picture] = seen[picture.part, picture.category]
        seen[picture.part, picture.category] += 1
    return sorted(pictures, key=lambda picture: (turns[picture], picture.part, picture.category))


def _categories(pictures: list[Picture], path: Path) -> list[str]:
    """Return the class names in order."""
    known = sorted({picture.category for picture in pictures if picture.part == "train"})
    if len(known) < 2:
        raise DataError(f"{path}: it has {len(known)} class folders with images to learn from; give at least 2.")
    for picture in pictures:
        if picture.category not in known:
            raise DataError(f"{path}: the class {picture.category!r} is in test only; add it to train or take it out.")
    return known


def decode(data: bytes, name: str, mode: str, size: int) -> np.ndarray:
    """Return a JPEG or PNG image as uint8: (size, size) in the mode "L" or (3, size, size) in the mode "RGB".

    Raises:
        DataError: when it is damaged, has too many or too deep pixels, or is neither JPEG nor PNG.
    """
    from PIL import Image

    bombs = (Image.DecompressionBombError, Image.DecompressionBombWarning)
    try:
        with Image.open(BytesIO(data), formats=("JPEG", "PNG")) as image:
            if image.width * image.height > PIXELS:
                raise ValueError(f"{image.width} × {image.height} pixels are more than {PIXELS}")
            if image.mode.startswith(_DEEP):
                raise ValueError("its pixels have more than 8 bits, which would be cut off")
            resized = image.convert(mode).resize((size, size), Image.Resampling.BILINEAR)
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, *bombs) as problem:
        raise DataError(f"{name}: it cannot be read ({problem}); give a whole JPEG or 8-bit PNG.") from problem
    return np.moveaxis(np.asarray(resized), -1, 0) if mode == "RGB" else np.asarray(resized)
