"""MNIST and Fashion-MNIST: the real files, and small ones that are whole or broken."""

import gzip

import numpy as np
import pytest

from equipoise.datasets import DamagedFileError, DatasetNotFoundError, load_dataset
from equipoise.datasets.idx import read_idx

LABELS = "train-labels-idx1-ubyte.gz"
IMAGES = "train-images-idx3-ubyte.gz"


def assert_holds(dataset, arrays):
    X_train, y_train, X_test, y_test = arrays
    np.testing.assert_array_equal(dataset.X_train, X_train)
    np.testing.assert_array_equal(dataset.y_train, y_train)
    np.testing.assert_array_equal(dataset.X_test, X_test)
    np.testing.assert_array_equal(dataset.y_test, y_test)
    assert dataset.X_train.dtype == dataset.X_test.dtype == np.uint8
    assert dataset.y_train.dtype == dataset.y_test.dtype == np.int64


@pytest.mark.parametrize(
    ("name", "first_labels", "class_sizes", "mean"),
    [
        (
            "mnist",
            [5, 0, 4, 1, 9, 2, 1, 3],
            [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
            33.32,
        ),
        ("fashion-mnist", [9, 0, 0, 3, 0, 2, 7, 2], [6000] * 10, 72.94),
    ],
)
def test_the_real_files(real_data, name, first_labels, class_sizes, mean):
    data = load_dataset(name, real_data(name), download=False)
    assert data.X_train.shape == (60000, 28, 28)
    assert data.X_test.shape == (10000, 28, 28)
    assert data.y_train[:8].tolist() == first_labels
    assert np.bincount(data.y_train).tolist() == class_sizes
    assert len(data.y_test) == 10000
    assert data.X_train.mean() == pytest.approx(mean, abs=0.01)
    assert len(data.class_names) == 10


@pytest.mark.parametrize("compress", [True, False])
@pytest.mark.parametrize(
    ("name", "below"),
    [
        ("mnist", "mnist"),
        ("mnist", "MNIST/raw"),
        ("mnist", "."),
        ("fashion-mnist", "fashion-mnist"),
        ("fashion-mnist", "FashionMNIST/raw"),
        ("fashion-mnist", "."),
    ],
)
def test_every_layout(tmp_path, write_mnist, name, below, compress):
    arrays = write_mnist(tmp_path / below, compress)
    assert_holds(load_dataset(name, tmp_path, download=False), arrays)


def test_the_environment_names_the_folder(tmp_path, write_mnist, monkeypatch):
    arrays = write_mnist(tmp_path / "mnist")
    monkeypatch.setenv("EQUIPOISE_DATA", str(tmp_path))
    assert_holds(load_dataset("mnist", download=False), arrays)


def test_the_same_names_of_another_data_set_are_not_taken(tmp_path, write_mnist):
    mnist = write_mnist(tmp_path / "mnist", seed=1)
    with pytest.raises(DatasetNotFoundError):
        load_dataset("fashion-mnist", tmp_path, download=False)
    with pytest.raises(DatasetNotFoundError):
        load_dataset("fashion-mnist", tmp_path / "mnist", download=False)
    assert_holds(load_dataset("mnist", tmp_path / "mnist", download=False), mnist)


@pytest.mark.parametrize("level", [0, 9])
def test_files_compressed_again_are_fine(tmp_path, write_mnist, level):
    arrays = write_mnist(tmp_path)
    for path in tmp_path.glob("*.gz"):
        path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), level, mtime=level))
    assert_holds(load_dataset("mnist", tmp_path, download=False), arrays)


def test_a_decompressed_file_may_keep_its_name(tmp_path, write_mnist):
    arrays = write_mnist(tmp_path)
    for path in tmp_path.glob("*.gz"):
        path.write_bytes(gzip.decompress(path.read_bytes()))
    assert_holds(load_dataset("mnist", tmp_path, download=False), arrays)


def repacked(change):
    return lambda content: gzip.compress(change(gzip.decompress(content)), 1)


@pytest.mark.parametrize(
    ("name", "damage", "complaint"),
    [
        (IMAGES, lambda content: content[:-200], "decompress"),
        (IMAGES, lambda content: content[:200] + b"\0" * 99 + content[299:], "decompress"),
        (IMAGES, lambda content: content[:10] + b"\xff" + content[11:], "decompress"),
        (IMAGES, lambda content: b"", "IDX"),
        (IMAGES, lambda content: b"<html>Not Found</html>", "IDX"),
        (IMAGES, repacked(lambda content: content[:-1]), "23,520 bytes of data, it holds 23,519"),
        (
            IMAGES,
            repacked(lambda content: content + b"\0"),
            "23,520 bytes of data, it holds 23,521",
        ),
        (IMAGES, repacked(lambda content: b"\0\0\x0d" + content[3:]), "IDX"),
        (IMAGES, repacked(lambda content: content[:9]), "header"),
        (
            IMAGES,
            repacked(lambda content: b"\0\0\x08\xff" + b"\xff" * 1020 + content[4:]),
            "announces",
        ),
        (
            IMAGES,
            repacked(
                lambda content: content[:8] + bytes([0, 0, 0, 14, 0, 0, 0, 56]) + content[16:]
            ),
            r"\(30, 14, 56\)",
        ),
        (LABELS, repacked(lambda content: content[:-1] + b"\x0a"), "label 10"),
        (LABELS, repacked(lambda content: content[:7] + b"\x1d" + content[8:-1]), "29 labels"),
    ],
)
def test_a_damaged_file_is_named(tmp_path, write_mnist, name, damage, complaint):
    write_mnist(tmp_path)
    path = tmp_path / name
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DamagedFileError, match=complaint) as caught:
        load_dataset("mnist", tmp_path, download=False)
    assert str(path) in str(caught.value)
    assert "Delete or replace it" in str(caught.value)


@pytest.mark.parametrize(("name", "content"), [(IMAGES, LABELS), (LABELS, IMAGES)])
def test_the_wrong_kind_of_file_is_noticed(tmp_path, write_mnist, name, content):
    write_mnist(tmp_path)
    (tmp_path / name).write_bytes((tmp_path / content).read_bytes())
    with pytest.raises(DamagedFileError, match=f"{name} is damaged: its shape"):
        load_dataset("mnist", tmp_path, download=False)


@pytest.mark.parametrize(("image_size", "shape"), [(32, (32, 32)), ((14, 20), (14, 20))])
def test_image_size(tmp_path, write_mnist, image_size, shape):
    write_mnist(tmp_path)
    data = load_dataset("mnist", tmp_path, download=False, image_size=image_size)
    assert data.X_train.shape == (30, *shape)
    assert data.X_test.shape == (12, *shape)
    assert data.X_train.dtype == np.uint8


def test_a_file_that_unpacks_to_gigabytes_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(bytes(2**21)))
    monkeypatch.setattr("equipoise.datasets.idx.MOST_BYTES", 2**20)
    with pytest.raises(DamagedFileError, match="more than 1,048,576 bytes"):
        read_idx(path)
