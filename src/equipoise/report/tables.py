"""Results of a benchmark as a table, and that table in Markdown and LaTeX."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from equipoise.errors import InvalidInputError

from .cells import Cell, latex_cell, latex_text, markdown_cell, markdown_text, number_cell
from .records import COSTS, Records, costs, data_of, data_sets, finished, groups_of, labels_of
from .records import number as as_number

Published = Mapping[str, Mapping[str, Sequence[float]]]
Failed = Mapping[str, Sequence[str]]

METRICS = {
    "acsa": "ACSA",
    "f_macro": "F",
    "g_macro": "G",
    "smallest_class_recall": "R_MI",
    "largest_class_precision": "P_MA",
}
HEADINGS = [
    *("method", "group", "seeds", *METRICS.values()),
    *("fit s", "predict s", "peak MiB", "parameters"),
]
LEGEND = (
    "Mean ± standard deviation over seeds; the best of each column in bold. R_MI is the recall of "
    "the smallest class, P_MA the precision of the largest. Fitting includes the sampler."
)


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
    done, labels, groups = finished(records), labels_of(records), groups_of(records)
    rows = []
    for data in data_sets(done):
        rows += [_published_row(data, *row) for row in (published or {}).get(data, {}).items()]
        here = [record for record in done if data_of(record) == data]
        for method in dict.fromkeys(record["method"] for record in here):
            runs = [record for record in here if record["method"] == method]
            scores = pd.DataFrame([record["metrics"] for record in runs]).astype(float)
            rows.append(
                {
                    "data": data,
                    "method": labels[method],
                    "group": groups[method],
                    "published": False,
                    "n_seeds": len(runs),
                    **{name: scores[name].mean() for name in METRICS},
                    **{f"{name}_sd": scores[name].std() for name in METRICS},
                    **pd.DataFrame([costs(record) for record in runs]).mean(),
                }
            )
    names = ["data", "method", "group", "published", "n_seeds"]
    names += [name for metric in METRICS for name in (metric, f"{metric}_sd")]
    return pd.DataFrame(rows, columns=[*names, *COSTS]).set_index(["data", "method"])


def to_markdown(table: pd.DataFrame, failed: Failed | None = None) -> str:
    """The table of :func:`results_table` in Markdown, data set by data set.

    Parameters
    ----------
    table : DataFrame
    failed : mapping of data set to lines, default=None
        Failed jobs to name under the table of their data set.

    Returns
    -------
    str
    """
    parts = []
    for data, rows, jobs in _by_data(table, failed):
        lines = [f"**{data}**", ""]
        if rows:
            lines += [f"| {' | '.join(HEADINGS)} |", f"|---|---|{'---:|' * (len(HEADINGS) - 2)}"]
            lines += [f"| {' | '.join(map(markdown_cell, row))} |" for row in rows]
        if jobs:
            lines += ["", f"Failed: {markdown_text('; '.join(jobs))}"]
        parts.append("\n".join(lines))
    return "\n\n".join([*parts, LEGEND]) + "\n"


def to_latex(table: pd.DataFrame, failed: Failed | None = None) -> str:
    r"""The table of :func:`results_table` in LaTeX with booktabs, a float per data set.

    Parameters
    ----------
    table : DataFrame
    failed : mapping of data set to lines, default=None
        Failed jobs to name under the table of their data set.

    Returns
    -------
    str
        Needs ``\usepackage{booktabs}``.
    """
    parts = []
    for data, rows, jobs in _by_data(table, failed):
        lines = [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{latex_text(data)}. {_LATEX_LEGEND}}}",
        ]
        if rows:
            headings = " & ".join(_LATEX_HEADINGS.get(h, h) for h in HEADINGS)
            lines += [rf"\begin{{tabular}}{{ll{'r' * (len(HEADINGS) - 2)}}}", r"\toprule"]
            lines += [rf"{headings} \\", r"\midrule"]
            lines += [rf"{' & '.join(map(latex_cell, row))} \\" for row in rows]
            lines += [r"\bottomrule", r"\end{tabular}"]
        if jobs:
            lines += [rf"\par\footnotesize Failed: {latex_text('; '.join(jobs))}"]
        parts.append("\n".join([*lines, r"\end{table}"]))
    return "\n\n".join(parts) + "\n"


def replace_between_marks(text: str, name: str, table: str) -> str:
    """Put a table between ``<!-- results:NAME:start -->`` and ``<!-- results:NAME:end -->``.

    Parameters
    ----------
    text : str
        With each mark once, in this order.
    name : str
        Of the experiment.
    table : str

    Returns
    -------
    str
        The text, marks included, with the table in place of what was between them.

    Raises
    ------
    InvalidInputError
        If a mark is missing or repeated, or they are in the wrong order.
    """
    start, end = f"<!-- results:{name}:start -->", f"<!-- results:{name}:end -->"
    if text.count(start) != 1 or text.count(end) != 1 or text.index(start) > text.index(end):
        raise InvalidInputError(
            f"The text has {start} {text.count(start)} times and {end} {text.count(end)} times. "
            "It needs each once, the start first."
        )
    before, rest = text.split(start)
    return f"{before}{start}\n{table.strip()}\n{end}{rest.split(end)[1]}"


def table_cells(rows: pd.DataFrame) -> list[list[Cell]]:
    """The cells of one data set's rows, a list per row in the order of `HEADINGS`."""
    shown = rows[list(METRICS)].round(4)
    best = shown == shown.max()
    return [
        [
            Cell(str(label)),
            Cell("published" if row["published"] else row["group"]),
            number_cell(row["n_seeds"], "{:.0f}"),
            *(
                replace(
                    number_cell(row[name], "{:.4f}"),
                    spread=number_cell(row[f"{name}_sd"], "{:.4f}").text,
                    best=bool(best[name].iloc[i]),
                )
                for name in METRICS
            ),
            number_cell(row["fit_seconds"], "{:,.1f}"),
            number_cell(row["predict_seconds"], "{:,.1f}"),
            number_cell(row["peak_mib"], "{:,.0f}"),
            number_cell(row["n_parameters"], "{:,.0f}"),
        ]
        for i, (label, row) in enumerate(rows.iterrows())
    ]


def _published_row(data: str, label: str, values: Sequence[float]) -> dict[str, object]:
    if len(values) != len(METRICS):
        raise InvalidInputError(
            f"published[{data!r}][{label!r}] has {len(values)} numbers. "
            f"Give {len(METRICS)}, in the order {', '.join(METRICS)}."
        )
    scores = {name: as_number(value) for name, value in zip(METRICS, values, strict=True)}
    return {"data": data, "method": label, "group": "", "published": True, **scores}


def _by_data(
    table: pd.DataFrame, failed: Failed | None
) -> Iterator[tuple[str, list[list[Cell]], Sequence[str]]]:
    failed = failed or {}
    known = table.index.unique("data")
    for data in dict.fromkeys([*known, *failed]):
        yield data, table_cells(table.loc[data]) if data in known else [], failed.get(data, ())


_LATEX_HEADINGS = {"R_MI": r"$R_{\mathrm{MI}}$", "P_MA": r"$P_{\mathrm{MA}}$"}
_LATEX_LEGEND = r"Mean $\pm$ standard deviation over seeds; best of each column in bold."
