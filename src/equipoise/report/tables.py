"""The tables of a report, before they are written as Markdown, LaTeX or HTML."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from equipoise.errors import counted
from equipoise.metrics import paired_differences
from equipoise.metrics.names import METRICS

from .comparison import COMPARED, Comparison, compare, cost_table
from .records import (
    Records,
    data_of,
    data_sets,
    failed_jobs,
    finished,
    machine_seconds,
    part_labels,
)
from .summary import SCORES, Published, finished_jobs, results_table, score_table

# Headings of the metrics by which treatments are compared.
HEADINGS = {name: METRICS[name].symbol for name in COMPARED}
HEADINGS["acsa"] = METRICS["balanced_accuracy"].words
# Heading and format of each column of numbers.
COLUMNS = {
    "n_seeds": ("seeds", "{:.0f}"),
    **{name: (METRICS[name].symbol, "{:.4f}") for name in SCORES},
    "sampler_seconds": ("sampler s", "{:,.1f}"),
    "fit_seconds": ("fit s", "{:,.1f}"),
    "predict_seconds": ("predict s", "{:,.1f}"),
    "peak_mib": ("peak MiB", "{:,.0f}"),
    "n_parameters": ("parameters", "{:,.0f}"),
}
_RESULTS = [name for name in COLUMNS if name != "sampler_seconds"]
_RANK_COSTS = ["n_seeds", "sampler_seconds", "fit_seconds", "peak_mib"]
_COST_HEADINGS = [COLUMNS[name][0] for name in _RANK_COSTS]


@dataclass(frozen=True)
class TableCell:
    """What a table shows in one place, and what to sort it by.

    Attributes
    ----------
    text : str
    spread : str
        Standard deviation to write after ±; empty for none.
    best : bool
        Whether no other row has a better value.
    value : float
        The number behind the text; NaN where that is none.
    """

    text: str
    spread: str = ""
    best: bool = False
    value: float = math.nan

    def __str__(self) -> str:
        return f"{self.text} ± {self.spread}" if self.spread else self.text

    @property
    def is_number(self) -> bool:
        """Whether there is a number behind the text."""
        return not math.isnan(self.value)


class Table(NamedTuple):
    """A table, before it is written as Markdown, LaTeX or HTML.

    Attributes
    ----------
    title : str
    headings : list of str
    rows : list of list of TableCell
    note : str
        What to write below.
    failed : sequence of str
        A line for each failed job.
    n_names : int
        How many of the first columns hold names rather than numbers.
    muted : collection of str
        Texts of first cells whose rows are not our own results.
    """

    title: str
    headings: list[str]
    rows: list[list[TableCell]]
    note: str = ""
    failed: Sequence[str] = ()
    n_names: int = 1
    muted: Sequence[str] = ()

    @property
    def is_numeric(self) -> list[bool]:
        """Of each column, whether there are numbers behind its texts."""
        return [any(row[i].is_number for row in self.rows) for i in range(len(self.headings))]


def results_tables(records: Records, published: Published | None = None) -> list[Table]:
    """All metrics and costs of every method, a table for each data set.

    Parameters
    ----------
    records, published
        As :func:`equipoise.report.summary.results_table` takes them.

    Returns
    -------
    list of Table
        Data sets of which all jobs failed have no rows.
    """
    results, failed = results_table(records, published), failed_jobs(records)
    known = results.index.unique("data")
    return [
        Table(
            data,
            ["method", "group", *(COLUMNS[name][0] for name in _RESULTS)],
            _result_rows(results.loc[data]) if data in known else [],
            failed=failed.get(data, ()),
            n_names=2,
        )
        for data in dict.fromkeys([*known, *failed])
    ]


def _result_rows(results: pd.DataFrame) -> list[list[TableCell]]:
    shown = results[SCORES].round(4)
    best = (shown == shown.max()).reindex(columns=_RESULTS, fill_value=False)
    return [
        [
            TableCell(str(label)),
            TableCell("published" if row["published"] else row["group"]),
            *(
                number_cell(row[name], COLUMNS[name][1], row.get(f"{name}_sd", math.nan), is_best)
                for name, is_best in zip(_RESULTS, marks, strict=True)
            ),
        ]
        for (label, row), marks in zip(results.iterrows(), best.to_numpy(), strict=True)
    ]


def overview_table(
    records: Records,
    reference: str,
    published: Published | None = None,
    most_per_group: int | None = None,
) -> Table:
    """ACSA of every method on all data sets, how far it is from the reference, and what it costs.

    Parameters
    ----------
    records : sequence of mappings
        One per job, as the benchmark stores them.
    reference : str
        Name of the method that the others are compared with, on the seeds that both have.
    published : mapping of data set to (mapping of row name to five floats), default=None
        Rows of papers, whose first number is the ACSA.
    most_per_group : int, default=None
        Keep at most so many measured methods of each group, the best, and no row of a paper; None
        keeps all. Methods without a group are all kept.

    Returns
    -------
    Table
        In the order of the mean ACSA; methods that lack a data set come last.
    """
    found = results_table(records, published)
    label = part_labels(records, "treatment").get(reference, reference)
    names = data_sets(finished(records))
    by_data = found.set_index("published", append=True).unstack("data")  # noqa: PD010
    acsa = by_data["acsa"][names]
    order = acsa.assign(lacks=acsa.isna().sum(axis=1), mean=acsa.mean(axis=1))
    order = order.sort_values(["lacks", "mean"], ascending=[True, False], kind="stable")
    best = acsa.round(4) == acsa.round(4).max()
    if most_per_group is not None:
        groups = found.groupby(["method", "published"])["group"].first().reindex(order.index)
        place = groups.groupby(groups, dropna=False).cumcount()
        is_published = order.index.get_level_values("published").astype(bool)
        order = order[((place < most_per_group) | (groups == "")) & ~is_published]
    against = {name: _differences(records, name, label) for name in names}

    rows = []
    for method, is_published in order.index:
        here = by_data.loc[(method, is_published)]
        seeds = here["n_seeds"][names].dropna()
        row = [
            TableCell(f"{method} (published)" if is_published else str(method)),
            TableCell(", ".join(f"{n:.0f}" for n in (seeds if seeds.nunique() > 1 else seeds[:1]))),
        ]
        for name in names:
            is_best = bool(best.loc[(method, is_published), name])
            mean, spread = here["acsa"][name], here["acsa_sd"][name]
            row.append(TableCell(short(mean), short(spread), is_best, mean))
            row.append(TableCell("" if is_published else against[name].get(method, "")))
        rows.append([*row, number_cell(here["fit_seconds"].mean(), "{:,.0f}")])
    headings = [text for name in names for text in (f"{name}: ACSA", f"minus {label}")]
    note = (
        "ACSA is the accuracy averaged over the classes: mean ± standard deviation over the seeds, "
        f"the best in bold; then the mean difference to {label} on the seeds that both have, and "
        "its 95 % interval (Student's t, not corrected). Seconds of fitting include the sampler. "
        f"All jobs took {machine_seconds(records) / 3600:.1f} hours of one core."
    )
    if most_per_group is not None:
        note = f"The best {most_per_group} of each group of methods. {note}"
    return Table("Overview", ["method", "seeds", *headings, "fit s"], rows, note)


def _differences(records: Records, data: str, reference: str) -> dict[str, str]:
    """What to write of the difference of every other method on a data set, by its label."""
    scores = score_table([record for record in records if data_of(record) == data])
    if reference not in scores.index:
        return {}
    texts = paired_differences(scores, reference)[["difference", "low", "high"]].map(
        short, form="+.4f"
    )
    return {
        str(label): f"{difference} ({low} to {high})" if low else difference
        for label, difference, low, high in texts.itertuples()
    }


def treatment_tables(records: Records, reference: str) -> list[Table]:
    """Average rank and mean of every treatment, and its differences to the reference.

    Parameters
    ----------
    records : sequence of mappings
    reference : str
        Name of a treatment.

    Returns
    -------
    list of Table
        Ranks of all combinations, ranks of the treatments over all classifiers, differences with
        p-values over all classifiers, and then the ranks for each classifier.
    """
    label = part_labels(records, "treatment")[reference]
    jobs, tables = finished_jobs(records), [combination_table(records)]
    costs = cost_table(jobs)
    for classifier in (None, *jobs["classifier"].dropna().unique()):
        found = {name: compare(jobs, name, label, classifier) for name in COMPARED}
        names, headings = found["acsa"].table.index, ["treatment", *HEADINGS.values()]
        rows = _rank_rows(found, None if classifier else costs)
        note = (
            "Average rank over the data sets, 1 is best, and in brackets the mean score. "
            + "; ".join(rank_note(found[name], name) for name in ("acsa", "f_macro"))
            + "."
        )
        if classifier:
            tables.append(Table(classifier, headings, rows, note))
            continue
        note += (
            " Ranks are within a classifier, averaged over the classifiers. Times are means of "
            "one fit, the sampler's included in the second column."
        )
        tables.append(Table("All classifiers", headings + _COST_HEADINGS, rows, note))
        rows = [
            [TableCell(one), *(_difference(found[name].table, one) for name in COMPARED)]
            for one in names
            if one != label
        ]
        note = (
            f"Mean difference to {label} over the data sets and, in brackets, the p-value of "
            "Wilcoxon's signed-rank test over the data sets, Holm-corrected over the treatments. "
            "Of the Brier score a negative difference is better."
        )
        tables.append(Table(f"Difference to {label}", headings, rows, note))
    return tables


def combination_table(records: Records) -> Table:
    """Average rank, mean and costs of every combination of a treatment and a classifier.

    All combinations are ranked together, and so are the methods that have no classifier of their
    own. They are in the order of the average rank in the first metric.
    """
    jobs = finished_jobs(records)
    jobs = jobs.assign(treatment=jobs["method"], classifier="any")
    found = {name: compare(jobs, name, "") for name in COMPARED}
    rows = _rank_rows(found, cost_table(jobs))
    headings = ["combination", *HEADINGS.values(), *_COST_HEADINGS]
    note = (
        f"Average rank of {counted(len(rows), 'combination')} over the data sets, 1 is best, and "
        f"in brackets the mean score. {rank_note(found['acsa'], 'acsa')}. Times are means of one "
        "fit, the sampler's included in the second column."
    )
    return Table("All combinations", headings, rows, note)


def leading(table: Table, n: int) -> Table:
    """The rows of a combination table that are among the best ``n`` in some metric."""
    best = {
        one
        for i in range(1, len(HEADINGS) + 1)
        for one in sorted(range(len(table.rows)), key=lambda row: table.rows[row][i].value)[:n]
    }
    rows = [row for i, row in enumerate(table.rows) if i in best]
    note = f"The combinations that are among the best {n} in some metric. {table.note}"
    return table._replace(rows=rows, note=note)


def rank_note(found: Comparison, metric: str) -> str:
    """What the ranks are over, and from which difference on two of them differ."""
    if math.isnan(found.critical_difference):
        return "There is no data set that all treatments have."
    return (
        f"{HEADINGS[metric]}: {counted(found.n_blocks, 'data set')}, Nemenyi's critical difference "
        f"{found.critical_difference:.2f} at 95 %, Friedman's p {p_text(found.friedman_p)}"
    )


def number_cell(value: float, form: str, spread: float = math.nan, best: bool = False) -> TableCell:
    """A number, and its standard deviation, in this format; empty for NaN."""
    text, after = ("" if math.isnan(one) else form.format(one) for one in (value, spread))
    return TableCell(text, after, best, value)


def short(value: float, form: str = ".4f") -> str:
    """A number between -1 and 1 without the zero before its point; empty for NaN."""
    return "" if math.isnan(value) else f"{value:{form}}".replace("-", "−").replace("0.", ".", 1)


def p_text(p: float, undefined: str = "undefined") -> str:
    """A p-value to three digits."""
    if math.isnan(p):
        return undefined
    return "< .001" if p < 0.001 else f"{p:.3f}".removeprefix("0")


def _rank_rows(
    found: Mapping[str, Comparison], costs: pd.DataFrame | None
) -> list[list[TableCell]]:
    """A row for each treatment, the best first: its ranks and, where given, its costs."""
    rows = []
    for one in found["acsa"].table.index:
        row = [TableCell(one), *(_rank(found[name].table, one) for name in COMPARED)]
        if costs is not None:
            row += [number_cell(costs.loc[one, name], COLUMNS[name][1]) for name in _RANK_COSTS]
        rows.append(row)
    return rows


def _rank(table: pd.DataFrame, name: str) -> TableCell:
    if name not in table.index:
        return TableCell("")
    rank, score = table.loc[name, ["rank", "score"]]
    best = bool(round(rank, 2) == round(table["rank"].min(), 2))
    return TableCell(f"{rank:.2f} ({short(score, '.3f')})", best=best, value=rank)


def _difference(table: pd.DataFrame, name: str) -> TableCell:
    if name not in table.index or math.isnan(table.loc[name, "difference"]):
        return TableCell("")
    difference, p = table.loc[name, ["difference", "p"]]
    return TableCell(f"{short(difference, '+.3f')} ({p_text(p)})", value=difference)
