"""Values of a CSV file: from the text of its cells, and back to text in the style of a column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from equipoise.csv_files.text import NUMBER, CsvText, na_options

if TYPE_CHECKING:
    import pandas as pd

PADDED = r"[+-]?0\d+"  # 007 is a name, not a number
AMOUNT = r"[+-]?[$€£¥]?\s?(\d{1,3}([.,' ]\d{3})+|\d+)([.,]\d+)?\s?[%$€£¥]?"
WHOLE = r"[+-]?\d{1,18}"
PLAIN = r"^[+-]?\d*(?:[.,](\d+))?$"  # with its decimals
ISO = r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d:?\d\d)?)?"
ZONE = r"[T ]\d\d.*?(Z|[+-]\d\d:?\d\d)$"


def values_of(
    path: Path,
    csv: CsvText,
    target: str | None,
    dates: Sequence[str],
    categories: Sequence[str],
    missing: Sequence[str] | None = None,
) -> pd.DataFrame:
    """The values of the cells: numbers, bools, dates, otherwise text; NaN for missing ones.

    Missing are empty cells and the words of ``missing``; by default NA, None, nan and the like, but
    not in a target whose other labels are words.
    """
    import pandas as pd

    texts = dict.fromkeys(categories, str)
    options = {"decimal": csv.decimal, **csv.encoded, **na_options(missing)}
    rows = pd.read_csv(path, dtype=texts, low_memory=False, **options)
    if target is not None and missing is None and rows[target].dtype.kind not in "iufb":
        rows[target] = csv.text[target].where(csv.text[target] != "")
    for name in rows:
        text, known = csv.text[name], rows[name].notna()
        if name in dates:
            rows[name] = _dates(rows[name], text)
        elif name not in (target, *categories) and rows[name].dtype == object:
            if known.any() and text[known].str.fullmatch(ISO).all():
                with suppress(ValueError):  # years that are none, or some with a zone: words
                    rows[name] = _dates(rows[name], text)
        elif rows[name].dtype.kind not in "iuf":
            continue
        elif text[known].str.fullmatch(PADDED).any():
            rows[name] = text.where(known)
        elif rows[name].dtype.kind == "f" and text[known].str.fullmatch(WHOLE).all():
            rows[name] = text.where(known).astype("Int64")
    if target is None:
        return rows
    known = rows[target].notna()
    if (rows[target].astype(str) != csv.text[target])[known].any():
        rows[target] = csv.text[target].where(known)  # 1.0 and TRUE keep their text
    return rows


def _dates(values: pd.Series, text: pd.Series) -> pd.Series:
    import pandas as pd

    zones = text.str.extract(ZONE)[0][values.notna()]
    found = pd.to_datetime(values, format="ISO8601", utc=True, errors="coerce")
    wrong = values[values.notna() & found.isna()]
    if len(wrong):
        raise ValueError(
            f"column {values.name!r} has {wrong.iloc[0]!r}. Write dates of the years 1678 to 2261 "
            "as 2024-12-31 or 2024-12-31T23:59."
        )
    if zones.notna().any() and zones.isna().any():
        raise ValueError(f"column {values.name!r} has times with and without a zone.")
    if zones.nunique() > 1:
        return found
    first = values[values.notna()].head(1)  # all have its zone, if any
    return found.dt.tz_convert(pd.to_datetime(first, format="ISO8601").dt.tz)


def check_thousands(csv: CsvText, columns: pd.DataFrame) -> None:
    """Refuse columns whose marks between thousands were read as decimal marks.

    Parameters
    ----------
    csv : CsvText
    columns : DataFrame
        Their values, by :func:`values_of`.

    Raises
    ------
    ValueError
        In a column, all numbers with the mark have three digits after it, some of them end in a
        zero, and all other numbers are below 1000.
    """
    for name in columns.select_dtypes("float"):
        numbers = csv.text[name][columns[name].notna()].str.strip()
        has_mark = numbers.str.contains(csv.decimal, regex=False)
        marked, plain = numbers[has_mark], numbers[~has_mark]
        if (
            len(plain)
            and marked.str.endswith("0").any()
            and marked.str.fullmatch(rf"[+-]?[1-9]\d{{0,2}}[{csv.decimal}]\d{{3}}").all()
            and plain.str.fullmatch(r"[+-]?\d{1,3}").all()
        ):
            raise ValueError(
                f"column {name!r} seems to have marks between thousands, as in "
                f"{marked.iloc[0]!r}. Write its numbers without these marks, or leave it "
                "out with --ignore."
            )


def check_amounts(columns: pd.DataFrame) -> None:
    """Refuse columns of text that people read as numbers, such as ``$1,200`` or ``12 %``.

    Raises
    ------
    ValueError
        There is such a column.
    """
    from pandas.api import types

    for name in columns:
        if types.infer_dtype(columns[name], skipna=True) != "string":
            continue
        texts = columns[name].drop_duplicates().dropna().str.strip()
        odd = texts[~texts.str.fullmatch(NUMBER)]
        if len(odd) and texts.str.fullmatch(AMOUNT).all():
            raise ValueError(
                f"column {name!r} holds amounts as text, such as {odd.iloc[0]!r}. Write them as "
                "bare numbers, or mark the column with --categories or --ignore."
            )


def text_of(new: pd.DataFrame, rows: pd.DataFrame, csv: CsvText) -> pd.DataFrame:
    """New rows as text in the style of each column; empty in columns that they lack.

    Parameters
    ----------
    new : DataFrame
        New rows, in the dtypes of ``rows``.
    rows : DataFrame
        The values of the file, by :func:`values_of`.
    csv : CsvText
        Their text.
    """
    import pandas as pd
    from pandas.api import types

    text = {}
    for name, values in new.reset_index(drop=True).items():
        real, known = csv.text[name], rows[name].notna()
        if rows[name].dtype.kind == "f":
            decimals = _decimals(real[known])
            if decimals:
                values = values.round(decimals[-1]) + 0.0  # never -0.0
            # Padded with zeros where all real cells have the same number of decimals.
            written = f"{{:.{decimals[0]}f}}".format if len(decimals) == 1 else str
            cells = values.map(written).astype(str).str.replace(".", csv.decimal)
        elif types.infer_dtype(rows[name], skipna=True) == "boolean":
            cells = values.map(dict(zip(rows[name][known], real[known], strict=True)))
        elif types.is_datetime64_any_dtype(rows[name]):
            cells = _in_format_of(values, max(real[known], key=len, default=""))
        else:
            cells = values.astype(str)
        missing = real[~known]
        text[name] = cells.mask(values.isna(), missing.mode().iloc[0] if len(missing) else "")
    return pd.DataFrame(text).reindex(columns=csv.text.columns, fill_value="")


def _decimals(numbers: pd.Series) -> list[int]:
    """The numbers of decimals in these cells, each once; none if a cell is no plain number."""
    numbers = numbers.str.strip()
    numbers = numbers[~numbers.str.contains("[eE]")]  # tiny numbers are often so
    if not numbers.str.fullmatch(PLAIN).all():
        return []
    return sorted(numbers.str.extract(PLAIN)[0].fillna("").str.len().unique())


def _in_format_of(times: pd.Series, cell: str) -> pd.Series:
    """Dates or times in the format of this cell."""
    from pandas.tseries.api import guess_datetime_format

    form = guess_datetime_format(cell)
    if form is None:
        return times.astype(str)
    text = times.dt.strftime(form.removesuffix("%z"))
    if fraction := re.search(r"\.(\d+)", cell):
        text = text.str.replace(rf"(\.\d{{{len(fraction[1])}}})\d*", r"\1", regex=True)
    if not form.endswith("%z"):
        return text
    zone = times.dt.strftime("%z")
    if cell.endswith("Z"):
        zone = zone.replace("+0000", "Z")
    elif cell[-3] == ":":
        zone = zone.str[:3] + ":" + zone.str[3:]
    return text + zone
