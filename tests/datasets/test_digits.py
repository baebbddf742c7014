"""scikit-learn's digits."""

import numpy as np
from sklearn.datasets import load_digits

from equipoise.datasets import imbalance, load_dataset


def test_images_and_labels():
    data = load_dataset("digits")
    assert data.X_train.shape[1:] == data.X_test.shape[1:] == (8, 8)
    assert len(data.X_train) + len(data.X_test) == 1797
    assert data.X_train.dtype == np.uint8
    assert data.y_train.dtype == np.int64
    assert (data.X_train.min(), data.X_train.max()) == (0, 255)
    assert np.bincount(data.y_train).min() >= 130
    assert set(np.bincount(data.y_test)) <= {43, 44, 45, 46}


def test_the_split_is_fixed_and_loses_nothing():
    data, again = load_dataset("digits"), load_dataset("digits")
    np.testing.assert_array_equal(data.X_test, again.X_test)
    source = load_digits()

    def count(X, y):
        rows = np.column_stack([X.reshape(len(X), -1), y])
        return np.unique(rows, axis=0, return_counts=True)

    X = np.concatenate([data.X_train, data.X_test])
    y = np.concatenate([data.y_train, data.y_test])
    # 17 levels, 0 to 16, are spread over 0 to 255.
    rows, counts = count(np.rint(X / 255 * 16), y)
    expected_rows, expected_counts = count(source.images, source.target)
    np.testing.assert_array_equal(rows, expected_rows)
    np.testing.assert_array_equal(counts, expected_counts)


def test_its_protocol_fits():
    data = load_dataset("digits")
    sizes = imbalance.published("digits")
    _, y = imbalance.subset(data.X_train, data.y_train, sizes, random_state=0)
    assert dict(enumerate(np.bincount(y))) == sizes
    assert max(sizes.values()) / min(sizes.values()) == 20
