"""One part of a data set, without the other."""

import numpy as np
import pytest

from equipoise.datasets import load_dataset
from equipoise.datasets.loading import class_names, load_part


@pytest.mark.parametrize("part", ["train", "test"])
def test_parts_are_those_of_the_whole(part):
    digits = load_dataset("digits")
    X, y = load_part("digits", part)
    np.testing.assert_array_equal(X, getattr(digits, f"X_{part}"))
    np.testing.assert_array_equal(y, getattr(digits, f"y_{part}"))
    assert class_names("digits") == list(digits.class_names)


def test_real_files(real_data_dir):
    whole = load_dataset("mnist", real_data_dir)
    X, y = load_part("mnist", "test", real_data_dir)
    np.testing.assert_array_equal(X, whole.X_test)
    np.testing.assert_array_equal(y, whole.y_test)


def test_unknown_part():
    with pytest.raises(ValueError, match="part='tset'"):
        load_part("digits", "tset")
