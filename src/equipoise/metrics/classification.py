"""The five classification metrics of the class-imbalance literature.

All follow one rule: an average runs over the classes present in `y_true`. A class that is only
predicted, or only in the training set, is not averaged; predicting it still costs the recall of
the rows that were mistaken for it.
"""

from __future__ import annotations

from numpy.typing import ArrayLike

from ._per_class import ClassScores, score_classes


def acsa(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Average class-specific accuracy: the mean of the per-class recalls.

    The same number as :func:`sklearn.metrics.balanced_accuracy_score`, without its warning when
    `y_pred` has a class that `y_true` lacks.

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

    Equals ``f1_score(..., average="macro")`` of scikit-learn when every predicted class occurs in
    `y_true`. Otherwise scikit-learn averages in a zero for each class that is only predicted, and
    this function does not. A class that is never predicted has an F1 of 0.

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
    (:func:`imblearn.metrics.geometric_mean_score`), which is 0 as soon as one class is missed.
    Where `y_true` has a single class no false alarm is possible, and its specificity counts as 1.

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

    The test set is often balanced, so it cannot tell which class was small: `y_train` does. As a
    scorer, use ``make_scorer(smallest_class_recall, y_train=y)``.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Correct labels: integers or strings.
    y_pred : array-like of shape (n_samples,)
        Predicted labels.
    y_train : array-like of shape (n_training_samples,)
        Labels of the training set. Several classes of the smallest size share the score: their
        recalls are averaged. Classes without a training row are not considered.

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
    scores = score_classes(y_true, y_pred, _given(y_train))
    return scores.mean(scores.recall, scores.smallest)


def largest_class_precision(y_true: ArrayLike, y_pred: ArrayLike, y_train: ArrayLike) -> float:
    """Precision of the class with the most training rows (P_MA in the paper).

    Low when a classifier gives rows of small classes to the largest. 0 if the class occurs in
    `y_true` but is never predicted.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Correct labels: integers or strings.
    y_pred : array-like of shape (n_samples,)
        Predicted labels.
    y_train : array-like of shape (n_training_samples,)
        Labels of the training set. Several classes of the largest size share the score: their
        precisions are averaged.

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
    scores = score_classes(y_true, y_pred, _given(y_train))
    return scores.mean(scores.precision, scores.largest)


def summary(y_true: ArrayLike, y_pred: ArrayLike, y_train: ArrayLike) -> dict[str, float]:
    """All five metrics at once.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Correct labels: integers or strings.
    y_pred : array-like of shape (n_samples,)
        Predicted labels.
    y_train : array-like of shape (n_training_samples,)
        Labels of the training set, which tell the smallest and the largest class.

    Returns
    -------
    dict of str to float
        With the keys ``acsa``, ``f_macro``, ``g_macro``, ``smallest_class_recall`` and
        ``largest_class_precision``; each equals the function of that name.

    Raises
    ------
    ValueError
        If the labels are malformed, differ in length or kind, or share no class.
    """
    return summarise(score_classes(y_true, y_pred, _given(y_train)))


def summarise(scores: ClassScores) -> dict[str, float]:
    """Five metrics from per-class scores; the last two are NaN without training sizes."""
    sized = scores.training_size is not None
    nan = float("nan")
    return {
        "acsa": scores.mean(scores.recall),
        "f_macro": scores.mean(scores.f1),
        "g_macro": scores.mean(scores.g),
        "smallest_class_recall": scores.mean(scores.recall, scores.smallest) if sized else nan,
        "largest_class_precision": scores.mean(scores.precision, scores.largest) if sized else nan,
    }


def _given(y_train: ArrayLike) -> ArrayLike:
    if y_train is None:
        raise ValueError(
            "y_train is None, but the class sizes come from it. Pass the training labels."
        )
    return y_train
