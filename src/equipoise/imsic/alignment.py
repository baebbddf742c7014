"""Which category of a GAN is which class, and what its rows look like to a classifier."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.svm import SVC

from equipoise.errors import InvalidInputError, InvalidParameterError


def align(confusion: np.ndarray) -> np.ndarray:
    """Category of every class, one each, so that most class shares fall on the pairs.

    Parameters
    ----------
    confusion : ndarray of shape (n_classes, n_classes)
        Real rows of class i that the category head puts into category j. Every class counts
        the same, however many rows it has.

    Returns
    -------
    ndarray of shape (n_classes,)
    """
    shares = confusion / np.maximum(confusion.sum(1, keepdims=True), 1)
    return linear_sum_assignment(shares, maximize=True)[1]


def fit_judge(rows: np.ndarray, y: np.ndarray) -> SVC:
    """Classifier of flat real rows that says what a generated one looks like.

    Raises
    ------
    InvalidInputError
        The rows are of one class.
    """
    if len(np.unique(y)) < 2:
        raise InvalidInputError(
            f"y has only the class {np.unique(y).tolist()[0]!r}: rows of one class do not teach "
            "what others look like. Pass rows of at least two, or a classifier."
        )
    return SVC(class_weight="balanced", C=10).fit(rows, y)


def check_label_map(label_map: Sequence[int], n_classes: int) -> np.ndarray:
    """The map as an array.

    Raises
    ------
    InvalidParameterError
        It is no permutation of the categories.
    """
    categories = np.asarray(label_map)
    if categories.shape != (n_classes,) or sorted(categories.tolist()) != list(range(n_classes)):
        raise InvalidParameterError(
            f"label_map={list(label_map)} must hold each category from 0 to {n_classes - 1} once, "
            "in the order of the sorted labels."
        )
    return categories.astype(np.int64)
