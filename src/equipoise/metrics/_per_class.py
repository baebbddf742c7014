"""Per-class scores, from which all classification metrics are computed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from imblearn.metrics import sensitivity_specificity_support
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import precision_recall_fscore_support

from equipoise.errors import counted

from ._labels import Labels, check_labels, check_same_kind

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class ClassScores:
    """Scores of each class, aligned with `classes`.

    Recall, precision and F1 of a class that does not occur in `y_true` (`support` 0) are NaN, and
    the class is left out of all averages. Its specificity is defined and reflects false positives.
    """

    classes: Labels
    training_size: Ints | None
    support: Ints
    recall: Floats
    precision: Floats
    f1: Floats
    specificity: Floats

    @property
    def g(self) -> Floats:
        """Geometric mean of recall and specificity of each class."""
        return np.sqrt(self.recall * self.specificity)

    @property
    def is_smallest(self) -> NDArray[np.bool_]:
        """Mask of the classes with the fewest training rows, but at least one."""
        sizes = self._training_sizes()
        return np.asarray(sizes == sizes[sizes > 0].min())

    @property
    def is_largest(self) -> NDArray[np.bool_]:
        """Mask of the classes with the most training rows."""
        sizes = self._training_sizes()
        return np.asarray(sizes == sizes.max())

    def mean(self, values: Floats, where: NDArray[np.bool_] | None = None) -> float:
        """Mean of `values` over the classes of `where` that occur in `y_true`; NaN if none does."""
        counted = self.support > 0
        if where is not None:
            counted &= where
        return float(values[counted].mean()) if counted.any() else float("nan")

    def _training_sizes(self) -> Ints:
        if self.training_size is None:
            raise ValueError("y_train is None, but the class sizes are needed. Pass y_train.")
        return self.training_size


def score_classes(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    y_train: ArrayLike | None = None,
    labels: ArrayLike | None = None,
) -> ClassScores:
    """Score every class that occurs in any of the arguments.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_samples,)
        Correct and predicted labels.
    y_train : array-like of shape (n_training_samples,), default=None
        Labels of the training set, from which the class sizes are counted.
    labels : array-like of shape (n_labels,), default=None
        Additional classes to score.

    Returns
    -------
    ClassScores
        Classes in sorted order.

    Raises
    ------
    ValueError
        If labels are malformed, differ in length or kind, or `y_train` shares no class with
        `y_true`.
    """
    true, predicted = check_labels("y_true", y_true), check_labels("y_pred", y_pred)
    if len(true) != len(predicted):
        raise ValueError(
            f"y_pred has {counted(len(predicted), 'label')} but y_true has {len(true)}. Pass "
            "predictions for exactly the rows of y_true."
        )
    check_same_kind("y_pred", predicted, "y_true", true)
    known = [true, predicted]
    train = None
    if y_train is not None:
        train = check_labels("y_train", y_train)
        check_same_kind("y_train", train, "y_true", true)
        if not np.isin(true, train).any():
            raise ValueError(
                f"y_train has no class of y_true (y_train[0] is {train[0]!r}, y_true[0] is "
                f"{true[0]!r}). Pass training labels that are encoded like y_true."
            )
        known.append(train)
    if labels is not None:
        listed = check_labels("labels", labels)
        check_same_kind("labels", listed, "y_true", true)
        known.append(listed)

    classes = np.unique(np.concatenate(known))
    codes = np.arange(len(classes))
    # Integer codes work for every type of label and are fast.
    coded_true = np.searchsorted(classes, true)
    coded_predicted = np.searchsorted(classes, predicted)
    precision, recall, f1, support = precision_recall_fscore_support(
        coded_true, coded_predicted, labels=codes, average=None, zero_division=0.0
    )
    support = support.astype(np.int64)  # it is float if no prediction is correct
    _, specificity, _ = sensitivity_specificity_support(
        coded_true, coded_predicted, labels=codes, average=None, warn_for=()
    )
    absent, only = support == 0, support == len(true)
    precision[absent] = recall[absent] = f1[absent] = np.nan
    specificity[only] = 1.0  # no false positives are possible; imblearn returns 0
    sizes = None
    if train is not None:
        sizes = np.bincount(np.searchsorted(classes, train), minlength=len(classes))
    return ClassScores(classes, sizes, support, recall, precision, f1, specificity)
