"""Records of a benchmark as data frames: scores and costs of every method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from equipoise.errors import InvalidInputError, counted
from equipoise.metrics.names import METRICS

from .records import (
    COSTS,
    Records,
    data_of,
    data_sets,
    finished,
    labels_of,
    method_of,
    part_labels,
)

Published = Mapping[str, Mapping[str, Sequence[float]]]

# The metrics of the papers, in the order of the published rows.
SCORES = ["acsa", "f_macro", "g_macro", "smallest_class_recall", "largest_class_precision"]


def finished_jobs(records: Records) -> pd.DataFrame:
    """A row per finished job, in the order of the records.

    Columns: ``data``, ``method``, ``treatment`` and ``classifier`` (labels; the last is None for a
    method that is no product), ``group``, ``seed``, the metrics, the costs and
    ``sampler_seconds``, which those of fitting include.
    """
    labels = labels_of(records)
    treatments = part_labels(records, "treatment")
    classifiers = part_labels(records, "classifier")
    costs = [*COSTS, "sampler_seconds"]
    rows = [
        {
            "data": data_of(record),
            "method": labels[method_of(record)],
            "treatment": treatments[record["treatment"]],
            "classifier": classifiers.get(record.get("classifier")),
            "group": str(record.get("group") or ""),
            "seed": record["seed"],
            **{name: record["metrics"].get(name) for name in METRICS},
            **{name: record.get(name) for name in costs},
        }
        for record in finished(records)
    ]
    names = ["data", "method", "treatment", "classifier", "group", "seed"]
    jobs = pd.DataFrame(rows, columns=[*names, *METRICS, *costs])
    jobs = jobs.astype(dict.fromkeys([*METRICS, *costs], float)).fillna({"sampler_seconds": 0})
    jobs["fit_seconds"] += jobs["sampler_seconds"]
    return jobs


def results_table(records: Records, published: Published | None = None) -> pd.DataFrame:
    """The five metrics and the costs of every method on every data set.

    Parameters
    ----------
    records : sequence of mappings
        One per job, as the benchmark stores them. Failed ones are left out.
    published : mapping of data set to (mapping of row name to five floats), default=None
        Rows of papers, in the order of the metrics, put before the measured rows of that data set
        where it was scored on test rows.

    Returns
    -------
    DataFrame
        Index: ``data`` and ``method`` (its label), in the order of the records. Columns: ``group``,
        ``published`` (bool), ``n_seeds``; each metric and its standard deviation over seeds
        (``acsa``, ``acsa_sd``, …; NaN with one seed); means of ``fit_seconds`` (with the
        sampler's), ``predict_seconds``, ``peak_mib`` and ``n_parameters``.

    Raises
    ------
    InvalidInputError
        If a published row has not five numbers.
    """
    jobs = finished_jobs(records)
    by_method = jobs.groupby(["data", "method"], sort=False, as_index=False)
    measured = by_method.agg(
        group=("group", "first"),
        n_seeds=("seed", "size"),
        **{name: (name, "mean") for name in [*SCORES, *COSTS]},
        **{f"{name}_sd": (name, "std") for name in SCORES},
    ).assign(published=False)
    rows: list[Mapping] = []
    for data in data_sets(finished(records)):
        rows += [_published_row(data, *row) for row in (published or {}).get(data, {}).items()]
        rows += measured[measured["data"] == data].to_dict("records")
    names = ["data", "method", "group", "published", "n_seeds"]
    names += [name for metric in SCORES for name in (metric, f"{metric}_sd")]
    return pd.DataFrame(rows, columns=[*names, *COSTS]).set_index(["data", "method"])


def score_table(records: Records, metric: str = "acsa") -> pd.DataFrame:
    """Scores as :mod:`equipoise.metrics.comparison` takes them.

    Parameters
    ----------
    records : sequence of mappings
    metric : str, default="acsa"
        A key of the records' ``metrics``.

    Returns
    -------
    DataFrame of shape (n_methods, n_blocks)
        Index: labels of methods; columns: pairs of data set and seed. NaN where a run is missing
        or failed.
    """
    jobs = finished_jobs(records)
    blocks = pd.MultiIndex.from_frame(jobs[["data", "seed"]].drop_duplicates())
    scores = jobs.groupby(["method", "data", "seed"])[metric].last().unstack(["data", "seed"])
    return scores.reindex(index=jobs["method"].unique(), columns=blocks)


def _published_row(data: str, label: str, values: Sequence[float]) -> dict[str, object]:
    if len(values) != len(SCORES):
        raise InvalidInputError(
            f"published[{data!r}][{label!r}] has {counted(len(values), 'number')}. "
            f"Give {len(SCORES)}, in the order {', '.join(SCORES)}."
        )
    scores = dict(zip(SCORES, values, strict=True))
    return {"data": data, "method": label, "group": "", "published": True, **scores}
