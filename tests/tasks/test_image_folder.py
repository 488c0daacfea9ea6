"""Aims at images with the wrong class, the wrong orientation or the wrong split, at damaged images that end in a
traceback, and at decoding far more than is asked for.
"""

from __future__ import annotations

import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from bio_fa.errors import DataError, DescriptionError
from bio_fa.tasks import ImageFolder, image_folder
from tests.data import ABSENT, cifar_archive
from tests.tasks.packing import FORMS, write

CLASSES = ["bee", "ant", "cat"]


def image(seed: int, shape: tuple[int, ...] = (4, 4, 3)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def encoded(pixels: np.ndarray, form: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, form)
    return file.getvalue()


def files(each: int = 10, prefix: str = "", classes: list[str] = CLASSES) -> dict[str, bytes]:
    """Return PNG files whose pixels follow from class and number."""
    numbered = [(category, i) for category in classes for i in range(each)]
    return {f"{prefix}{name}/{i:02}.png": encoded(image(1000 * ord(name[0]) + i)) for name, i in numbered}


def load(path, seed: int = 0, **fields):
    return ImageFolder(str(path), **{"size": 4, **fields}).load(seed)


def refused(path, reason: str, **fields) -> None:
    with pytest.raises(DataError, match=reason) as caught:
        load(path, **fields)
    assert "\n" not in str(caught.value)


def rows(split) -> dict[bytes, int]:
    return {row.tobytes(): int(label) for row, label in zip(split.stimulus, split.label, strict=True)}


def test_classes_are_numbered_by_sorted_name_and_no_image_is_lost_or_doubled(tmp_path):
    dataset = load(write(tmp_path / "data", files(), "folder"))
    assert dataset.outputs == len(CLASSES)
    expected = {
        (image(1000 * ord(name[0]) + i).transpose(2, 0, 1).ravel().astype(np.float32) / 255).tobytes(): number
        for number, name in enumerate(sorted(CLASSES))
        for i in range(10)
    }
    assert rows(dataset.train) | rows(dataset.test) == expected
    assert len(dataset.train) + len(dataset.test) == len(expected)


def test_every_class_gives_its_share_to_the_test_set(tmp_path):
    dataset = load(write(tmp_path / "data", files(), "folder"), test_fraction=0.3)
    assert np.bincount(dataset.test.label).tolist() == [3, 3, 3]


@pytest.mark.parametrize("form", FORMS[1:])
def test_an_archive_gives_what_its_folder_gives(tmp_path, form):
    from_folder = load(write(tmp_path / "folder", files(), "folder"))
    from_archive = load(write(tmp_path / "packed", files(), form))
    assert np.array_equal(from_folder.train.stimulus, from_archive.train.stimulus)
    assert np.array_equal(from_folder.test.label, from_archive.test.label)


def test_train_and_test_folders_are_the_splits(tmp_path):
    dataset = load(write(tmp_path / "data", files(5, "train/") | files(2, "test/"), "zip"))
    assert (len(dataset.train), len(dataset.test)) == (15, 6)
    assert rows(dataset.test).items() <= rows(dataset.train).items()


@pytest.mark.parametrize("around", ["train/", "./wrapped/", "wrapped/train/"])
def test_one_folder_around_the_classes_is_passed_through(tmp_path, around):
    packed = {f"{around}{name}": data for name, data in files().items()}
    if around == "wrapped/train/":
        packed |= {f"wrapped/test/{name}": data for name, data in files(2).items()}
    assert load(write(tmp_path / "data", packed, "tar")).outputs == len(CLASSES)


def test_hidden_files_and_other_files_are_passed_over(tmp_path):
    others = {
        "readme.txt": b"",
        "ant/.hidden.png": b"",
        "__MACOSX/ant/1.png": b"",
        ".git/x/1.png": b"",
        "ant/x.csv": b"",
    }
    dataset = load(write(tmp_path / "data", files() | others, "zip"))
    assert len(dataset.train) + len(dataset.test) == 30


def test_validation_is_drawn_from_the_training_images_of_every_class(tmp_path):
    path = write(tmp_path / "data", files(10, "train/") | files(3, "test/"), "zip")
    dataset = load(path, validation=0.2)
    assert np.bincount(dataset.test.label).tolist() == [2, 2, 2]
    assert not rows(dataset.train).keys() & rows(dataset.test).keys()
    assert rows(dataset.train) | rows(dataset.test) == rows(load(path).train)


def test_the_seed_decides_who_is_held_out(tmp_path):
    path = write(tmp_path / "data", files(), "zip")
    held = [rows(load(path, seed).test) for seed in (1, 1, 2)]
    assert held[0] == held[1] != held[2]


def test_few_trials_show_all_classes_and_the_other_images_are_not_decoded(tmp_path):
    damaged = {f"train/{name}/{i:02}.png": b"damaged" for name in CLASSES for i in range(3, 10)}
    path = write(tmp_path / "data", files(10, "train/") | files(2, "test/") | damaged, "tar")
    dataset = load(path, train_trials=9)
    assert dataset.train.label.tolist() == [0, 1, 2] * 3
    refused(path, "03.png: it cannot be read", train_trials=10)


def test_colours_are_stored_channel_by_channel_from_top_left_row_by_row(tmp_path):
    red_left = np.zeros((2, 2, 3), np.uint8)
    red_left[:, 0, 0] = 255
    path = write(tmp_path / "data", {f"{name}/{i}.png": encoded(red_left) for name in "ab" for i in range(2)}, "zip")
    assert load(path, size=2, test_fraction=0.5).train.stimulus[0].tolist() == [1, 0, 1, 0] + [0] * 8


# Source: ITU-R BT.601-7, luma: 0.299 R + 0.587 G + 0.114 B; it is rounded to whole grey levels.
def test_grey_is_the_luma_of_the_colours(tmp_path):
    path = write(tmp_path / "data", {f"{name}/{i}.png": encoded(image(7)) for name in "ab" for i in range(2)}, "zip")
    grey = load(path, greyscale=True, test_fraction=0.5).train.stimulus
    assert grey.shape == (2, 16)
    assert np.allclose(grey[0], (image(7) @ [0.299, 0.587, 0.114]).ravel() / 255, atol=1 / 255)


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
@pytest.mark.parametrize("shape", [(40, 20, 3), (7, 31), (1, 1)])
def test_a_uniform_image_keeps_its_value_whatever_its_shape(tmp_path, form, shape):
    uniform = encoded(np.full(shape, 128, np.uint8), form)
    path = write(tmp_path / "data", {f"{name}/{i}.{form}": uniform for name in "ab" for i in range(2)}, "zip")
    stimulus = load(path, size=8, test_fraction=0.5).train.stimulus
    assert stimulus.shape == (2, 3 * 8 * 8)
    assert np.allclose(stimulus, 128 / 255, atol=2 / 255)


@pytest.mark.parametrize(
    ("packed", "reason"),
    [
        ({}, "it has 0 class folders"),
        ({"readme.txt": b""}, "it has 0 class folders"),
        (files(classes=["ant"]), "it has 1 class folders"),
        (files(prefix="test/"), "it has 0 class folders"),
        (files() | {"stray.png": b""}, "stray.png lies in no class folder"),
        (files() | {"ant/deep/er/1.png": b""}, "lies in no class folder"),
        (files(prefix="train/") | files(prefix="val/"), "val/.* lies in no class folder"),
        (files(prefix="train/") | files(prefix="test/", classes=["dog"]), "'dog' is in test only"),
    ],
)
def test_a_layout_that_does_not_say_the_class_is_refused(tmp_path, packed, reason):
    refused(write(tmp_path / "data", packed, "tar"), reason)


def png(width: int, height: int) -> bytes:
    """Return a PNG (ISO 15948) that claims to be of this size and holds hardly any pixels."""
    chunks = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0), b"IDAT" + zlib.compress(bytes(99))
    lengths_and_sums = [(struct.pack(">I", len(each) - 4), struct.pack(">I", zlib.crc32(each))) for each in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(n + each + s for each, (n, s) in zip(chunks, lengths_and_sums, strict=True))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "cannot identify"),
        (b"no image at all", "cannot identify"),
        (encoded(image(0))[:-30], ""),
        (encoded(image(0, (64, 64, 3)), "JPEG")[:-300], "truncated"),
        (encoded(image(0), "BMP"), "cannot identify"),
        (encoded(np.full((4, 4), 1000, np.uint16)), "more than 8 bits"),
        (png(9_000, 9_000), "9000 × 9000 pixels are more than"),
        (png(60_000, 60_000), "bomb"),
    ],
    ids=["empty", "text", "cut PNG", "cut JPEG", "BMP", "16 bits", "many pixels", "bomb"],
)
def test_an_image_that_cannot_be_used_is_named(tmp_path, data, reason):
    refused(
        write(tmp_path / "data", files() | {"ant/00.png": data}, "tar"), f"^ant/00.png: it cannot be read .*{reason}"
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(form=st.sampled_from(["JPEG", "PNG"]), data=st.data())
def test_a_damaged_image_is_refused_or_decoded(form, data):
    whole = bytearray(encoded(image(0, (9, 9, 3)), form))
    for place in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=4)):
        whole[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(DataError):
        assert image_folder.decode(bytes(whole), "example", "RGB", 9).shape == (3, 9, 9)


@pytest.mark.parametrize("fields", [{"size": 0}, {"size": 10**6}, {"test_fraction": 0.0}, {"test_fraction": 1.0}])
def test_impossible_settings_are_refused(fields):
    with pytest.raises(DescriptionError, match=next(iter(fields))):
        ImageFolder("folder", **fields)


# Source: Krizhevsky (2009), Learning multiple layers of features from tiny images: ten classes, 32 × 32 pixels.
@pytest.mark.skipif(cifar_archive() is None, reason=ABSENT)
def test_the_real_cifar_10_loads_from_its_archive():
    dataset = ImageFolder(str(cifar_archive()), train_trials=40, test_trials=20).load(0)
    assert (dataset.inputs, dataset.outputs) == (3 * 32 * 32, 10)
    assert np.bincount(dataset.train.label).tolist() == [4] * 10
    assert np.bincount(dataset.test.label).tolist() == [2] * 10
    assert dataset.train.stimulus.std() > 0.1
