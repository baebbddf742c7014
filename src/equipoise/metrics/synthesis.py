"""Fidelity, memorisation, diversity and realism of synthetic rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.metrics import balanced_accuracy_score, pairwise_distances_chunked
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.neighbors import NearestNeighbors
from sklearn.utils import check_random_state

from ._features import (
    BLOCK_MEBIBYTES,
    Rows,
    check_count,
    check_features,
    check_fraction,
    check_same_width,
)
from ._per_class import score_classes
from .neighbors import nearest_rows


def label_fidelity(y_requested: ArrayLike, y_predicted: ArrayLike) -> dict[str | int | bool, float]:
    """Fraction of the synthetic rows of each class that a classifier assigns to that class.

    The classifier should be trained on real rows only and should not be part of the generator.
    Since its errors lower the fidelity, compare with its recall on real rows. The mean over the
    classes is ``acsa(y_requested, y_predicted)``.

    Parameters
    ----------
    y_requested : array-like of shape (n_synthetic,)
        The label for which each row was generated.
    y_predicted : array-like of shape (n_synthetic,)
        The label that the classifier predicts.

    Returns
    -------
    dict of label to float
        A fraction in [0, 1] for each requested class, in sorted order.

    Raises
    ------
    ValueError
        If the labels are malformed, or differ in length or kind.

    Examples
    --------
    >>> from equipoise.metrics import label_fidelity
    >>> label_fidelity(["cat", "cat", "dog"], ["cat", "dog", "dog"])
    {'cat': 0.5, 'dog': 1.0}
    """
    scores = score_classes(y_requested, y_predicted)
    classes, recall = scores.classes[scores.support > 0], scores.recall[scores.support > 0]
    return dict(zip(classes.tolist(), recall.tolist(), strict=True))


def memorised_share(synthetic: ArrayLike, train: ArrayLike, quantile: float = 0.05) -> float:
    """Fraction of synthetic rows that are suspiciously close to a training row.

    A row is counted if the distance to its nearest training row is at most the given quantile of
    the distances between training rows and their nearest training neighbours. New real rows
    therefore score about `quantile`, and a generator with a much higher score reproduces its
    training data. Exact copies score 1. A low score does not prove privacy, and unrealistic rows
    have a low score too, so consider it together with precision.

    Parameters
    ----------
    synthetic : array-like of shape (n_synthetic, d)
        Synthetic rows, at least 1.
    train : array-like of shape (n_train, d)
        The rows on which the generator was trained, at least 2, on the same scale.
    quantile : float, default=0.05
        In (0, 1). With fewer than 2 / `quantile` training rows, the closest pair exceeds this
        fraction, and new rows score about 2 / (n_train + 1). If the rows have few distinct
        values, new rows also coincide with training rows and score higher.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    InvalidInputError
        If one of them is not a finite numeric table or has too few rows, or they differ in width.
    InvalidParameterError
        If `quantile` is out of range.

    Examples
    --------
    >>> from equipoise.metrics import memorised_share
    >>> memorised_share([[0.0], [2.5]], train=[[0.0], [1.0], [2.0], [3.0]])
    1.0
    >>> memorised_share([[0.0], [30.0]], train=[[0.0], [1.0], [2.0], [3.0]])
    0.5
    """
    return float(memorised_rows(synthetic, train, quantile).mean())


def memorised_rows(
    synthetic: ArrayLike, train: ArrayLike, quantile: float = 0.05
) -> NDArray[np.bool_]:
    """Tell which synthetic rows are suspiciously close to a training row.

    Parameters
    ----------
    synthetic, train, quantile
        As for :func:`memorised_share`, which is the mean of the result.

    Returns
    -------
    ndarray of bool, shape (n_synthetic,)

    Examples
    --------
    >>> from equipoise.metrics import memorised_rows
    >>> memorised_rows([[0.0], [30.0]], train=[[0.0], [1.0], [2.0], [3.0]]).tolist()
    [True, False]
    """
    check_fraction("quantile", quantile)
    synthetic = check_features("synthetic", synthetic)
    train = check_features("train", train, 2)
    check_same_width("synthetic", synthetic, "train", train)
    return nearest_rows(synthetic, train)[1] <= _closest_distances(train, quantile)[0]


def memorised_and_expected(synthetic: Rows, train: Rows, quantile: float) -> tuple[float, float]:
    """Memorised share, and the share to be expected of new real rows, which ties increase."""
    limit, distance = _closest_distances(train, quantile)
    expected = max(quantile, 2 / (len(train) + 1), float((distance <= limit).mean()))
    return float((nearest_rows(synthetic, train)[1] <= limit).mean()), expected


def _closest_distances(train: Rows, quantile: float) -> tuple[float, Rows]:
    """The quantile of the distances between training rows and their nearest others, and these."""
    centred = train - train.mean(axis=0)
    nearest = NearestNeighbors(n_neighbors=1).fit(centred).kneighbors(return_distance=False)[:, 0]
    distance = np.linalg.norm(train - train[nearest], axis=1)
    # With Weibull's estimate, the expected fraction of new values below it is the quantile. It is
    # larger with the default estimate.
    return float(np.quantile(distance, quantile, method="weibull")), distance


def diversity(synthetic: ArrayLike, real: ArrayLike) -> float:
    """Mean distance between two synthetic rows divided by that between two real rows.

    It is 1 if synthetic rows are as varied as real ones, approaches 0 if the generator collapses
    to a single sample, and is above 1 if synthetic rows are more spread out, often due to noise.
    The mean is over all pairs, but memory grows only linearly with the number of rows.

    Parameters
    ----------
    synthetic : array-like of shape (n_synthetic, d)
        Synthetic rows of one class, at least 2.
    real : array-like of shape (n_real, d)
        Real rows of the same class, at least 2.

    Returns
    -------
    float
        At least 0; NaN if all real rows are equal.

    Raises
    ------
    InvalidInputError
        If one of them is not a finite numeric table of at least 2 rows, or they differ in width.

    Examples
    --------
    >>> from equipoise.metrics import diversity
    >>> diversity([[4.0], [5.0]], [[0.0], [2.0]])
    0.5
    """
    synthetic, real = check_features("synthetic", synthetic, 2), check_features("real", real, 2)
    check_same_width("synthetic", synthetic, "real", real)
    if (real == real[0]).all():
        return float("nan")
    return _mean_distance(synthetic) / _mean_distance(real)


def c2st(
    real: ArrayLike,
    synthetic: ArrayLike,
    classifier: ClassifierMixin | None = None,
    cv: int = 5,
    random_state: int | np.random.RandomState | None = None,
) -> float:
    """Classifier two-sample test: how well can real and synthetic rows be distinguished?

    The score is the cross-validated balanced accuracy of a classifier trained to distinguish
    them. The larger set is subsampled to the size of the smaller one, so that the score does not
    depend on the number of synthetic rows.

    Parameters
    ----------
    real : array-like of shape (n_real, d)
        Real rows, at least 2, preferably held-out ones.
    synthetic : array-like of shape (n_synthetic, d)
        Synthetic rows, at least 2.
    classifier : scikit-learn classifier, default=None
        The classifier, which is cloned before it is fitted. The default, 100 extremely randomised
        trees, needs no scaling and detects shifted means, smaller variances and missing
        correlations. A linear model does not detect the latter two. Nearest neighbours do not
        detect smaller variances if there are many features: then the nearest neighbour of any row
        is a synthetic one close to the mean, and the accuracy remains 0.5.
    cv : int, default=5
        Number of folds, at least 2, limited to the number of rows of the smaller set.
    random_state : int, RandomState or None, default=None
        Seed of the subsampling, the folds and the default classifier.

    Returns
    -------
    float
        In [0, 1]. It is 0.5 if they cannot be distinguished and 1 if they always can. It is
        clearly below 0.5 if synthetic rows are near copies of these real rows, so that rows are
        mistaken for their copies.

    Raises
    ------
    InvalidInputError
        If one of them is not a finite numeric table of at least 2 rows, or they differ in width.
    InvalidParameterError
        If `cv` is not an integer of at least 2.

    References
    ----------
    Lopez-Paz, Oquab. "Revisiting Classifier Two-Sample Tests", ICLR 2017, section 3.

    Geurts, Ernst, Wehenkel. "Extremely randomized trees", Machine Learning 63, 2006.
    """
    check_count("cv", cv, 2)
    real, synthetic = check_features("real", real, 2), check_features("synthetic", synthetic, 2)
    check_same_width("synthetic", synthetic, "real", real)
    random = check_random_state(random_state)
    n = min(len(real), len(synthetic))
    X = np.concatenate([rows[random.permutation(len(rows))[:n]] for rows in (real, synthetic)])
    is_synthetic = np.repeat([0, 1], n)
    if classifier is None:
        classifier = ExtraTreesClassifier(random_state=random.randint(2**31 - 1))
    folds = StratifiedKFold(min(cv, n), shuffle=True, random_state=random)
    predicted = cross_val_predict(classifier, X, is_synthetic, cv=folds)
    return float(balanced_accuracy_score(is_synthetic, predicted))


def _mean_distance(rows: Rows) -> float:
    """Mean distance over all pairs of different rows."""
    rows = rows - rows.mean(axis=0)  # centring reduces rounding errors
    blocks = pairwise_distances_chunked(rows, working_memory=BLOCK_MEBIBYTES)
    return float(sum(block.sum() for block in blocks) / (len(rows) * (len(rows) - 1)))
