"""Ranks of treatments over tables and classifiers.

A block is a data set, its score the mean over seeds: seeds of a data set share its rows, so they
are no blocks of their own. A method without a classifier of its own, such as DGC as classifier,
stands beside the treatments of every classifier.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import pandas as pd

from equipoise.metrics import (
    average_ranks,
    friedman_test,
    nemenyi_critical_difference,
    paired_differences,
)
from equipoise.metrics.names import METRICS

COMPARED = ["acsa", "f_macro", "g_macro", "average_precision", "brier"]
COSTS = ["sampler_seconds", "fit_seconds", "peak_mib"]
_COLUMNS = ["rank", "score", "difference", "low", "high", "p"]


class Comparison(NamedTuple):
    """How treatments rank by one metric.

    Attributes
    ----------
    table : DataFrame
        Index: labels of the treatments, best first. Columns: ``rank``, ``score`` (its mean over the
        blocks), and to the reference ``difference``, ``low``, ``high`` and ``p`` (Wilcoxon's
        signed-rank test over the blocks, Holm-corrected).
    n_blocks : int
        Data sets that all these treatments have.
    critical_difference : float
        Nemenyi's, at 95 %; NaN where nothing can be compared.
    friedman_p : float
    """

    table: pd.DataFrame
    n_blocks: int
    critical_difference: float
    friedman_p: float


def treatment_scores(jobs: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Scores of treatments, means over seeds.

    Parameters
    ----------
    jobs : DataFrame
        From :func:`equipoise.report.summary.finished_jobs`.
    metric : str

    Returns
    -------
    DataFrame of shape (n_treatments, n_classifiers * n_data_sets)
        Index: labels of treatments; columns: pairs of classifier (its label) and data set. NaN
        where no run is finished.
    """
    every = jobs["classifier"].dropna().unique()
    beside = jobs.assign(classifier=[[one] if one else every for one in jobs["classifier"]])
    scores = beside.explode("classifier").pivot_table(
        metric, "treatment", ["classifier", "data"], dropna=False
    )
    return scores.reindex(jobs["treatment"].unique())


def compare(
    jobs: pd.DataFrame, metric: str, reference: str, classifier: str | None = None
) -> Comparison:
    """Rank treatments by one metric.

    Parameters
    ----------
    jobs : DataFrame
        From :func:`equipoise.report.summary.finished_jobs`.
    metric : str
        A key of the records' ``metrics``.
    reference : str
        Label of the treatment that the others are compared with.
    classifier : str, default=None
        Label of one classifier. None takes all: ranks are those within a classifier, averaged over
        the classifiers, and so are scores.

    Returns
    -------
    Comparison
        Of the treatments that have at least half of the blocks, over the blocks that these all
        have.
    """
    scores = treatment_scores(jobs, metric)
    if classifier:
        scores = scores[[column for column in scores if column[0] == classifier]]
    scores = scores[scores.notna().mean(axis=1) >= 0.5]
    is_whole = scores.notna().all().groupby(level="data").all()
    scores = scores[[column for column in scores if is_whole[column[1]]]]
    sign = -1 if METRICS[metric].lower_is_better else 1
    n_treatments, n_blocks = len(scores), int(is_whole.sum())
    if n_treatments < 2 or n_blocks == 0:
        nothing = pd.DataFrame(columns=_COLUMNS, dtype=float)
        return Comparison(nothing, n_blocks, math.nan, math.nan)
    by_block = scores.T.groupby(level="data").mean().T
    table = pd.DataFrame({"rank": average_ranks(sign * scores), "score": by_block.mean(axis=1)})
    if reference in table.index:
        to_it = paired_differences(by_block, reference).rename(columns={"p_wilcoxon_holm": "p"})
        table = table.join(to_it[_COLUMNS[2:]])
    return Comparison(
        table.reindex(columns=_COLUMNS).sort_values("rank", kind="stable"),
        n_blocks,
        nemenyi_critical_difference(n_treatments, n_blocks),
        friedman_test(sign * by_block)[1],
    )


def cost_table(jobs: pd.DataFrame) -> pd.DataFrame:
    """Cost of every treatment, means over data sets, seeds and classifiers.

    Returns
    -------
    DataFrame
        Index: labels of treatments. Columns: ``n_seeds``, and of one fit ``sampler_seconds``,
        ``fit_seconds`` (the sampler's included) and ``peak_mib``.
    """
    by_treatment = jobs.groupby("treatment", sort=False)
    return by_treatment[COSTS].mean().assign(n_seeds=by_treatment["seed"].nunique())
