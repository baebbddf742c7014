"""The door to all data sets, and the list of them."""

import os
import subprocess
import sys

import numpy as np
import pytest

from equipoise import datasets
from equipoise.datasets import load_dataset


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match="'cifar'") as caught:
        load_dataset("cifar")
    for name in "digits", "mnist", "fashion-mnist", "svhn", "cifar-10", "celeba", "folder":
        assert name in str(caught.value)


@pytest.mark.parametrize("image_size", [0, -3, 2.5, "64", (64,), (64, 0), (1, 2, 3), (8, 8.0)])
def test_a_senseless_image_size_is_refused(image_size):
    with pytest.raises(ValueError, match="image_size="):
        load_dataset("digits", image_size=image_size)


def test_a_senseless_hair_is_refused():
    with pytest.raises(ValueError, match="hair='both'"):
        load_dataset("celeba", hair="both")


def test_skipping_damaged_images_is_refused_where_there_are_no_files():
    with pytest.raises(ValueError, match="skip_damaged=True .* is for 'folder': 'digits' has no"):
        load_dataset("digits", skip_damaged=True)


def test_image_size_keeps_what_is_in_the_image():
    small, large = load_dataset("digits"), load_dataset("digits", image_size=np.int64(16))
    assert large.X_train.shape == (len(small.X_train), 16, 16)
    assert large.X_train.mean() == pytest.approx(small.X_train.mean(), rel=0.05)
    np.testing.assert_array_equal(large.y_train, small.y_train)


def test_a_dataset_shows_its_shapes_and_cannot_be_changed():
    data = load_dataset("digits")
    assert repr(data) == "Dataset('digits', train (1347, 8, 8), test (450, 8, 8), 10 classes)"
    with pytest.raises(AttributeError):
        data.name = "other"


def test_status_tells_what_is_here(tmp_path, write_mnist, write_svhn, write_celeba):
    write_mnist(tmp_path / "FashionMNIST" / "raw")
    write_svhn(tmp_path / "svhn" / "train_32x32.mat")
    write_celeba(tmp_path / "celeba")
    found = {entry.name: entry for entry in datasets.status(tmp_path)}
    assert list(found) == ["digits", "mnist", "fashion-mnist", "svhn", "cifar-10", "celeba"]
    assert {name for name, entry in found.items() if entry.available} == {
        "digits",
        "fashion-mnist",
        "celeba",
    }
    assert found["digits"].folder is None
    assert found["fashion-mnist"].folder == tmp_path / "FashionMNIST" / "raw"
    assert found["svhn"].missing == ("test_32x32.mat",)
    assert found["mnist"].folder == tmp_path / "mnist"
    assert len(found["mnist"].missing) == 4
    assert found["celeba"].image_shape == (64, 64, 3)
    assert found["celeba"].n_classes == 5


def test_importing_is_light():
    heavy = ("torch", "scipy", "sklearn", "PIL", "pooch", "pandas", "requests")
    code = f"import sys, equipoise.datasets; print([m for m in {heavy} if m in sys.modules])"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    output = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    ).stdout
    assert output.strip() == "[]"
