"""Scores of a fitted classifier on the rows of one test part."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from equipoise.metrics import acsa, brier_score, f_macro, g_macro

# What is always measured, and how it is written.
METRICS = {
    "balanced_accuracy": "balanced accuracy",
    "f1_macro": "macro F1",
    "g_macro": "macro G",
    "average_precision": "average precision",
    "brier": "Brier score",
}
LOWER_IS_BETTER = {"brier"}


def score(
    model: Any, X: Any, y: NDArray[Any], classes: NDArray[Any], counts: NDArray[np.int64]
) -> dict[str, float]:
    """All of ``METRICS``.

    Parameters
    ----------
    model : fitted classifier
        With ``predict`` and ``predict_proba``; may know fewer than all classes.
    X : DataFrame or ndarray
    y : ndarray of shape (n_rows,)
    classes : ndarray of shape (n_classes,)
        All classes of the table, sorted.
    counts : ndarray of shape (n_classes,)
        Rows of each in the table, which tell the rare one of two.

    Returns
    -------
    dict of str to float
    """
    predicted = model.predict(X)
    probabilities = np.zeros((len(y), len(classes)))
    probabilities[:, np.searchsorted(classes, model.classes_)] = model.predict_proba(X)
    return {
        "balanced_accuracy": acsa(y, predicted),
        "f1_macro": f_macro(y, predicted),
        "g_macro": g_macro(y, predicted),
        "average_precision": average_precision(y[:, np.newaxis] == classes, probabilities, counts),
        "brier": brier_score(y, probabilities, labels=classes),
    }


def average_precision(
    is_class: NDArray[np.bool_], probabilities: NDArray[np.float64], counts: NDArray[np.int64]
) -> float:
    """Average precision of the rarer of two classes; of more, the mean, each against the rest.

    Parameters
    ----------
    is_class : ndarray of shape (n_rows, n_classes), bool
        Which class each row has. A class without rows is left out.
    probabilities : ndarray of shape (n_rows, n_classes)
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
    scores = [average_precision_score(is_class[:, c], probabilities[:, c]) for c in present]
    return float(np.mean(scores)) if scores else float("nan")
