"""Aims at images with the wrong labels: files that do not belong together, are of another set, or are incomplete, and
at a test set that is looked at while settings are chosen.
"""

from __future__ import annotations

import gzip
import hashlib
import struct
from pathlib import Path

import numpy as np
import pytest

from bio_fa.errors import DataError
from bio_fa.tasks import MNIST, FashionMNIST
from bio_fa.tasks.mnist import FILES
from tests.data import ABSENT, mnist_folder

REAL = mnist_folder()
LABELS = {"train": [3, 1, 4, 1, 5, 9, 2, 6, 5, 3], "t10k": [8, 9, 7]}


def idx_bytes(array: np.ndarray) -> bytes:
    return (
        bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.astype(np.uint8).tobytes()
    )


def images(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 28, 28), dtype=np.uint8)


def write(folder: Path, compressed: bool = False, **replaced: np.ndarray) -> Path:
    """Write the four files of a small set; ``replaced`` maps e.g. train_labels to other content."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        part, what = name.split("-")[:2]
        usual = np.array(LABELS[part]) if what == "labels" else images(len(LABELS[part]), len(part))
        data = idx_bytes(replaced.get(f"{part}_{what}", usual))
        (folder / (f"{name}.gz" if compressed else name)).write_bytes(gzip.compress(data) if compressed else data)
    return folder


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    """No data outside the test's own folder."""
    monkeypatch.delenv("BIO_FA_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.parametrize("compressed", [False, True])
def test_images_and_labels_keep_the_order_of_the_files(tmp_path, compressed):
    dataset = MNIST(str(write(tmp_path / "data", compressed))).load(0)
    for split, part in ((dataset.train, "train"), (dataset.test, "t10k")):
        assert split.label.tolist() == LABELS[part]
        assert np.allclose(split.stimulus, images(len(LABELS[part]), len(part)).reshape(-1, 784) / 255)
        assert split.target.argmax(axis=1).tolist() == LABELS[part]


def test_validation_holds_out_the_last_training_images_without_opening_the_test_set(tmp_path):
    folder = write(tmp_path / "data")
    for file in folder.glob("t10k*"):
        file.unlink()
    dataset = MNIST(str(folder), validation=0.3).load(0)
    assert dataset.train.label.tolist() == LABELS["train"][:7]
    assert dataset.test.label.tolist() == LABELS["train"][7:]


def test_the_first_trials_can_be_kept(tmp_path):
    dataset = MNIST(str(write(tmp_path / "data")), train_trials=4, test_trials=2).load(0)
    assert dataset.train.label.tolist() == LABELS["train"][:4]
    assert dataset.test.label.tolist() == LABELS["t10k"][:2]


@pytest.mark.parametrize("folder", ["data", "data/fashion_mnist", "cache/bio_fa/fashion_mnist"])
def test_files_are_found_in_the_named_folder_its_subfolder_and_the_cache(tmp_path, monkeypatch, folder):
    write(tmp_path / folder)
    monkeypatch.setenv("BIO_FA_DATA", str(tmp_path / "data"))
    assert len(FashionMNIST().load(0).train) == len(LABELS["train"])


def test_the_subfolder_of_the_set_goes_before_the_folder_around_it(tmp_path, monkeypatch):
    write(tmp_path)
    write(tmp_path / "mnist", train_labels=np.arange(10))
    monkeypatch.setenv("BIO_FA_DATA", str(tmp_path))
    assert MNIST().load(0).train.label.tolist() == list(range(10))


def test_absent_files_are_told_with_all_three_remedies(tmp_path, monkeypatch):
    monkeypatch.setenv("BIO_FA_DATA", str(tmp_path / "empty"))
    with pytest.raises(DataError, match=r"^MNIST: .*empty.*path.*BIO_FA_DATA.*download.*\.$") as caught:
        MNIST().load(0)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("missing", FILES)
def test_a_missing_file_is_named(tmp_path, missing):
    folder = write(tmp_path / "data")
    (folder / missing).unlink()
    with pytest.raises(DataError, match=f"{missing}.*no such file"):
        MNIST(str(folder)).load(0)


@pytest.mark.parametrize(
    ("replaced", "reason"),
    [
        ({"train_labels": np.arange(9)}, "train-labels.* 9 labels for 10 images"),
        ({"t10k_images": images(4)}, "t10k-labels.* 3 labels for 4 images"),
        ({"train_images": images(10)[:, :27]}, r"train-images.* \(10, 27, 28\)"),
        ({"train_images": images(10).reshape(10, 784)}, r"train-images.* \(10, 784\)"),
        ({"train_labels": np.zeros((10, 1))}, r"train-labels.* \(10, 1\)"),
        ({"t10k_labels": np.array([1, 10, 2])}, "t10k-labels.* label 1 is 10"),
    ],
    ids=lambda value: "" if isinstance(value, str) else next(iter(value)),
)
def test_files_that_do_not_fit_are_named(tmp_path, replaced, reason):
    with pytest.raises(DataError, match=reason):
        MNIST(str(write(tmp_path / "data", **replaced))).load(0)


# Source: the first five training labels of the published files.
@pytest.mark.parametrize(
    ("asked", "held", "labels"), [(MNIST, "FashionMNIST", [9, 0, 0, 3, 0]), (FashionMNIST, "MNIST", [5, 0, 4, 1, 9])]
)
def test_one_set_is_not_taken_for_the_other(tmp_path, asked, held, labels):
    folder = write(tmp_path / "data", train_labels=np.array(labels * 2))
    with pytest.raises(DataError, match=f"it holds {held}, not {asked.__name__}"):
        asked(str(folder)).load(0)


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A mirror on this computer, with the checksums of what it serves."""
    folder = write(tmp_path / "mirror", compressed=True)
    checksums = tuple(hashlib.sha256((folder / f"{name}.gz").read_bytes()).hexdigest() for name in FILES)
    monkeypatch.setattr(MNIST, "mirror", folder.as_uri())
    monkeypatch.setattr(MNIST, "checksums", checksums)
    return folder


def test_a_download_fills_the_cache_which_later_runs_use_without_the_mirror(tmp_path, mirror):
    first = MNIST(download=True).load(0)
    mirror.rename(tmp_path / "gone")
    assert np.array_equal(MNIST().load(0).train.stimulus, first.train.stimulus)
    assert sorted(file.name for file in (tmp_path / "cache/bio_fa/mnist").iterdir()) == sorted(f"{n}.gz" for n in FILES)


def test_a_forged_file_on_the_mirror_is_refused(tmp_path, mirror):
    forged = mirror / f"{FILES[3]}.gz"
    forged.write_bytes(gzip.compress(idx_bytes(np.array([1, 1, 1]))))
    with pytest.raises(DataError, match=f"{FILES[3]}.*SHA-256"):
        MNIST(download=True).load(0)
    assert not (tmp_path / "cache/bio_fa/mnist" / forged.name).exists()


def test_nothing_is_fetched_unless_asked(mirror):
    with pytest.raises(DataError, match="download = true"):
        MNIST().load(0)


@pytest.mark.parametrize("task", [MNIST, FashionMNIST])
def test_every_file_has_a_sha256_of_its_own(task):
    assert len(set(task.checksums)) == len(FILES)
    assert all(len(bytes.fromhex(checksum)) == hashlib.sha256().digest_size for checksum in task.checksums)


# Source: LeCun et al. (1998) for the numbers of images; the label counts, mean and standard deviation of the training
# images are those by which MNIST is known everywhere (0.1307 and 0.3081).
@pytest.mark.skipif(REAL is None, reason=ABSENT)
def test_the_real_mnist_is_as_published():
    dataset = MNIST(str(REAL)).load(0)
    assert (len(dataset.train), len(dataset.test), dataset.inputs, dataset.outputs) == (60_000, 10_000, 784, 10)
    assert dataset.train.label[:5].tolist() == [5, 0, 4, 1, 9]
    assert dataset.test.label[:5].tolist() == [7, 2, 1, 0, 4]
    assert np.bincount(dataset.train.label).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert dataset.train.stimulus.mean(dtype=np.float64) == pytest.approx(0.1307, abs=5e-5)
    assert dataset.train.stimulus.std(dtype=np.float64) == pytest.approx(0.3081, abs=5e-5)
    assert (dataset.train.stimulus.min(), dataset.train.stimulus.max()) == (0, 1)
