"""Paired tests and ranks to compare methods over data sets and seeds.

All functions take a table of scores, where higher is better, with a row for each method and a
column for each block. A block is a pair of data set and seed that the methods share. NaN is a
missing run.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from equipoise.errors import InvalidInputError, InvalidParameterError

Floats = NDArray[np.float64]

_DECIMALS = 12  # rounding to these makes differences equal that differ by rounding errors only


def paired_differences(
    scores: pd.DataFrame, reference: str, confidence: float = 0.95
) -> pd.DataFrame:
    """Compare every method with a reference by a confidence interval and two paired tests.

    Parameters
    ----------
    scores : DataFrame of shape (n_methods, n_blocks)
        Higher is better. A block is used for a method if both it and the reference have a score.
    reference : str
        Name of the row that the others are compared with.
    confidence : float, default=0.95
        Level of the confidence interval, in (0, 1).

    Returns
    -------
    DataFrame of shape (n_methods - 1, 8)
        Index: the other methods in their order. Columns:

        - ``n_pairs``: number of blocks in which both methods have a score.
        - ``difference``: mean of method minus reference, positive if the method is better.
        - ``low``, ``high``: confidence interval of the difference by Student's t, not corrected
          for several methods.
        - ``p_t``, ``p_wilcoxon``: two-sided p-values of the paired t-test and of Wilcoxon's
          signed-rank test, which is exact also with ties and drops pairs without a difference.
        - ``p_t_holm``, ``p_wilcoxon_holm``: the same with Holm's correction over the methods.

        Undefined values are NaN: the mean without pairs; the interval and the t-test with fewer
        than two pairs, or if all differences are equal; Wilcoxon's test if all are zero.
        Holm's correction does not count undefined tests.

    Raises
    ------
    InvalidInputError
        If `scores` has no such reference, repeats a method, or has an infinite score.
    InvalidParameterError
        If `confidence` is not in (0, 1).

    Notes
    -----
    With few seeds, Wilcoxon's test cannot be significant: its smallest possible p-value with n
    pairs is :math:`2^{1-n}`, which is .25 with 3 pairs, .0625 with 5 and .03125 with 6. Holm's
    correction multiplies the smallest of m p-values by m, so that 5 comparisons need at least 8
    pairs for a p-value below .05. Consider the interval first.

    Runs on one data set with different seeds share the test rows and many training rows. The
    tests are then valid for this data set only.

    References
    ----------
    Wilcoxon. "Individual Comparisons by Ranking Methods", Biometrics Bulletin 1(6), 1945.

    Holm. "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of
    Statistics 6(2), 1979.

    Examples
    --------
    >>> import pandas as pd
    >>> from equipoise.metrics import paired_differences
    >>> scores = pd.DataFrame({"seed 1": [0.8, 0.9], "seed 2": [0.7, 0.9], "seed 3": [0.6, 0.9]})
    >>> scores.index = ["plain", "ours"]
    >>> paired_differences(scores, "plain").loc["ours", ["difference", "low", "high"]].round(3)
    difference    0.200
    low          -0.048
    high          0.448
    Name: ours, dtype: float64
    """
    differences = _differences(scores, reference, confidence)
    rows = [row[~np.isnan(row)] for row in differences.to_numpy()]
    table = pd.DataFrame(
        [(*_t_test(row, confidence), _wilcoxon(row)) for row in rows],
        index=differences.index,
        columns=["n_pairs", "difference", "low", "high", "p_t", "p_wilcoxon"],
    ).astype({"n_pairs": int})
    return table.assign(p_t_holm=_holm(table["p_t"]), p_wilcoxon_holm=_holm(table["p_wilcoxon"]))


def average_ranks(scores: pd.DataFrame) -> pd.Series:
    """Mean rank of every method over the blocks in which all have a score; 1 is best.

    Parameters
    ----------
    scores : DataFrame of shape (n_methods, n_blocks)
        Higher is better. A block in which a method has no score is ignored.

    Returns
    -------
    Series of shape (n_methods,)
        In [1, n_methods]; methods with the same score get the mean of their ranks. NaN if there
        is no block in which all methods have a score.

    Raises
    ------
    InvalidInputError
        If `scores` repeats a method or has an infinite score.
    """
    return _complete_blocks(scores).rank(ascending=False).mean(axis=1)


def friedman_test(scores: pd.DataFrame) -> tuple[float, float]:
    """Friedman's test of whether any methods differ, corrected for ties.

    Parameters
    ----------
    scores : DataFrame of shape (n_methods, n_blocks)
        Higher is better. A block in which a method has no score is ignored.

    Returns
    -------
    statistic : float
        If no methods differ, its distribution is chi-square with n_methods - 1 degrees of freedom;
        this approximation is rough for fewer than about 10 blocks.
    p_value : float
        Both are NaN with fewer than three methods or two blocks, or if all scores are tied.

    Raises
    ------
    InvalidInputError
        If `scores` repeats a method or has an infinite score.

    References
    ----------
    Friedman. "The Use of Ranks to Avoid the Assumption of Normality", JASA 32(200), 1937.
    """
    complete = _complete_blocks(scores)
    if complete.shape[0] < 3 or complete.shape[1] < 2 or (complete.nunique() == 1).all():
        return math.nan, math.nan
    statistic, p_value = stats.friedmanchisquare(*complete.to_numpy())
    return float(statistic), float(p_value)


def nemenyi_critical_difference(n_methods: int, n_blocks: int, confidence: float = 0.95) -> float:
    r"""Smallest significant difference of average ranks if all pairs are compared.

    It is :math:`q \sqrt{k (k + 1) / 6 N}` for k methods on N blocks, where q is the quantile of the
    studentised range of k values divided by :math:`\sqrt 2`.

    Parameters
    ----------
    n_methods : int
        Number of methods, at least 2.
    n_blocks : int
        Number of blocks, at least 1.
    confidence : float, default=0.95
        Probability that no pair is falsely found to differ, in (0, 1).

    Returns
    -------
    float

    Raises
    ------
    InvalidParameterError
        If a parameter is out of its range.

    References
    ----------
    Demsar. "Statistical Comparisons of Classifiers over Multiple Data Sets", JMLR 7, 2006,
    section 3.2.2.

    Examples
    --------
    >>> from equipoise.metrics import nemenyi_critical_difference
    >>> round(nemenyi_critical_difference(n_methods=4, n_blocks=14), 2)
    1.25
    """
    for name, value, least in (("n_methods", n_methods, 2), ("n_blocks", n_blocks, 1)):
        if value < least:
            raise InvalidParameterError(f"{name} must be at least {least}, got {value}.")
    _check_confidence(confidence)
    q = stats.studentized_range.ppf(confidence, n_methods, np.inf) / math.sqrt(2)
    return float(q * math.sqrt(n_methods * (n_methods + 1) / (6 * n_blocks)))


def _differences(scores: pd.DataFrame, reference: str, confidence: float) -> pd.DataFrame:
    """Scores of the other methods minus those of the reference, after validation."""
    scores = _check_scores(scores)
    if reference not in scores.index:
        raise InvalidInputError(
            f"reference={reference!r} is not a row of scores. Choose one of {list(scores.index)}."
        )
    _check_confidence(confidence)
    return (scores - scores.loc[reference]).drop(index=reference).round(_DECIMALS)


def _t_test(
    differences: Floats, confidence: float, test_to_train: float = 0.0
) -> tuple[float, ...]:
    """Number, mean, interval and p-value; ``test_to_train`` corrects for overlapping folds."""
    n = len(differences)
    mean = differences.mean() if n else math.nan
    if n < 2 or np.ptp(differences) == 0:
        return n, mean, math.nan, math.nan, math.nan
    error = math.sqrt((1 / n + test_to_train) * differences.var(ddof=1))
    margin = stats.t.ppf((1 + confidence) / 2, n - 1) * error
    return n, mean, mean - margin, mean + margin, 2 * stats.t.sf(abs(mean) / error, n - 1)


def _wilcoxon(differences: Floats) -> float:
    """Exact two-sided p-value of Wilcoxon's test; that of scipy is exact only without ties.

    Under the null hypothesis, both signs of every rank have the same probability.
    """
    differences = differences[differences != 0]
    if not differences.size:
        return math.nan
    # Doubling makes the ranks of ties integers.
    ranks = (2 * stats.rankdata(abs(differences))).round().astype(int)
    probability = np.ones(1)  # at index s: that the positive ranks sum to s
    for rank in ranks:
        probability = np.pad(probability, (0, rank)) / 2 + np.pad(probability, (rank, 0)) / 2
    positive = ranks[differences > 0].sum()
    return min(1.0, 2 * probability[: min(positive, ranks.sum() - positive) + 1].sum())


def _holm(p_values: pd.Series) -> pd.Series:
    """Holm's correction of p-values; NaN remains NaN and is not counted."""
    ascending = p_values.dropna().sort_values()
    factors = np.arange(len(ascending), 0, -1)
    return (ascending * factors).cummax().clip(upper=1).reindex(p_values.index)


def _complete_blocks(scores: pd.DataFrame) -> pd.DataFrame:
    """Scores of the blocks in which all methods have one, after validation."""
    return _check_scores(scores).dropna(axis="columns")


def _check_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the scores as floats, or raise an InvalidInputError."""
    if not scores.index.is_unique:
        repeated = scores.index[scores.index.duplicated()][0]
        raise InvalidInputError(f"scores has two rows {repeated!r}. Give every method one row.")
    floats = scores.astype(np.float64)
    if np.isinf(floats.to_numpy()).any():
        raise InvalidInputError("scores has an infinite value. Use NaN for a missing run.")
    return floats


def _check_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise InvalidParameterError(f"confidence must be in (0, 1), got {confidence}.")
