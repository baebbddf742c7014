"""The images of a job: which it trains on, which it is scored on."""

import struct

import numpy as np
import pytest

from equipoise.datasets import imbalance, load_dataset
from equipoise.experiments import images
from equipoise.experiments.plan import jobs_of, other_parameters
from equipoise.experiments.provenance import blank_record
from equipoise.report.records import data_of

START = """
datasets = ["digits"]
seeds = [1]
reference = "{reference}"
[protocol]
sizes = "published"
"""


def job(**changes):
    protocol = {"sizes": "published", "permute_classes": False}
    basis = {"dataset": "digits", "seed": 3, "data_dir": None, "scored_on": "test"}
    return basis | {"protocol": protocol | changes.pop("protocol", {})} | changes


def test_training_rows_are_the_protocols():
    digits = load_dataset("digits")
    X, y, _ = images.training_images(job())
    expected = imbalance.subset(
        digits.X_train, digits.y_train, imbalance.published("digits"), random_state=3
    )
    np.testing.assert_array_equal(X, expected[0])
    np.testing.assert_array_equal(y, expected[1])
    X, y = images.images_to_score(job())
    np.testing.assert_array_equal(X, digits.X_test)
    np.testing.assert_array_equal(y, digits.y_test)


def test_sizes_are_permuted_by_the_seed():
    y = load_dataset("digits").y_train
    step = {"sizes": "step", "ratio": 10, "n_minority": 2, "permute_classes": True}
    found = [images.class_sizes(step, "digits", y, seed) for seed in (1, 1, 2)]
    assert found[0] == found[1] != found[2]
    fixed = images.class_sizes(step | {"permute_classes": False}, "digits", y, 1)
    assert sorted(found[2].values()) == sorted(fixed.values())
    assert list(found[0]) == list(range(10))


def images_as_files(folder, n_per_class):
    """A data set of the form of MNIST whose test files are no images at all."""
    folder.mkdir()
    y = np.tile(np.arange(10, dtype=np.uint8), n_per_class)
    X = np.zeros((len(y), 28, 28), np.uint8)
    X[:, 0, 0], X[:, 0, 1] = np.arange(len(y)) % 256, np.arange(len(y)) // 256  # all different
    for name, array in (("images-idx3", X), ("labels-idx1", y)):
        head = b"\0\0\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
        (folder / f"train-{name}-ubyte").write_bytes(head + array.tobytes())
        (folder / f"t10k-{name}-ubyte").write_bytes(b"never to be opened")
    return X, y


def test_held_out_rows_are_training_images_and_the_test_set_stays_closed(tmp_path, monkeypatch):
    X_all, _ = images_as_files(tmp_path / "mnist", 30)
    monkeypatch.setattr(images, "HELD_OUT", 12)
    here = job(
        dataset="mnist", data_dir=str(tmp_path), protocol={"sizes": "exponential", "ratio": 5}
    )
    X, y, _ = images.training_images(here)
    X_held_out, y_held_out = images.images_to_score(here | {"scored_on": "held-out"})
    kept = imbalance.exponential(np.repeat(np.arange(10), 30), 5)
    expected = [min(12, 30 - n) for n in kept.values()]
    assert np.bincount(y_held_out, minlength=10).tolist() == expected
    numbers = [set(map(bytes, part[:, 0, :2])) for part in (X, X_held_out, X_all)]
    assert not numbers[0] & numbers[1] and numbers[0] | numbers[1] <= numbers[2]
    with pytest.raises(ValueError, match="t10k-images"):
        images.images_to_score(here)


def test_nothing_left_over(tmp_path):
    images_as_files(tmp_path / "mnist", 5)
    all_of_them = {"sizes": "exponential", "ratio": 1}
    here = job(dataset="mnist", data_dir=str(tmp_path), protocol=all_of_them, scored_on="held-out")
    with pytest.raises(ValueError, match="larger ratio"):
        images.images_to_score(here)


def test_test_images_that_are_not_the_official_ones_are_said_to_be_so(tmp_path, experiment):
    (tmp_path / "cifar-10").mkdir()
    (tmp_path / "cifar-10" / "train.zip").touch()
    start = START.replace('"digits"', '"digits", "cifar-10"').replace("published", "published:svhn")
    jobs = jobs_of(experiment(start=start), seeds=[1], data_dir=tmp_path)
    said = {job["dataset"]: job["protocol"].get("test_images") for job in jobs}
    assert said["digits"] is None and "not the official test set" in said["cifar-10"]
    labels = [data_of(blank_record(job)) for job in jobs]
    assert labels == ["digits", "cifar-10 (not the official test set)"]
    (tmp_path / "cifar-10" / "cifar-10-binary.tar.gz").touch()
    official = jobs_of(experiment(start=start), seeds=[1], data_dir=tmp_path)[1]
    assert data_of(blank_record(official)) == "cifar-10"
    assert other_parameters(official, blank_record(jobs[1]))  # they are not taken for each other
