"""A few small images of imbalanced classes."""

import numpy as np
import pytest

from equipoise import load_dataset
from equipoise.datasets import imbalance


@pytest.fixture(scope="session")
def few_digits():
    """60 images each of two digits, 20 and 8 of two more, with names."""
    digits = load_dataset("digits")
    kept = digits.y_train < 4
    sizes = {0: 60, 1: 60, 2: 20, 3: 8}
    X, y = imbalance.subset(digits.X_train[kept], digits.y_train[kept], sizes, random_state=0)
    X.flags.writeable = False
    return X, np.array(["one", "three", "two", "four"])[y]
