"""Metrics of the calibration of predicted probabilities."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.errors import InvalidInputError, counted

from ._features import check_count
from ._labels import check_labels, check_same_kind


def expected_calibration_error(
    y_true: ArrayLike, proba: ArrayLike, n_bins: int = 15, *, labels: ArrayLike | None = None
) -> float:
    r"""Mean absolute difference between confidence and accuracy.

    The confidence of a row is its largest probability. Rows are grouped by their
    confidence into bins of equal width; bin :math:`B_m` covers :math:`((m - 1)/M, m/M]`:

    .. math:: \sum_{m=1}^M \frac{|B_m|}{n} \, |\text{accuracy}(B_m) - \text{confidence}(B_m)|

    Only the probability of the predicted class is considered, so a wrong class prior may not be
    detected: one class is predicted with too high a confidence, another with too low a confidence,
    and the two may cancel in a bin. Use it together with :func:`brier_score`.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Correct labels: integers or strings.
    proba : array-like of shape (n_samples, n_classes)
        Probabilities as ``predict_proba`` gives them; rows sum to 1.
    n_bins : int, default=15
        Number of bins M, at least 1.
    labels : array-like of shape (n_classes,), default=None
        Class of every column, such as ``classes_`` of a classifier. By default, the sorted classes
        of `y_true`.

    Returns
    -------
    float
        In [0, 1], lower is better.

    Raises
    ------
    ValueError
        If the labels or probabilities are malformed, or do not match each other.

    References
    ----------
    Guo, Pleiss, Sun, Weinberger. "On Calibration of Modern Neural Networks", ICML 2017, Eq. 3.

    Examples
    --------
    >>> from equipoise.metrics import expected_calibration_error
    >>> expected_calibration_error([0, 1], [[0.75, 0.25], [0.75, 0.25]])
    0.25
    """
    check_count("n_bins", n_bins, low=1)
    column, rows = _check_probabilities(y_true, proba, labels)
    confidence, correct = rows.max(axis=1), rows.argmax(axis=1) == column
    bins = np.ceil(confidence * n_bins).clip(1, n_bins).astype(np.int64) - 1
    # |B_m| times the difference of the means is the difference of the sums.
    return float(np.abs(np.bincount(bins, correct - confidence)).sum() / len(rows))


def brier_score(y_true: ArrayLike, proba: ArrayLike, *, labels: ArrayLike | None = None) -> float:
    """Mean squared distance between the probabilities and the one-hot encoded labels.

    This is Brier's original definition for any number of classes. With two classes it is twice
    :func:`sklearn.metrics.brier_score_loss`.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Correct labels: integers or strings.
    proba : array-like of shape (n_samples, n_classes)
        Probabilities as ``predict_proba`` gives them; rows sum to 1.
    labels : array-like of shape (n_classes,), default=None
        Class of every column, such as ``classes_`` of a classifier. By default, the sorted classes
        of `y_true`.

    Returns
    -------
    float
        In [0, 2], lower is better.

    Raises
    ------
    ValueError
        If the labels or probabilities are malformed, or do not match each other.

    References
    ----------
    Brier. "Verification of forecasts expressed in terms of probability", Monthly Weather Review
    78, 1950, Eq. 2.

    Examples
    --------
    >>> from equipoise.metrics import brier_score
    >>> brier_score([0, 1], [[1.0, 0.0], [0.5, 0.5]])
    0.25
    """
    column, rows = _check_probabilities(y_true, proba, labels)
    truth = np.arange(rows.shape[1]) == column[:, None]
    return float(((rows - truth) ** 2).sum(axis=1).mean())


def _check_probabilities(
    y_true: ArrayLike, proba: ArrayLike, labels: ArrayLike | None
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Column of the true class of every row, and the probabilities."""
    true, rows = check_labels("y_true", y_true), np.asarray(proba)
    if rows.ndim != 2 or rows.dtype.kind not in "iuf" or len(rows) != len(true):
        raise InvalidInputError(
            f"proba must be a numeric array with {counted(len(true), 'row')}, one for each label "
            f"of y_true, and a column for each class, got shape {rows.shape} and dtype "
            f"{rows.dtype}. Pass predict_proba(X)."
        )
    rows = rows.astype(np.float64)
    if not ((rows >= 0).all() and np.allclose(rows.sum(axis=1), 1, rtol=0, atol=1e-4)):
        raise InvalidInputError(
            "proba must hold probabilities: no negative or missing ones, and a sum of 1 in every "
            "row. Pass predict_proba(X), not scores."
        )
    classes = np.unique(true) if labels is None else check_labels("labels", labels)
    check_same_kind("labels", classes, "y_true", true)
    if len(np.unique(classes)) != len(classes) or len(classes) != rows.shape[1]:
        raise InvalidInputError(
            f"proba has {counted(rows.shape[1], 'column')}, but the classes are "
            f"{classes.tolist()}. Pass labels=classes_ of the classifier: the class of every "
            "column."
        )
    unknown = ~np.isin(true, classes)
    if unknown.any():
        raise InvalidInputError(
            f"y_true has {true[unknown].tolist()[0]!r}, which is not in labels "
            f"{classes.tolist()}. Drop these rows, or add a column for the class."
        )
    order = np.argsort(classes)
    return order[np.searchsorted(classes, true, sorter=order)], rows
