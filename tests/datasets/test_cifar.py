"""CIFAR-10: tiny files in the official format, and the zip file that stands in for them."""

import numpy as np
import pytest

from equipoise.datasets import DamagedFileError, DatasetNotFoundError, cifar, load_dataset, status
from equipoise.datasets.loading import load_part

ARCHIVE, UNPACKED = "cifar-10-binary.tar.gz", "cifar-10-batches-bin"


def load(root, **options):
    return load_dataset("cifar-10", root, download=False, **options)


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("below", ["cifar-10", "."])
def test_images_have_their_colours_and_labels(tmp_path, write_cifar, packed, below):
    batches = write_cifar(tmp_path / below, packed)
    data = load(tmp_path)
    *train, (y_test, X_test) = batches.values()
    np.testing.assert_array_equal(data.X_train, np.concatenate([X for _, X in train]))
    np.testing.assert_array_equal(data.y_train, np.concatenate([y for y, _ in train]))
    np.testing.assert_array_equal(data.X_test, X_test)
    np.testing.assert_array_equal(data.y_test, y_test)
    assert data.X_train.shape == (20, 32, 32, 3) and data.X_train.dtype == np.uint8
    assert data.y_train.dtype == np.int64 and data.X_train.flags.c_contiguous
    assert data.class_names[:3] == ("airplane", "automobile", "bird")


def test_one_part_needs_no_file_of_the_other(tmp_path, write_cifar):
    batches = write_cifar(tmp_path, packed=False, left_out=["test_batch.bin"])
    X, y = load_part("cifar-10", "train", tmp_path)
    assert len(X) == 20
    np.testing.assert_array_equal(y[:4], batches["data_batch_1.bin"][0])
    with pytest.raises(DamagedFileError, match=r"test_batch\.bin is not in it"):
        load_part("cifar-10", "test", tmp_path)


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"\0" * 3072, "3,072 bytes, .* of 3,073"),
        (b"", "0 bytes"),
        (b"\x0a" + b"\0" * 3072, "label 10"),
    ],
)
def test_a_damaged_batch_is_named(tmp_path, write_cifar, packed, content, complaint):
    write_cifar(tmp_path, packed, **{"data_batch_3.bin": content})
    with pytest.raises(DamagedFileError, match=rf"data_batch_3\.bin has.*{complaint}") as caught:
        load(tmp_path)
    assert (ARCHIVE if packed else UNPACKED) in str(caught.value)


@pytest.mark.parametrize("kept", [0, 30, 0.5, -3000])
def test_a_truncated_archive_is_named(tmp_path, write_cifar, kept):
    write_cifar(tmp_path)
    path = tmp_path / ARCHIVE
    content = path.read_bytes()
    path.write_bytes(content[: kept if isinstance(kept, int) else int(len(content) * kept)])
    with pytest.raises(DamagedFileError, match=r"tar\.gz is damaged"):
        load(tmp_path)


def test_missing_files_are_told_of(tmp_path):
    with pytest.raises(DatasetNotFoundError, match=ARCHIVE):
        load(tmp_path)


def test_a_zip_of_the_training_images_stands_in(tmp_path, write_cifar_files, monkeypatch):
    monkeypatch.setattr(cifar, "HELD_OUT", 2)
    # With 12 images, the order by number is not that by name.
    write_cifar_files(tmp_path / "cifar-10" / "train.zip", n=12)
    with pytest.warns(UserWarning, match="not the official test set"):
        data = load(tmp_path)
    assert np.bincount(data.y_train).tolist() == [10] * 10
    assert np.bincount(data.y_test).tolist() == [2] * 10
    brightness = np.rint(data.X_test.mean(axis=(1, 2, 3)) / 8).tolist()
    assert brightness == [10, 11] * 10
    (here,) = (one for one in status(tmp_path) if one.name == "cifar-10")
    assert here.available and "not the official" in here.note


def test_official_files_come_before_the_zip(tmp_path, write_cifar, write_cifar_files):
    write_cifar_files(tmp_path / "cifar-10" / "train.zip")
    write_cifar(tmp_path / "cifar-10")
    assert len(load(tmp_path).X_train) == 20
    (here,) = (one for one in status(tmp_path) if one.name == "cifar-10")
    assert here.available and not here.note


def test_a_zip_without_a_class_is_named(tmp_path, write_cifar_files, monkeypatch):
    monkeypatch.setattr(cifar, "HELD_OUT", 2)
    write_cifar_files(tmp_path / "cifar-10" / "train.zip", left_out=["frog"])
    with (
        pytest.warns(UserWarning),
        pytest.raises(DamagedFileError, match=r"train\.zip is damaged: it has 0 images of frog"),
    ):
        load(tmp_path)
