"""SVHN, on small files in its format."""

import numpy as np
import pytest

from equipoise.datasets import DamagedFileError, load_dataset


@pytest.mark.parametrize("below", ["svhn", "."])
def test_images_and_labels(tmp_path, write_svhn, below):
    X, _ = write_svhn(tmp_path / below / "train_32x32.mat", n=25)
    X_test, _ = write_svhn(tmp_path / below / "test_32x32.mat", n=10)
    data = load_dataset("svhn", tmp_path, download=False)
    assert data.X_train.shape == (25, 32, 32, 3)
    assert data.X_train.dtype == np.uint8
    assert data.X_train.flags.c_contiguous
    assert data.y_train.dtype == np.int64
    for i in 0, 9, 24:
        np.testing.assert_array_equal(data.X_train[i], X[:, :, :, i])
    np.testing.assert_array_equal(data.X_test[3], X_test[:, :, :, 3])
    # 10 in the file is the digit 0; the other digits are themselves.
    assert data.y_test.tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]
    assert data.class_names[data.y_train[9]] == "0"
    assert data.class_names[data.y_train[0]] == "1"


@pytest.mark.parametrize(
    ("replaced", "complaint"),
    [
        ({"y": np.zeros((20, 1), np.uint8)}, "1 to 10"),
        ({"y": np.full((20, 1), 11, np.uint8)}, "1 to 10"),
        ({"y": np.full((20, 1), 1.5)}, "1 to 10"),
        ({"y": np.ones((19, 1), np.uint8)}, "19 labels for 20"),
        ({"X": np.zeros((20, 32, 32, 3), np.uint8)}, "shape"),
        ({"X": np.zeros((32, 32, 3, 20))}, "float64"),
    ],
)
def test_other_content_is_refused(tmp_path, write_svhn, replaced, complaint):
    write_svhn(tmp_path / "test_32x32.mat")
    write_svhn(tmp_path / "train_32x32.mat", **replaced)
    with pytest.raises(DamagedFileError, match=complaint) as caught:
        load_dataset("svhn", tmp_path, download=False)
    assert str(tmp_path / "train_32x32.mat") in str(caught.value)


@pytest.mark.parametrize("kept", [0, 3, 100, 140, 500, 20_000, -1])
def test_a_truncated_file_is_named(tmp_path, write_svhn, kept):
    write_svhn(tmp_path / "train_32x32.mat")
    write_svhn(tmp_path / "test_32x32.mat")
    path = tmp_path / "test_32x32.mat"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DamagedFileError, match=r"test_32x32\.mat is damaged.*Delete or replace it"):
        load_dataset("svhn", tmp_path, download=False)
