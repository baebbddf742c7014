"""The tables of a report in Markdown and LaTeX, written by templates."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from equipoise.errors import InvalidInputError

from .records import Records, failed_jobs, has_classifiers
from .summary import Published
from .tables import (
    Table,
    TableCell,
    combination_table,
    leading,
    overview_table,
    results_tables,
    treatment_tables,
)

LEADERS = 2  # combinations per metric, or methods per group, in an overview

_LATEX = {
    **{letter: f"\\{letter}" for letter in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
}


def _markdown(value: str | TableCell) -> str:
    """Text in which nothing is markup of a table; the best of a column in bold."""
    text = str(value).replace("|", r"\|").replace("<", "&lt;")
    return f"**{text}**" if isinstance(value, TableCell) and value.best else text


def _latex(value: str | TableCell) -> str:
    """Text in which nothing is a command; the best of a column in bold."""
    text = "".join(_LATEX.get(letter, letter) for letter in str(value))
    return rf"\textbf{{{text}}}" if isinstance(value, TableCell) and value.best else text


TEMPLATES = Environment(
    loader=PackageLoader("equipoise.report"),
    autoescape=lambda name: name is not None and name.endswith(".html"),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
TEMPLATES.filters |= {"markdown": _markdown, "latex": _latex}


def to_markdown(records: Records, reference: str, published: Published | None = None) -> str:
    """All tables of an experiment in Markdown.

    Parameters
    ----------
    records : sequence of mappings
        One per job, as the benchmark stores them.
    reference : str
        Name of the method, or treatment, that the others are compared with.
    published : mapping of data set to (mapping of row name to five floats), default=None
        Rows of papers, in the order of the metrics.

    Returns
    -------
    str
        Of methods a table for each data set; of treatments and classifiers the ranks of all
        combinations, those of the treatments over all classifiers, the differences to the
        reference, and the ranks for each classifier.
    """
    return TEMPLATES.get_template("tables.md").render(
        tables=_tables(records, reference, published),
        with_classifiers=has_classifiers(records),
        failed=failed_jobs(records),
    )


def to_latex(records: Records, reference: str, published: Published | None = None) -> str:
    r"""The tables of :func:`to_markdown` in LaTeX, a float for each.

    Returns
    -------
    str
        Needs ``\usepackage{booktabs}``.
    """
    return TEMPLATES.get_template("tables.tex").render(
        tables=_tables(records, reference, published)
    )


def overview(records: Records, reference: str, published: Published | None = None) -> str:
    """One table in Markdown that sums an experiment up, as for a README.

    Of methods the ACSA of the best of each group on all data sets, of treatments and classifiers
    the combinations that lead in some metric. The parameters are those of :func:`to_markdown`.
    """
    if has_classifiers(records):
        table = leading(combination_table(records), LEADERS)
    else:
        table = overview_table(records, reference, published, LEADERS)
    return TEMPLATES.get_template("overview.md").render(table=table)


def replace_between_marks(text: str, name: str, table: str) -> str:
    """Put a table between ``<!-- results:NAME:start -->`` and ``<!-- results:NAME:end -->``.

    Parameters
    ----------
    text : str
        With each mark once, in this order.
    name : str
        Name of the experiment.
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


def _tables(records: Records, reference: str, published: Published | None) -> list[Table]:
    if has_classifiers(records):
        return treatment_tables(records, reference)
    return results_tables(records, published)
