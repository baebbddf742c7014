"""Ranks and means of treatments as tables, in Markdown and LaTeX."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from .cells import Cell, Table, in_markdown, latex_cell, latex_text, number_cell, short
from .records import Records, failed_jobs, finished
from .treatments import (
    METRICS,
    Comparison,
    classifier_labels,
    compare,
    cost_table,
    treatment_labels,
)

ALL = "All classifiers"


def rank_tables(records: Records, reference: str) -> Iterator[Table]:
    """Average rank and mean of every treatment: over all classifiers, then for each.

    Parameters
    ----------
    records : sequence of mappings
    reference : str
        Name of a treatment.
    """
    label = treatment_labels(records)[reference]
    for name, title in {"": ALL, **classifier_labels(finished(records))}.items():
        found = {m: compare(records, m, label, name or None) for m in METRICS}
        yield _ranks(title, found, cost_table(records) if not name else None)


def difference_table(records: Records, reference: str) -> Table:
    """Differences to the reference in all metrics, over all classifiers, with p-values."""
    label = treatment_labels(records)[reference]
    found = {m: compare(records, m, label) for m in METRICS}
    rows = [
        [Cell(name), *(_difference(found[m].table, name) for m in METRICS)]
        for name in found["acsa"].table.index
        if name != label
    ]
    note = (
        f"Mean difference to {label} over the data sets and, in brackets, the p-value of "
        "Wilcoxon's signed-rank test over the data sets, Holm-corrected over the treatments. Of "
        "the Brier score a negative difference is better."
    )
    return Table(f"Difference to {label}", ["treatment", *METRICS.values()], rows, note)


def to_markdown(records: Records, reference: str) -> str:
    """All tables in Markdown."""
    first, *others = rank_tables(records, reference)
    parts = []
    for table in (first, difference_table(records, reference), *others):
        parts.append(f"**{table.title}**\n\n{in_markdown(table)}")
    if failed := n_failed(records):
        parts.append(failed)
    return "\n\n".join(parts) + "\n"


def overall_markdown(records: Records, reference: str) -> str:
    """The first of these tables: all classifiers together."""
    return in_markdown(next(rank_tables(records, reference))) + "\n"


def to_latex(records: Records, reference: str) -> str:
    r"""All tables in LaTeX with booktabs, a float for each."""
    first, *others = rank_tables(records, reference)
    parts = []
    for table in (first, difference_table(records, reference), *others):
        caption = latex_text(f"{table.title}. {table.note}")
        lines = [r"\begin{table}", r"\centering", rf"\caption{{{caption}}}"]
        lines += [rf"\begin{{tabular}}{{l{'r' * (len(table.headings) - 1)}}}", r"\toprule"]
        lines += [rf"{' & '.join(map(latex_text, table.headings))} \\", r"\midrule"]
        lines += [rf"{' & '.join(map(latex_cell, row))} \\" for row in table.rows]
        parts.append("\n".join([*lines, r"\bottomrule", r"\end{tabular}", r"\end{table}"]))
    return "\n\n".join(parts) + "\n"


def n_failed(records: Records) -> str:
    """How many jobs failed on which data sets; empty for none."""
    failed = failed_jobs(records)
    return (
        "Failed jobs: " + ", ".join(f"{len(jobs)} on {data}" for data, jobs in failed.items()) + "."
        if failed
        else ""
    )


def rank_note(found: Comparison, metric: str) -> str:
    """What the ranks are over, and from which difference on two of them differ."""
    if math.isnan(found.critical_difference):
        return "There is no data set that all treatments have."
    return (
        f"{METRICS[metric]}: {found.n_blocks} data sets, Nemenyi's critical difference "
        f"{found.critical_difference:.2f} at 95 %, Friedman's p {p_text(found.friedman_p)}"
    )


def p_text(p: float) -> str:
    """A p-value to three digits."""
    if math.isnan(p):
        return "undefined"
    return "< .001" if p < 0.001 else f"{p:.3f}".removeprefix("0")


def _ranks(title: str, found: dict[str, Comparison], spent: pd.DataFrame | None) -> Table:
    names = list(found["acsa"].table.index)
    headings = ["treatment", *METRICS.values()]
    if spent is not None:
        headings += ["seeds", "sampler s", "fit s", "peak MiB"]
    rows = []
    for name in names:
        row = [Cell(name), *(_rank(found[m].table, name) for m in METRICS)]
        if spent is not None:
            cost = spent.loc[name]
            row += [number_cell(cost["n_seeds"], "{:.0f}")]
            row += [number_cell(cost["sampler_seconds"], "{:,.1f}")]
            row += [number_cell(cost["fit_seconds"], "{:,.1f}")]
            row += [number_cell(cost["peak_mib"], "{:,.0f}")]
        rows.append(row)
    note = (
        "Average rank over the data sets, 1 is best, and in brackets the mean score. "
        + "; ".join(rank_note(found[m], m) for m in ("acsa", "f_macro"))
        + "."
    )
    if spent is not None:
        note += " Ranks are within a classifier, averaged over the classifiers. Times are means of "
        note += "one fit, the sampler's included in the second column."
    return Table(title, headings, rows, note)


def _rank(table: pd.DataFrame, name: str) -> Cell:
    if name not in table.index:
        return Cell("")
    rank, score = table.loc[name, ["rank", "score"]]
    best = bool(round(rank, 2) == round(table["rank"].min(), 2))
    return Cell(f"{rank:.2f} ({short(score, '.3f')})", best=best, value=rank)


def _difference(table: pd.DataFrame, name: str) -> Cell:
    if name not in table.index or math.isnan(table.loc[name, "difference"]):
        return Cell("")
    difference, p = table.loc[name, ["difference", "p"]]
    return Cell(f"{short(difference, '+.3f')} ({p_text(p)})", value=difference)
