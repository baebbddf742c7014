"""Ranks of treatments over tables and classifiers, from the records of ``TREATMENT+CLASSIFIER``.

A block is a data set, its score the mean over seeds: seeds of a data set share its rows, so they
are no blocks of their own. A method without a classifier in its name, such as DGC as classifier,
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

from .records import Record, Records, costs, data_of, finished, number

AND = "+"
METRICS = {
    "acsa": "balanced accuracy",
    "f_macro": "F",
    "g_macro": "G",
    "average_precision": "AP",
    "brier": "Brier",
}
LOWER_IS_BETTER = {"brier"}
COSTS = ["sampler_seconds", "fit_seconds", "peak_mib"]


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


def has_treatments(records: Records) -> bool:
    """Whether the methods are products of treatments and classifiers."""
    return any(AND in record["method"] for record in records)


def treatment_labels(records: Records) -> dict[str, str]:
    """What to call each treatment, and each method that is none."""
    return {
        treatment_of(r["method"]): _part(r, 0) if AND in r["method"] else _label(r) for r in records
    }


def classifier_labels(records: Records) -> dict[str, str]:
    """What to call each classifier."""
    products = [r for r in records if AND in r["method"]]
    return {r["method"].partition(AND)[2]: _part(r, 1) for r in products}


def treatment_of(method: str) -> str:
    """The treatment in a method's name; the name itself where there is none."""
    return method.partition(AND)[0] if AND in method else method


def score_table(records: Records, metric: str) -> pd.DataFrame:
    """Scores of treatments, means over seeds.

    Returns
    -------
    DataFrame of shape (n_treatments, n_classifiers * n_data_sets)
        Index: labels of treatments; columns: pairs of classifier and data set. NaN where no run is
        finished.
    """
    done, labels = finished(records), treatment_labels(records)
    classifiers = list(classifier_labels(done))
    rows = [
        (labels[treatment_of(r["method"])], c, data_of(r), number(r["metrics"].get(metric)))
        for r in done
        for c in ([r["method"].partition(AND)[2]] if AND in r["method"] else classifiers)
    ]
    frame = pd.DataFrame(rows, columns=["treatment", "classifier", "data", "score"])
    found = frame.pivot_table("score", "treatment", ["classifier", "data"], dropna=False)
    return found.reindex(dict.fromkeys(frame["treatment"]))


def compare(
    records: Records, metric: str, reference: str, classifier: str | None = None
) -> Comparison:
    """Rank treatments by one metric.

    Parameters
    ----------
    records : sequence of mappings
    metric : str
        A key of ``METRICS``.
    reference : str
        Label of the treatment that the others are compared with.
    classifier : str, default=None
        Name of one classifier. None takes all: ranks are those within a classifier, averaged over
        the classifiers, and so are scores.

    Returns
    -------
    Comparison
        Of the treatments that have at least half of the blocks, over the blocks that these all
        have.
    """
    scores = score_table(records, metric)
    classifiers = [classifier] if classifier else list(classifier_labels(finished(records)))
    scores = scores.loc[:, [c for c in scores.columns if c[0] in classifiers]]
    scores = scores[scores.notna().mean(axis=1) >= 0.5]
    whole = scores.notna().all().groupby(level="data").all()
    scores = scores.loc[:, [c for c in scores.columns if whole[c[1]]]]
    sign = -1 if metric in LOWER_IS_BETTER else 1
    n_treatments, n_blocks = len(scores), int(whole.sum())
    if n_treatments < 2 or n_blocks == 0:
        empty = pd.DataFrame(columns=["rank", "score", "difference", "low", "high", "p"])
        return Comparison(empty.astype(float), n_blocks, math.nan, math.nan)
    by_block = scores.T.groupby(level="data").mean().T
    table = pd.DataFrame({"rank": average_ranks(sign * scores), "score": by_block.mean(axis=1)})
    if reference in table.index:
        to_it = paired_differences(by_block, reference)
        table = table.join(to_it[["difference", "low", "high"]]).assign(p=to_it["p_wilcoxon_holm"])
    else:
        table = table.assign(difference=math.nan, low=math.nan, high=math.nan, p=math.nan)
    return Comparison(
        table.sort_values("rank", kind="stable"),
        n_blocks,
        nemenyi_critical_difference(n_treatments, n_blocks),
        friedman_test(sign * by_block)[1],
    )


def cost_table(records: Records) -> pd.DataFrame:
    """Cost of every treatment, means over data sets, seeds and classifiers.

    Returns
    -------
    DataFrame
        Index: labels of treatments. Columns: ``n_seeds``, and of one fit ``sampler_seconds``,
        ``fit_seconds`` (the sampler's included) and ``peak_mib``.
    """
    labels = treatment_labels(records)
    rows = [
        {
            "treatment": labels[treatment_of(r["method"])],
            "seed": r["seed"],
            **costs(r),
            "sampler_seconds": number(r.get("sampler_seconds"), missing=0),
        }
        for r in finished(records)
    ]
    by_treatment = pd.DataFrame(rows).groupby("treatment", sort=False)
    return by_treatment[COSTS].mean().assign(n_seeds=by_treatment["seed"].nunique())


def _label(record: Record) -> str:
    return str(record.get("label") or record["method"])


def _part(record: Record, which: int) -> str:
    return _label(record).split(f" {AND} ")[which]
