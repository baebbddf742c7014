"""The methods of an experiment on all its data sets in one table, the best first."""

from __future__ import annotations

import math

import pandas as pd

from equipoise.metrics import paired_differences

from .cells import Cell, Table, number_cell, short
from .records import Records, data_of, data_sets, finished, labels_of, machine_seconds, score_table
from .tables import Published, results_table


def overview_table(records: Records, reference: str, published: Published | None = None) -> Table:
    """ACSA of every method, how far that is from the reference, and what it costs.

    Parameters
    ----------
    records : sequence of mappings
        One per job, as the benchmark stores them.
    reference : str
        Name of the method that the others are compared with, on the seeds that both have.
    published : mapping of data set to (mapping of row name to five floats), default=None
        Rows of papers, whose first number is the ACSA.

    Returns
    -------
    Table
        In the order of the mean ACSA; methods that lack a data set come last.
    """
    found = results_table(records, published)
    label = labels_of(records).get(reference, reference)
    names = data_sets(finished(records))
    by_data = found.set_index("published", append=True).unstack("data")  # noqa: PD010
    acsa = by_data["acsa"][names]
    order = acsa.assign(lacks=acsa.isna().sum(axis=1), mean=acsa.mean(axis=1))
    order = order.sort_values(["lacks", "mean"], ascending=[True, False], kind="stable")
    best = acsa.round(4) == acsa.round(4).max()
    against = {name: _differences(records, name, reference) for name in names}

    rows = []
    for method, is_published in order.index:
        here = by_data.loc[(method, is_published)]
        row = [Cell(f"{method} (published)" if is_published else str(method))]
        row.append(Cell(_seeds(here["n_seeds"][names].dropna())))
        for name in names:
            value, spread = here["acsa"][name], here["acsa_sd"][name]
            is_best = bool(best.loc[(method, is_published), name])
            row.append(Cell(_short(value), spread=_short(spread), best=is_best, value=value))
            row.append(Cell("" if is_published else against[name].get(method, "")))
        row.append(number_cell(here["fit_seconds"].mean(), "{:,.0f}"))
        rows.append(row)
    headings = ["method", "seeds"]
    headings += [text for name in names for text in (f"{name}: ACSA", f"minus {label}")]
    note = (
        "ACSA is the accuracy averaged over the classes: mean ± standard deviation over the seeds, "
        f"the best in bold; then the mean difference to {label} on the seeds that both have, and "
        "its 95 % interval (Student's t, not corrected). Seconds of fitting include the sampler. "
        f"All jobs took {machine_seconds(records) / 3600:.1f} hours of one core."
    )
    return Table("Overview", [*headings, "fit s"], rows, note)


def _differences(records: Records, data: str, reference: str) -> dict[str, str]:
    """Label of every other method → what to write of its difference on a data set."""
    here = [record for record in records if data_of(record) == data]
    scores, labels = score_table(here), labels_of(records)
    if reference not in scores.index:
        return {}
    found = paired_differences(scores, reference)
    return {labels[str(name)]: _difference(row) for name, row in found.iterrows()}


def _difference(row: pd.Series) -> str:
    difference, low, high = (_short(row[name], "+") for name in ("difference", "low", "high"))
    return f"{difference} ({low} to {high})" if low else difference


def _seeds(counts: pd.Series) -> str:
    """How many seeds, of each data set where they differ."""
    return ", ".join(f"{n:.0f}" for n in (counts if counts.nunique() > 1 else counts[:1]))


def _short(value: float, sign: str = "") -> str:
    """Four decimals; empty for NaN."""
    return "" if math.isnan(value) else short(value, f"{sign}.4f")
