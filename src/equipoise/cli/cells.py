"""Cells of a CSV: what their text means, and new values in the manner of those that are there."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from equipoise.cli.csv_format import NUMBER, Cells

if TYPE_CHECKING:
    import pandas as pd

PADDED = r"[+-]?0\d+"  # 007 is a name, not a number
AMOUNT = r"[+-]?[$€£¥]?\s?(\d{1,3}([.,' ]\d{3})+|\d+)([.,]\d+)?\s?[%$€£¥]?"
WHOLE = r"[+-]?\d{1,18}"
PLAIN = r"^[+-]?\d*(?:[.,](\d+))?$"  # with its decimals
ZONE = r"[T ]\d\d.*?(Z|[+-]\d\d:?\d\d)$"


def typed(
    path: Path,
    cells: Cells,
    target: str,
    dates: Sequence[str],
    categories: Sequence[str],
) -> pd.DataFrame:
    """The cells as values: numbers, bools, dates, otherwise text, and NaN for NA and the like."""
    rows = cells.read(path, dtype=dict.fromkeys(categories, str), low_memory=False)
    for name in rows:
        text, known = cells.text[name], rows[name].notna()
        if name in dates:
            rows[name] = _dates(rows[name], text)
        elif rows[name].dtype.kind not in "iuf":
            continue
        elif text[known].str.fullmatch(PADDED).any():
            rows[name] = text.where(known)
        elif rows[name].dtype.kind == "f" and text[known].str.fullmatch(WHOLE).all():
            rows[name] = text.where(known).astype("Int64")
    known = rows[target].notna()
    if (rows[target].astype(str) != cells.text[target])[known].any():
        rows[target] = cells.text[target].where(known)  # 1.0 and TRUE stay so
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
    first = values[values.notna()].head(1)  # whose zone all have, if any
    return found.dt.tz_convert(pd.to_datetime(first, format="ISO8601").dt.tz)


def check_thousands(cells: Cells, columns: pd.DataFrame) -> None:
    """Refuse columns whose marks between thousands were read as decimal marks.

    Parameters
    ----------
    cells : Cells
    columns : DataFrame
        As :func:`typed` has read them.

    Raises
    ------
    ValueError
        All numbers with the mark have three digits behind it, some of them a zero at the end, and
        all others are below 1000.
    """
    for name in columns:
        if columns[name].dtype.kind != "f":
            continue
        numbers = cells.text[name][columns[name].notna()].str.strip()
        has = numbers.str.contains(cells.decimal, regex=False)
        if (
            numbers[has].str.endswith("0").any()
            and not has.all()
            and numbers[has].str.fullmatch(rf"[+-]?[1-9]\d{{0,2}}[{cells.decimal}]\d{{3}}").all()
            and numbers[~has].str.fullmatch(r"[+-]?\d{1,3}").all()
        ):
            raise ValueError(
                f"column {name!r} seems to have marks between thousands, as in "
                f"{numbers[has].iloc[0]!r}. Write its numbers without, or --ignore it."
            )


def check_amounts(columns: pd.DataFrame) -> None:
    """Refuse columns of text that a person would call numbers, such as ``$1,200`` or ``12 %``.

    Raises
    ------
    ValueError
        There is one.
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
                "bare numbers, or name the column with --categories or --ignore."
            )


def as_cells(new: pd.DataFrame, rows: pd.DataFrame, cells: Cells) -> pd.DataFrame:
    """New rows as text, written as these cells write such rows; empty where they lack a column."""
    from pandas.api import types

    new = new.reset_index(drop=True)
    decimals = {}
    for name in new:
        if rows[name].dtype.kind == "f" and (n := _decimals(cells.text[name][rows[name].notna()])):
            decimals[name] = n
            new[name] = new[name].round(n[-1]) + 0.0  # no -0.0
    written = io.StringIO()
    cells.write(new, written)
    written.seek(0)
    text = cells.read(written, dtype=str, keep_default_na=False, skip_blank_lines=False)
    text = text.set_axis(new.columns, axis=1)
    for name, n in decimals.items():
        if len(n) == 1:  # all real cells have as many
            padded = new[name].map(f"{{:.{n[0]}f}}".format).astype(str)
            text[name] = padded.str.replace(".", cells.decimal)
    for name in new:
        real, known = cells.text[name], rows[name].notna()
        if types.infer_dtype(rows[name], skipna=True) == "boolean":
            text[name] = new[name].map(dict(zip(rows[name][known], real[known], strict=True)))
        elif types.is_datetime64_any_dtype(rows[name]):
            text[name] = _like(new[name], max(real[known], key=len, default=""))
        gaps = real[~known]
        text.loc[new[name].isna(), name] = gaps.mode().iloc[0] if len(gaps) else ""
    return text.reindex(columns=cells.text.columns, fill_value="")


def _decimals(numbers: pd.Series) -> list[int]:
    """How many decimals these cells have, each once; none where some are written otherwise."""
    numbers = numbers.str.strip()
    numbers = numbers[~numbers.str.contains("[eE]")]  # some write the smallest so
    if not numbers.str.fullmatch(PLAIN).all():
        return []
    return sorted(numbers.str.extract(PLAIN)[0].fillna("").str.len().unique())


def _like(times: pd.Series, cell: str) -> pd.Series:
    """Dates or times in the format of a cell that has one."""
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
