"""The per-class scores that every classification metric here is made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from imblearn.metrics import sensitivity_specificity_support
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import precision_recall_fscore_support

from ._labels import Labels, check_labels, check_same_kind

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class ClassScores:
    """Scores of each class, aligned with `classes`.

    A class that `y_true` lacks (`support` 0) has no recall, precision or F1: these are NaN, and
    no average counts the class. Its specificity is defined, and shows the false alarms.
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
        """Geometric mean of recall and specificity, class by class."""
        return np.sqrt(self.recall * self.specificity)

    @property
    def smallest(self) -> NDArray[np.bool_]:
        """The class with fewest training rows; with ties, all of them."""
        sizes = self._sizes()
        return np.asarray(sizes == sizes[sizes > 0].min())

    @property
    def largest(self) -> NDArray[np.bool_]:
        """The class with most training rows; with ties, all of them."""
        sizes = self._sizes()
        return np.asarray(sizes == sizes.max())

    def mean(self, values: Floats, where: NDArray[np.bool_] | None = None) -> float:
        """Mean of `values` over the classes present in `y_true`; NaN if none is."""
        counted = self.support > 0
        if where is not None:
            counted &= where
        return float(values[counted].mean()) if counted.any() else float("nan")

    def _sizes(self) -> Ints:
        if self.training_size is None:
            raise ValueError("y_train is None, but the training sizes are needed. Pass y_train.")
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
        Labels of the training set, which give the class sizes.
    labels : array-like of shape (n_labels,), default=None
        Further classes to list.

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
            f"y_pred has {len(predicted)} labels but y_true has {len(true)}. "
            "Pass predictions for exactly the rows of y_true."
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
                f"{true[0]!r}). Pass training labels in the coding of y_true."
            )
        known.append(train)
    if labels is not None:
        listed = check_labels("labels", labels)
        check_same_kind("labels", listed, "y_true", true)
        known.append(listed)

    classes = np.unique(np.concatenate(known))
    codes = np.arange(len(classes))
    # Codes, not labels, go to the libraries: they are quick and know every kind of label.
    coded_true = np.searchsorted(classes, true)
    coded_predicted = np.searchsorted(classes, predicted)
    precision, recall, f1, support = precision_recall_fscore_support(
        coded_true, coded_predicted, labels=codes, average=None, zero_division=0.0
    )
    support = support.astype(np.int64)  # floats where nothing is right
    _, specificity, _ = sensitivity_specificity_support(
        coded_true, coded_predicted, labels=codes, average=None, warn_for=()
    )
    absent, only = support == 0, support == len(true)
    precision[absent] = recall[absent] = f1[absent] = np.nan
    specificity[only] = 1.0  # no row of another class, so no false alarm; imblearn says 0
    sizes = None
    if train is not None:
        sizes = np.bincount(np.searchsorted(classes, train), minlength=len(classes))
    return ClassScores(classes, sizes, support, recall, precision, f1, specificity)
