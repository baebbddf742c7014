"""The five classification metrics of the class-imbalance literature.

All averages are over the classes that occur in `y_true`. A class that occurs only in the
predictions or in the training set is left out, but predicting it still lowers the recall of the
classes to which the rows belong.
"""

from __future__ import annotations

from numpy.typing import ArrayLike

from ._per_class import ClassScores, score_classes


def acsa(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Average class-specific accuracy: the mean of the per-class recalls.

    Equal to :func:`sklearn.metrics.balanced_accuracy_score`, but without a warning if `y_pred`
    has a class that does not occur in `y_true`.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Correct labels: integers or strings.
    y_pred : array-like of shape (n_samples,)
        Predicted labels.

    Returns
    -------
    float
        In [0, 1], higher is better.

    Raises
    ------
    ValueError
        If the labels are malformed, or differ in length or kind.

    References
    ----------
    Wang, Lyu, Jing. "Deep Generative Model for Robust Imbalance Classification", CVPR 2020.

    Examples
    --------
    >>> from equipoise.metrics import acsa
    >>> acsa([0, 0, 0, 0, 1, 1], [0, 0, 0, 1, 1, 0])
    0.625
    """
    scores = score_classes(y_true, y_pred)
    return scores.mean(scores.recall)


def f_macro(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Mean of the per-class F1 scores.

    Equal to ``f1_score(..., average="macro")`` of scikit-learn if every predicted class occurs in
    `y_true`. Otherwise scikit-learn includes a zero for each class that is only predicted, whereas
    this function leaves it out. A class that is never predicted has an F1 of 0.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Correct labels: integers or strings.
    y_pred : array-like of shape (n_samples,)
        Predicted labels.

    Returns
    -------
    float
        In [0, 1], higher is better.

    Raises
    ------
    ValueError
        If the labels are malformed, or differ in length or kind.

    References
    ----------
    Wang, Lyu, Jing. "Deep Generative Model for Robust Imbalance Classification", CVPR 2020.
    """
    scores = score_classes(y_true, y_pred)
    return scores.mean(scores.f1)


def g_macro(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    r"""Mean over classes of :math:`\sqrt{\text{recall}_c \cdot \text{specificity}_c}`.

    This is not the geometric mean of the recalls
    (:func:`imblearn.metrics.geometric_mean_score`), which is 0 if any class has a recall of 0.
    If `y_true` has a single class, no false positive is possible, and its specificity is 1.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Correct labels: integers or strings.
    y_pred : array-like of shape (n_samples,)
        Predicted labels.

    Returns
    -------
    float
        In [0, 1], higher is better.

    Raises
    ------
    ValueError
        If the labels are malformed, or differ in length or kind.

    References
    ----------
    Wang, Lyu, Jing. "Deep Generative Model for Robust Imbalance Classification", CVPR 2020.
    """
    scores = score_classes(y_true, y_pred)
    return scores.mean(scores.g)


def smallest_class_recall(y_true: ArrayLike, y_pred: ArrayLike, y_train: ArrayLike) -> float:
    """Recall of the class with the fewest training rows (R_MI in the paper).

    The class sizes are those of `y_train`, because the test set is often balanced. To obtain a
    scorer, use ``make_scorer(smallest_class_recall, y_train=y)``.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Correct labels: integers or strings.
    y_pred : array-like of shape (n_samples,)
        Predicted labels.
    y_train : array-like of shape (n_training_samples,)
        Labels of the training set. If several classes have the smallest size, their recalls are
        averaged. Classes without training rows are not considered.

    Returns
    -------
    float
        In [0, 1], higher is better; NaN if `y_true` has no row of the smallest class.

    Raises
    ------
    ValueError
        If the labels are malformed, differ in length or kind, or share no class.

    References
    ----------
    Wang, Lyu, Jing. "Deep Generative Model for Robust Imbalance Classification", CVPR 2020.

    Examples
    --------
    >>> from equipoise.metrics import smallest_class_recall
    >>> smallest_class_recall([0, 0, 1, 1], [0, 0, 1, 0], y_train=[0, 0, 0, 0, 0, 1])
    0.5
    """
    scores = score_classes(y_true, y_pred, _check_given(y_train))
    return scores.mean(scores.recall, scores.is_smallest)


def largest_class_precision(y_true: ArrayLike, y_pred: ArrayLike, y_train: ArrayLike) -> float:
    """Precision of the class with the most training rows (P_MA in the paper).

    It is low if a classifier assigns rows of small classes to the largest one, and 0 if the class
    occurs in `y_true` but is never predicted.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Correct labels: integers or strings.
    y_pred : array-like of shape (n_samples,)
        Predicted labels.
    y_train : array-like of shape (n_training_samples,)
        Labels of the training set. If several classes have the largest size, their precisions are
        averaged.

    Returns
    -------
    float
        In [0, 1], higher is better; NaN if `y_true` has no row of the largest class.

    Raises
    ------
    ValueError
        If the labels are malformed, differ in length or kind, or share no class.

    References
    ----------
    Wang, Lyu, Jing. "Deep Generative Model for Robust Imbalance Classification", CVPR 2020.
    """
    scores = score_classes(y_true, y_pred, _check_given(y_train))
    return scores.mean(scores.precision, scores.is_largest)


def summary(y_true: ArrayLike, y_pred: ArrayLike, y_train: ArrayLike) -> dict[str, float]:
    """Compute all five metrics.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Correct labels: integers or strings.
    y_pred : array-like of shape (n_samples,)
        Predicted labels.
    y_train : array-like of shape (n_training_samples,)
        Labels of the training set, which determine the smallest and the largest class.

    Returns
    -------
    dict of str to float
        With the keys ``acsa``, ``f_macro``, ``g_macro``, ``smallest_class_recall`` and
        ``largest_class_precision``, which are the names of the functions.

    Raises
    ------
    ValueError
        If the labels are malformed, differ in length or kind, or share no class.
    """
    return summarise(score_classes(y_true, y_pred, _check_given(y_train)))


def summarise(scores: ClassScores) -> dict[str, float]:
    """The five metrics from per-class scores; the last two are NaN without training sizes."""
    nan = float("nan")
    has_sizes = scores.training_size is not None
    smallest = scores.mean(scores.recall, scores.is_smallest) if has_sizes else nan
    largest = scores.mean(scores.precision, scores.is_largest) if has_sizes else nan
    return {
        "acsa": scores.mean(scores.recall),
        "f_macro": scores.mean(scores.f1),
        "g_macro": scores.mean(scores.g),
        "smallest_class_recall": smallest,
        "largest_class_precision": largest,
    }


def _check_given(y_train: ArrayLike) -> ArrayLike:
    """Return `y_train`, or raise a ValueError if it is None."""
    if y_train is None:
        raise ValueError(
            "y_train is None, but the class sizes are counted from it. Pass the training labels."
        )
    return y_train
