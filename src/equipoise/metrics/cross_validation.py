"""Comparison of methods by cross-validation on one data set.

The folds of a cross-validation share most of their training rows, so their scores are not
independent and the usual paired t-test finds too many differences.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from equipoise.errors import InvalidParameterError

from .comparison import _differences, _holm, _t_test

COLUMNS = ["n_folds", "difference", "low", "high", "p"]


def cross_validated_differences(
    scores: pd.DataFrame, reference: str, test_to_train: float, confidence: float = 0.95
) -> pd.DataFrame:
    r"""Compare every method with a reference by the corrected resampled t-test.

    With differences :math:`d_1, \dots, d_J` of mean :math:`\bar d` and variance :math:`s^2`, the
    statistic is :math:`\bar d / \sqrt{(1/J + n_\text{test} / n_\text{train})\, s^2}` with
    :math:`J - 1` degrees of freedom. The second term is the correction, which accounts for the
    covariance of scores from overlapping training sets.

    Parameters
    ----------
    scores : DataFrame of shape (n_methods, n_folds)
        A column for each fold of all repetitions; NaN is a missing score.
    reference : str
        Name of the row that the others are compared with.
    test_to_train : float
        Number of test rows divided by number of training rows of a fold, above 0. It is
        :math:`1 / (k - 1)` in k-fold cross-validation, whether repeated or not.
    confidence : float, default=0.95
        Level of the confidence interval, in (0, 1).

    Returns
    -------
    DataFrame of shape (n_methods - 1, 8)
        Index: the other methods in their order. Columns:

        - ``n_folds``: number of folds in which both methods have a score.
        - ``difference``: mean of method minus reference.
        - ``low``, ``high``: confidence interval of the difference, not corrected for several
          methods.
        - ``p``: two-sided p-value.
        - ``p_holm``: the same with Holm's correction over the methods.
        - ``low_holm``, ``high_holm``: the interval at the level at which Holm's correction tests
          this method, so that it leaves 0 out exactly where ``p_holm`` is below
          ``1 - confidence``.

        Undefined values are NaN: the mean without folds; the interval and the test with fewer
        than two folds, or if all differences are equal.

    Raises
    ------
    InvalidInputError
        If `scores` has no such reference, repeats a method, or has an infinite score.
    InvalidParameterError
        If `test_to_train` is not positive, or `confidence` is not in (0, 1).

    References
    ----------
    Nadeau, Bengio. "Inference for the Generalization Error", Machine Learning 52, 2003, section
    3.2, for random splits; Bouckaert, Frank. "Evaluating the Replicability of Significance Tests
    for Comparing Learning Algorithms", PAKDD 2004, for repeated cross-validation.

    Examples
    --------
    >>> import pandas as pd
    >>> from equipoise.metrics import cross_validated_differences
    >>> scores = pd.DataFrame([[0.8, 0.7, 0.6], [0.9, 0.9, 0.9]], index=["plain", "ours"])
    >>> table = cross_validated_differences(scores, "plain", test_to_train=1 / 2)
    >>> table.loc["ours", ["difference", "low", "high"]].round(3)
    difference    0.200
    low          -0.193
    high          0.593
    Name: ours, dtype: float64
    """
    if not 0 < test_to_train < math.inf:
        raise InvalidParameterError(
            f"test_to_train must be above 0, got {test_to_train}. Pass the number of test "
            "rows of a fold divided by that of its training rows."
        )
    differences = _differences(scores, reference, confidence)
    rows = [row[~np.isnan(row)] for row in differences.values]
    table = pd.DataFrame(
        [_t_test(row, confidence, test_to_train) for row in rows],
        index=differences.index,
        columns=COLUMNS,
    ).astype({"n_folds": int})
    levels = _holm_levels(table["p"], 1 - confidence)
    corrected = [
        _t_test(row, 1 - level, test_to_train)[2:4] for row, level in zip(rows, levels, strict=True)
    ]
    low, high = np.reshape(corrected, (-1, 2)).T
    return table.assign(p_holm=_holm(table["p"]), low_holm=low, high_holm=high)


def _holm_levels(p_values: pd.Series, level: float) -> pd.Series:
    """Level at which Holm's correction tests each p-value; after the first failure it stays."""
    ascending = p_values.dropna().sort_values()
    levels = pd.Series(level / np.arange(len(ascending), 0, -1), ascending.index)
    failed = np.flatnonzero(ascending >= levels)
    return levels.clip(upper=levels.iloc[failed[0]] if len(failed) else None).reindex(
        p_values.index, fill_value=level
    )
