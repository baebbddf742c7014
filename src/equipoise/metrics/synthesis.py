"""Are synthetic rows what was asked for, new, varied, and like real ones?"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
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
    """Share of each class's synthetic rows that a classifier recognises as that class.

    The classifier should know real rows only, and be another than the generator's own. Its own
    errors count against the samples: compare with its recall on real rows. The mean over the
    classes is ``acsa(y_requested, y_predicted)``.

    Parameters
    ----------
    y_requested : array-like of shape (n_synthetic,)
        The label that each row was made for.
    y_predicted : array-like of shape (n_synthetic,)
        The label that the classifier gives it.

    Returns
    -------
    dict of label to float
        For each requested class, sorted, a share in [0, 1].

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
    asked = scores.support > 0
    return dict(zip(scores.classes[asked].tolist(), scores.recall[asked].tolist(), strict=True))


def memorised_share(synthetic: ArrayLike, train: ArrayLike, quantile: float = 0.05) -> float:
    """Share of synthetic rows that are suspiciously near to a training row.

    A row counts if its nearest training row is no farther than training rows are from one another
    in all but the `quantile` closest cases. Fresh real rows therefore score about `quantile`, and
    a generator that scores far above it hands out its training data. Exact copies score 1. A low
    score is no proof of privacy, and blurred or far-off rows have one too: read it beside
    precision.

    Parameters
    ----------
    synthetic : array-like of shape (n_synthetic, d)
        Synthetic rows, at least 1.
    train : array-like of shape (n_train, d)
        The rows that the generator learnt from, at least 2, on the same scale.
    quantile : float, default=0.05
        In (0, 1). Fewer than 2 / `quantile` training rows cannot resolve it, since the closest
        pair is already 2 of them: fresh rows then score about 2 / (n_train + 1). Rows of few
        distinct values are copies of each other, fresh ones as well.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    InvalidInputError
        If a side is no finite numeric table or has too few rows, or the widths differ.
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
    check_fraction("quantile", quantile)
    synthetic = check_features("synthetic", synthetic)
    train = check_features("train", train, 2)
    check_same_width("synthetic", synthetic, "train", train)
    return memorised_and_fresh(synthetic, train, quantile)[0]


def memorised_and_fresh(synthetic: Rows, train: Rows, quantile: float) -> tuple[float, float]:
    """:func:`memorised_share`, and what it would be of fresh real rows; more with ties."""
    centred = train - train.mean(axis=0)
    twin = NearestNeighbors(n_neighbors=1).fit(centred).kneighbors(return_distance=False)[:, 0]
    usual = np.linalg.norm(train - train[twin], axis=1)
    # Weibull's estimate puts a share q of fresh values below it; the default one puts more.
    limit = np.quantile(usual, quantile, method="weibull")
    fresh = max(quantile, 2 / (len(train) + 1), float((usual <= limit).mean()))
    return float((nearest_rows(synthetic, train)[1] <= limit).mean()), fresh


def diversity(synthetic: ArrayLike, real: ArrayLike) -> float:
    """Mean distance between two synthetic rows over that between two real rows.

    1: as varied as real rows. Towards 0: collapse, the same sample again and again. Above 1: more
    spread out, often noise. Exact over all pairs; memory grows only linearly with the rows.

    Parameters
    ----------
    synthetic : array-like of shape (n_synthetic, d)
        Synthetic rows of one class, at least 2.
    real : array-like of shape (n_real, d)
        Real rows of the same class, at least 2.

    Returns
    -------
    float
        At least 0; NaN if all real rows are alike.

    Raises
    ------
    InvalidInputError
        If a side is no finite numeric table of at least 2 rows, or the widths differ.

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
    """Classifier two-sample test: how well can real and synthetic rows be told apart?

    The cross-validated balanced accuracy of a classifier that is trained to do it. Of the larger
    side, as many rows are drawn as the smaller has, so that the score does not depend on how much
    was generated.

    Parameters
    ----------
    real : array-like of shape (n_real, d)
        Real rows, at least 2: best ones that the generator has not seen.
    synthetic : array-like of shape (n_synthetic, d)
        Synthetic rows, at least 2.
    classifier : scikit-learn classifier, default=None
        Cloned, never fitted itself. By default 100 extremely randomised trees: they need no
        scaling and see shifted means, a narrower spread and lost correlations alike. A linear
        model misses the last two. Nearest neighbours miss the spread where features are many: the
        neighbour of a real row is then a blurred one, as is that of a blurred row, and the
        accuracy stays at 0.5.
    cv : int, default=5
        Number of folds, at least 2; never more than the rows on a side.
    random_state : int, RandomState or None, default=None
        Draws the rows, the folds and the default classifier's trees.

    Returns
    -------
    float
        In [0, 1]. 0.5: cannot be told apart. 1: always told apart. Clearly below 0.5: synthetic
        rows are near copies of these real rows, each taken for its twin.

    Raises
    ------
    InvalidInputError
        If a side is no finite numeric table of at least 2 rows, or the widths differ.
    InvalidParameterError
        If `cv` is no integer of at least 2.

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
    guessed = cross_val_predict(classifier, X, is_synthetic, cv=folds)
    return float(balanced_accuracy_score(is_synthetic, guessed))


def _mean_distance(rows: Rows) -> float:
    rows = rows - rows.mean(axis=0)  # keeps rounding small
    blocks = pairwise_distances_chunked(rows, working_memory=BLOCK_MEBIBYTES)
    return float(sum(block.sum() for block in blocks) / (len(rows) * (len(rows) - 1)))
