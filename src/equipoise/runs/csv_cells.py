"""CSV files that a spreadsheet shows as they are, and does not calculate.

Names of classes and files come from whoever has made the data. In a spreadsheet, a cell that begins
like a formula would be one, so that it gets an apostrophe, as OWASP recommends against "CSV
injection".
"""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # at the beginning of a cell, to a spreadsheet
LINE_BREAKS = re.compile(r"\r\n|[\r\n\v\f\x85\u2028\u2029]")
HARMLESS = re.compile(r"[+-](\d+\.?\d*|\.\d+)?([eE][+-]?\d+)?")  # numbers, and a sign alone


def csv_text(table: pd.DataFrame, **options: Any) -> str:
    r"""Write a table that the library has made as CSV, with one line for each row.

    Line breaks in texts become spaces, and texts that a spreadsheet would take for a formula get an
    apostrophe before them. Numbers stay as they are.

    Parameters
    ----------
    table : DataFrame
        Its index becomes the first column if ``index_label`` is given.
    **options : object
        Further options of :meth:`pandas.DataFrame.to_csv`.

    Examples
    --------
    >>> import pandas as pd
    >>> from equipoise.runs.csv_cells import csv_text
    >>> csv_text(pd.DataFrame({"class": ["=1+1", "two\nlines"], "score": [-1, 2]}))
    "class,score\n'=1+1,-1\ntwo lines,2\n"
    """
    if label := options.pop("index_label", None):
        table = table.rename_axis(index=label).reset_index()
    rows, _ = without_formulas(_on_one_line(table))
    return rows.to_csv(index=False, lineterminator="\n", **options)


def without_formulas(rows: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Put an apostrophe before every text that a spreadsheet would take for a formula.

    Returns
    -------
    rows : DataFrame
        A copy; numbers stay as they are.
    changed : list of str
        Names, before the change, of the columns with such a cell or such a name.
    """
    import pandas as pd

    plain, changed = [], []
    for i, name in enumerate(rows):
        column = rows.iloc[:, i]
        formulas = _texts(column).map(_is_formula)
        if formulas.any():
            column = column.astype(object).where(~formulas, "'" + column.astype(str))
        if formulas.any() or _is_formula(name):
            changed.append(str(name))
        plain.append(column)
    names = [f"'{name}" if _is_formula(name) else name for name in rows]
    return pd.concat(plain, axis=1).set_axis(names, axis=1) if plain else rows.copy(), changed


def quoting(rows: pd.DataFrame) -> int:
    """The quoting of CSV that keeps every row whole, for :meth:`pandas.DataFrame.to_csv`.

    By itself, Python's writer does not quote a carriage return, which ends a line for its reader.
    """
    has_returns = [rows.columns.astype(str).str.contains("\r").any()]
    has_returns += [
        _texts(rows.iloc[:, i]).astype(str).str.contains("\r").any() for i in range(rows.shape[1])
    ]
    return csv.QUOTE_NONNUMERIC if any(has_returns) else csv.QUOTE_MINIMAL


def _on_one_line(rows: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    plain = [_texts(rows.iloc[:, i]).map(_one_line) for i in range(rows.shape[1])]
    names = [_one_line(name) for name in rows]
    kept = [rows.iloc[:, i] if not len(text) else text for i, text in enumerate(plain)]
    return pd.concat(kept, axis=1).set_axis(names, axis=1) if kept else rows


def _texts(column: pd.Series) -> pd.Series:
    """The values of a column that may hold texts; none of other columns."""
    import pandas as pd

    if pd.api.types.is_numeric_dtype(column) or column.dtype.kind in "mM":
        return pd.Series(dtype=object)
    return column.astype(object)


def _one_line(value: Any) -> Any:
    return LINE_BREAKS.sub(" ", value) if isinstance(value, str) else value


def _is_formula(value: Any) -> bool:
    if not isinstance(value, str) or not value.startswith(FORMULA):
        return False
    return not HARMLESS.fullmatch(value)
