"""Records of an experiment as plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from equipoise.experiments import plan, store
from equipoise.metrics._text import aligned
from equipoise.report.cells import plain_cell
from equipoise.report.tables import HEADINGS, METRICS, table_cells

if TYPE_CHECKING:
    import pandas as pd

SHOWN = [name for name in HEADINGS if name not in ("group", "predict s", "parameters")]


def line(record: Mapping[str, Any]) -> str:
    """A record on one line: metrics and times, or why it failed."""
    job = f"{record['dataset']} {plan.name_of(record)} seed {record['seed']}: "
    if record["status"] == "failed":
        return f"{job}failed: {record['error'].splitlines()[-1]}"
    scores = [
        f"{name} {record['metrics'][key]:.4f}"
        for key, name in METRICS.items()
        if record["metrics"] and record["metrics"][key] is not None
    ]
    times = [
        f"{name} {record[key]:.1f} s"
        for key, name in (
            ("sampler_seconds", "sampler"),
            ("fit_seconds", "fit"),
            ("predict_seconds", "predict"),
        )
        if record[key] is not None
    ]
    return job + "  ".join([*scores, *times])


def table(results: pd.DataFrame) -> list[str]:
    """Lines of the table of one data set.

    Parameters
    ----------
    results : DataFrame
        Of one data set, from :func:`equipoise.report.tables.results_table`.

    Returns
    -------
    list of str
    """
    rows = [SHOWN]
    for cells in table_cells(results):
        texts = dict(zip(HEADINGS, map(plain_cell, cells), strict=True))
        if texts["group"] == "published":
            texts["method"] += ", published"
        rows.append([texts[name] for name in SHOWN])
    return aligned(rows)


def notes(records: Sequence[Mapping[str, Any]], jobs: Sequence[dict[str, Any]]) -> list[str]:
    """What a reader of the table should know: failures, and results of other parameters.

    Parameters
    ----------
    records : sequence of dict
        Of one data set.
    jobs : sequence of dict
        What the experiment file asks for now, for the same seeds.

    Returns
    -------
    list of str
    """
    asked = {store.key_of(job): job for job in jobs}
    found = [""]
    seeds_of: dict[tuple[str, str], list[str]] = {}
    for record in records:
        if record["status"] == "failed":
            found.append(line(record).partition(" ")[2])
        elif others := plan.other_parameters(asked[store.key_of(record)], dict(record)):
            key = (plan.name_of(record), "; ".join(others))
            seeds_of.setdefault(key, []).append(str(record["seed"]))
    for (method, changes), seeds in seeds_of.items():
        found.append(f"{method} seed {', '.join(seeds)}: run with other parameters: {changes}")
    return [*found, ""] if len(found) > 1 else found
