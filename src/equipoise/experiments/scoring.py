"""Scores of predictions for the test rows of one fold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, recall_score

from equipoise.metrics import brier_score, summary


def scores(
    y_true: NDArray, y_pred: NDArray, proba: NDArray | None, classes: NDArray, counts: NDArray
) -> dict[str, float]:
    """All scores of a classifier, by the names that records have.

    Parameters
    ----------
    y_true, y_pred : ndarray of shape (n_rows,)
    proba : ndarray of shape (n_rows, n_classes) or None
        Probabilities; None for a classifier that has none.
    classes : ndarray of shape (n_classes,)
        All classes, sorted.
    counts : ndarray of shape (n_classes,)
        Rows of each class, which tell the rare from the frequent ones.

    Returns
    -------
    dict of str to float
        The five metrics of :func:`equipoise.metrics.summary`, then ``average_precision`` (of the
        rarer of two classes; of more classes the mean, each against the rest) and ``brier`` (the
        sum over the classes, lower is better), both NaN without probabilities.
    """
    found = summary(y_true, y_pred, np.repeat(classes, counts))
    if proba is None:
        return found | {"average_precision": float("nan"), "brier": float("nan")}
    return found | {
        "average_precision": average_precision(y_true[:, np.newaxis] == classes, proba, counts),
        "brier": brier_score(y_true, proba, labels=classes),
    }


def average_precision(
    is_class: NDArray[np.bool_], proba: NDArray[np.float64], counts: NDArray[np.int64]
) -> float:
    """Average precision of the rarer of two classes; of more, the mean, each against the rest.

    Parameters
    ----------
    is_class : ndarray of shape (n_rows, n_classes), bool
        Which class each row has. A class without rows is left out.
    proba : ndarray of shape (n_rows, n_classes)
    counts : ndarray of shape (n_classes,)
        Of two classes of the same size, the second counts as the rarer.

    Returns
    -------
    float
        In [0, 1], higher is better; NaN if there is no class to average.
    """
    chosen = np.arange(len(counts))
    if len(counts) == 2:
        chosen = chosen[counts < counts[::-1]] if counts[0] != counts[1] else chosen[1:]
    present = [c for c in chosen if is_class[:, c].any()]
    found = [average_precision_score(is_class[:, c], proba[:, c]) for c in present]
    return float(np.mean(found)) if found else float("nan")


def recalls(y_true: NDArray, y_pred: NDArray, classes: NDArray) -> list[float]:
    """Recall of every class, NaN for a class without test rows."""
    found = recall_score(y_true, y_pred, labels=classes, average=None, zero_division=np.nan)
    return found.tolist()
