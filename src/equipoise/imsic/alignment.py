"""Assignment of the categories of a GAN to classes, and a classifier to check it with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.svm import SVC

from equipoise.errors import InvalidInputError, InvalidParameterError


def align(confusion: np.ndarray) -> np.ndarray:
    """Assign one category to every class so that as many rows as possible agree.

    Parameters
    ----------
    confusion : ndarray of shape (n_classes, n_classes)
        Number of real rows of class i that the category head assigns to category j. All classes
        have the same weight, however many rows they have.

    Returns
    -------
    ndarray of shape (n_classes,)
        Category of every class.
    """
    fractions = confusion / np.maximum(confusion.sum(1, keepdims=True), 1)
    return linear_sum_assignment(fractions, maximize=True)[1]


def fit_judge(rows: np.ndarray, y: np.ndarray) -> SVC:
    """Fit a classifier to flat real rows, which predicts the classes of generated ones.

    Raises
    ------
    InvalidInputError
        If all rows are of one class.
    """
    if len(np.unique(y)) < 2:
        raise InvalidInputError(
            f"y has only the class {np.unique(y).tolist()[0]!r}, but a classifier needs rows of at "
            "least two classes. Pass such rows, or a classifier."
        )
    return SVC(class_weight="balanced", C=10).fit(rows, y)


def check_label_map(label_map: Sequence[int], n_classes: int) -> np.ndarray:
    """Validate a map from classes to categories, and return it as an array.

    Raises
    ------
    InvalidParameterError
        If it is no permutation of the categories.
    """
    categories = np.asarray(label_map)
    if categories.shape != (n_classes,) or sorted(categories.tolist()) != list(range(n_classes)):
        raise InvalidParameterError(
            f"label_map={list(label_map)} must contain each category from 0 to {n_classes - 1} "
            "once, in the order of the sorted labels."
        )
    return categories.astype(np.int64)
