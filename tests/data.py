"""Where the tests find real data: the folder that BIO_FA_DATA names, else ``shared/data`` beside the checkout."""

from __future__ import annotations

import os
from pathlib import Path

ABSENT = "needs real data; set BIO_FA_DATA to a folder that has it"
"""Why a test is skipped."""


def data_folder() -> Path:
    """Return the folder of data, whether it exists or not."""
    return Path(os.environ.get("BIO_FA_DATA") or Path(__file__).parents[1].parent / "shared" / "data")


def mnist_folder() -> Path | None:
    """Return the folder of the four MNIST files, or None."""
    return next((file.parent for file in _found("train-images-idx3-ubyte*")), None)


def cifar_archive() -> Path | None:
    """Return the archive of CIFAR-10 as JPEG files, or None."""
    return next(iter(_found("cifar10-jpeg.tar.xz")), None)


def _found(pattern: str) -> list[Path]:
    return [file for folder in (data_folder() / "mnist", data_folder()) for file in folder.glob(pattern)]
