"""Is one method better than another? Paired tests and ranks over data sets and seeds.

All functions take a table of scores, higher is better: a row per method, a column per block, which
is what the methods share: a data set and a seed. NaN is a run that is missing.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from equipoise.errors import InvalidInputError, InvalidParameterError

Floats = NDArray[np.float64]

_DIGITS = 12  # differences that agree to these decimals are the same, whatever the rounding


def paired_differences(
    scores: pd.DataFrame, reference: str, confidence: float = 0.95
) -> pd.DataFrame:
    """Every other method minus the reference, with an interval and two tests.

    Parameters
    ----------
    scores : DataFrame of shape (n_methods, n_blocks)
        Higher is better. A block counts for a method if both it and the reference have a score.
    reference : str
        Name of the row that the others are compared with.
    confidence : float, default=0.95
        Of the interval, in (0, 1).

    Returns
    -------
    DataFrame of shape (n_methods - 1, 8)
        Index: the other methods in their order. Columns:

        - ``n_pairs``: blocks that both have.
        - ``difference``: mean of method minus reference, positive if the method is better.
        - ``low``, ``high``: its confidence interval by Student's t, not corrected.
        - ``p_t``, ``p_wilcoxon``: two-sided p-values of the paired t-test and of Wilcoxon's
          signed-rank test, exact also with ties; pairs without a difference are dropped.
        - ``p_t_holm``, ``p_wilcoxon_holm``: the same, corrected by Holm over the methods.

        NaN where a value is undefined: the mean without a pair; interval and t-test with fewer
        than two pairs, or if all differences are equal; Wilcoxon's test if all are zero.
        Undefined tests are not counted in Holm's correction.

    Raises
    ------
    InvalidInputError
        If `scores` has no such reference, names a method twice, or has an infinite score.
    InvalidParameterError
        If `confidence` is not in (0, 1).

    Notes
    -----
    With few seeds Wilcoxon's test cannot answer: its smallest possible p-value with n pairs is
    :math:`2^{1-n}`, that is .25 with 3 pairs, .0625 with 5 and .03125 with 6. Holm's correction
    multiplies the smallest of m p-values by m, so that 5 comparisons need at least 8 pairs to
    come below .05. Read the interval first.

    Seeds of one data set share its test rows and much of its training rows. The tests then speak of
    this data set and not of others.

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
    """Mean rank of every method over the blocks that all methods have; 1 is best.

    Parameters
    ----------
    scores : DataFrame of shape (n_methods, n_blocks)
        Higher is better. A block in which a method is missing counts for none.

    Returns
    -------
    Series of shape (n_methods,)
        In [1, n_methods]; methods with the same score share the mean of their ranks. NaN if there
        is no block that all have.

    Raises
    ------
    InvalidInputError
        If `scores` names a method twice or has an infinite score.
    """
    return _complete(scores).rank(ascending=False).mean(axis=1)


def friedman_test(scores: pd.DataFrame) -> tuple[float, float]:
    """Do any of the methods differ? Friedman's test, corrected for ties.

    Parameters
    ----------
    scores : DataFrame of shape (n_methods, n_blocks)
        Higher is better. A block in which a method is missing counts for none.

    Returns
    -------
    statistic : float
        Distributed as chi-square with n_methods - 1 degrees of freedom if no method differs, which
        is rough for fewer than about 10 blocks.
    p_value : float
        Both are NaN with fewer than three methods or two blocks, or if all scores are tied.

    Raises
    ------
    InvalidInputError
        If `scores` names a method twice or has an infinite score.

    References
    ----------
    Friedman. "The Use of Ranks to Avoid the Assumption of Normality", JASA 32(200), 1937.
    """
    complete = _complete(scores)
    if complete.shape[0] < 3 or complete.shape[1] < 2 or (complete.nunique() == 1).all():
        return math.nan, math.nan
    statistic, p_value = stats.friedmanchisquare(*complete.to_numpy())
    return float(statistic), float(p_value)


def nemenyi_critical_difference(n_methods: int, n_blocks: int, confidence: float = 0.95) -> float:
    r"""Difference of average ranks from which on two methods differ, all pairs compared.

    :math:`q \sqrt{k (k + 1) / 6 N}` for k methods on N blocks, where q is the quantile of the
    studentised range of k values divided by :math:`\sqrt 2`.

    Parameters
    ----------
    n_methods : int
        At least 2.
    n_blocks : int
        At least 1.
    confidence : float, default=0.95
        That no pair is called different by mistake, in (0, 1).

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
    """Rows of the other methods minus that of the reference, after all checks."""
    scores = _checked(scores)
    if reference not in scores.index:
        raise InvalidInputError(
            f"reference={reference!r} is no row of scores. Choose one of {list(scores.index)}."
        )
    _check_confidence(confidence)
    return (scores - scores.loc[reference]).drop(index=reference).round(_DIGITS)


def _t_test(
    differences: Floats, confidence: float, test_to_train: float = 0.0
) -> tuple[float, ...]:
    """Number, mean, interval and p-value; ``test_to_train`` is the correction for folds."""
    n = len(differences)
    mean = differences.mean() if n else math.nan
    if n < 2 or np.ptp(differences) == 0:
        return n, mean, math.nan, math.nan, math.nan
    error = math.sqrt((1 / n + test_to_train) * differences.var(ddof=1))
    margin = stats.t.ppf((1 + confidence) / 2, n - 1) * error
    return n, mean, mean - margin, mean + margin, 2 * stats.t.sf(abs(mean) / error, n - 1)


def _wilcoxon(differences: Floats) -> float:
    """Exact two-sided p-value: scipy's is exact only without ties.

    Under the null hypothesis every rank has either sign with the same probability.
    """
    differences = differences[differences != 0]
    if not differences.size:
        return math.nan
    # Doubled, the ranks of ties are whole numbers too.
    ranks = (2 * stats.rankdata(abs(differences))).round().astype(int)
    share = np.ones(1)  # at index s: of the sign patterns, those whose positive ranks sum to s
    for rank in ranks:
        share = np.pad(share, (0, rank)) / 2 + np.pad(share, (rank, 0)) / 2
    positive = ranks[differences > 0].sum()
    return min(1.0, 2 * share[: min(positive, ranks.sum() - positive) + 1].sum())


def _holm(p_values: pd.Series) -> pd.Series:
    ascending = p_values.dropna().sort_values()
    factors = np.arange(len(ascending), 0, -1)
    return (ascending * factors).cummax().clip(upper=1).reindex(p_values.index)


def _complete(scores: pd.DataFrame) -> pd.DataFrame:
    return _checked(scores).dropna(axis="columns")


def _checked(scores: pd.DataFrame) -> pd.DataFrame:
    if not scores.index.is_unique:
        twice = scores.index[scores.index.duplicated()][0]
        raise InvalidInputError(f"scores has two rows {twice!r}. Give every method one row.")
    floats = scores.astype(np.float64)
    if np.isinf(floats.to_numpy()).any():
        raise InvalidInputError("scores has an infinite value. Use NaN for a run that is missing.")
    return floats


def _check_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise InvalidParameterError(f"confidence must be in (0, 1), got {confidence}.")
