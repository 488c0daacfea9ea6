"""MNIST and Fashion-MNIST: 60 000 training and 10 000 test images of 28 × 28 pixels in ten classes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from bio_fa.errors import DataError
from bio_fa.tasks import download, idx
from bio_fa.tasks.base import Dataset, Task
from bio_fa.tasks.splitting import Pool, last

DATA = "BIO_FA_DATA"
"""The environment variable that names the folder of data."""

FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
"""The names of the four files; compressed ones end in ``.gz``."""

_SIDE, _CLASSES = 28, 10


@dataclass(frozen=True)
class IDXImages(Task, abstract=True):
    """Images and labels in four IDX files, plain or gzip: 784 inputs from 0 to 1, 10 outputs.

    The files lie in ``path``; without it in the folder that the environment variable ``BIO_FA_DATA`` names, in that
    folder's sub-folder ``mnist`` or ``fashion_mnist``, or in the cache of an earlier download.

    Attributes:
        path: the folder of the four files, or None to look in the places above.
        download: whether to fetch the files into the cache when they are in none of the places above.
    """

    path: str | None = None
    download: bool = False

    mirror: ClassVar[str]
    """The address of the folder to fetch from."""
    checksums: ClassVar[tuple[str, ...]]
    """The published SHA-256 of each of ``FILES``, compressed."""
    opening: ClassVar[tuple[int, ...]]
    """The first training labels, by which one set is told from another."""
    citation: ClassVar[str]
    """Where the data come from."""

    def load(self, seed: int) -> Dataset:
        """Return the images in the order of the files; nothing is random, and validation holds out the last of them."""
        folder = self.folder()
        parts = [_read(folder, part) for part in (("train",) if self.validation > 0 else ("train", "t10k"))]
        self._refuse_another(parts[0][1], folder)
        images, label = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        train, test = np.split(np.arange(len(label)), [len(parts[0][1])])
        train, test = self.choose(train, test, last)
        return Pool(images, 255, label, _CLASSES).dataset(train, test, type(self).__name__, self.citation)

    def folder(self) -> Path:
        """Return the folder that holds the four files, after fetching them where that is asked for.

        Raises:
            DataError: when they are nowhere, or cannot be fetched.
        """
        if self.path is not None:
            return Path(self.path).expanduser()
        places = self._places()
        for place in places:
            if all(_file(place, name).is_file() for name in FILES):
                return place
        if self.download:
            return self._fetched(places[-1])
        looked = ", ".join(str(place) for place in places)
        raise DataError(
            f"{type(self).__name__}: its four IDX files are in none of {looked}; give their folder as path, "
            f"set {DATA} to it, or set download = true."
        )

    def _places(self) -> list[Path]:
        data = os.environ.get(DATA)
        given = [Path(data).expanduser() / self.kind(), Path(data).expanduser()] if data else []
        return [*given, download.cache(self.kind())]

    def _fetched(self, folder: Path) -> Path:
        for name, sha256 in zip(FILES, self.checksums, strict=True):
            if not _file(folder, name).is_file():
                download.fetch(f"{self.mirror}/{name}.gz", sha256, folder / f"{name}.gz")
        return folder

    def _refuse_another(self, label: np.ndarray, folder: Path) -> None:
        """Refuse another set under this one's name: the four files are called the same in every set."""
        for other in IDXImages.kinds().values():
            if other is not type(self) and tuple(label[: len(other.opening)]) == other.opening:
                raise DataError(f"{folder}: it holds {other.__name__}, not {type(self).__name__}; give another folder.")


def _file(folder: Path, name: str) -> Path:
    """Return the plain file where there is one, else the compressed one."""
    plain = folder / name
    return plain if plain.is_file() else folder / f"{name}.gz"


def _read(folder: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the images (trial, 28, 28) and labels (trial,) of one part, both uint8."""
    image_file, label_file = _file(folder, f"{part}-images-idx3-ubyte"), _file(folder, f"{part}-labels-idx1-ubyte")
    images, label = idx.read(image_file), idx.read(label_file)
    if images.dtype != np.uint8 or images.shape[1:] != (_SIDE, _SIDE):
        raise DataError(f"{image_file}: it holds {images.dtype} {images.shape}; give bytes (trial, {_SIDE}, {_SIDE}).")
    if label.dtype != np.uint8 or label.ndim != 1:
        raise DataError(f"{label_file}: it holds {label.dtype} {label.shape}; give bytes (trial,).")
    if len(images) != len(label):
        raise DataError(f"{label_file}: it holds {len(label)} labels for {len(images)} images; give as many of both.")
    if label.max() >= _CLASSES:
        trial = int(np.argmax(label >= _CLASSES))
        raise DataError(f"{label_file}: label {trial} is {label[trial]}; give labels from 0 to {_CLASSES - 1}.")
    return images, label


@dataclass(frozen=True)
class MNIST(IDXImages):
    """Handwritten digits.

    Source: LeCun, Bottou, Bengio & Haffner (1998) Proc. IEEE 86:2278–2324.
    """

    mirror = "https://ossci-datasets.s3.amazonaws.com/mnist"
    checksums = (
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    )
    opening = (5, 0, 4, 1, 9)
    citation = "MNIST: LeCun, Bottou, Bengio & Haffner (1998) Proc. IEEE 86:2278–2324"


@dataclass(frozen=True)
class FashionMNIST(IDXImages):
    """Articles of clothing, in the format of MNIST and harder.

    Source: Xiao, Rasul & Vollgraf (2017) arXiv:1708.07747.
    """

    mirror = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"
    checksums = (
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    )
    opening = (9, 0, 0, 3, 0)
    citation = "Fashion-MNIST: Xiao, Rasul & Vollgraf (2017) arXiv:1708.07747"
