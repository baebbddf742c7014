"""A sampler trained once, on little."""

import copy

import numpy as np
import pytest

from equipoise import IMSIC, load_dataset
from equipoise.datasets import imbalance


@pytest.fixture(scope="session")
def few_digits():
    """120 images of three digits and 20 and 5 of two more, with names."""
    digits = load_dataset("digits")
    sizes = {0: 120, 1: 120, 2: 120, 3: 20, 4: 5}
    kept = digits.y_train < 5
    X, y = imbalance.subset(digits.X_train[kept], digits.y_train[kept], sizes, random_state=0)
    return X, np.array(["zero", "one", "two", "three", "four"])[y]


def train(few_digits, **params):
    params = {"max_epochs": 15, "random_state": 0, "structure": "paper", **params}
    return IMSIC(**params).fit(*few_digits)


@pytest.fixture(scope="session")
def trained(few_digits):
    return train(few_digits, code_names=["a", "b", "c", "d"])


@pytest.fixture
def sampler(trained):
    """A copy, so that a test may steer it."""
    return copy.deepcopy(trained)
