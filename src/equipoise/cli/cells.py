"""Cells of a CSV: what their text means, and new values in the manner of those that are there."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

NUMBER = r"[+-]?\d*[.,]?\d+([eE][+-]?\d+)?"
PADDED = r"[+-]?0\d+"  # 007 is a name, not a number
WHOLE = r"[+-]?\d{1,18}"
PLAIN = r"^[+-]?\d*(?:[.,](\d+))?$"  # with its decimals
ZONE = r"[T ]\d\d.*?(Z|[+-]\d\d:?\d\d)$"
SEPARATORS = ("\t", ";", ",")  # of equals the first
SAMPLE, LINES = 2**16, 20  # bytes, and whole lines of them, that tell how a file is written


@dataclass(frozen=True)
class Cells:
    r"""A CSV as it is written.

    Attributes
    ----------
    text : DataFrame
        Every cell below the header.
    header : list of str
    separator : {",", ";", "\t"}
        The one of which all the first lines have as many, else that of the header.
    decimal : {".", ","}
    newline : {"\n", "\r\n"}
    encoding : {"utf-8", "utf-8-sig"}
        The latter has a byte order mark, as spreadsheets write it.
    quoting : int
        Of :mod:`csv`.
    """

    text: pd.DataFrame
    header: list[str]
    separator: str
    decimal: str
    newline: str
    encoding: str
    quoting: int

    def read(self, file: Any, **how: Any) -> pd.DataFrame:
        """Another table written so, by ``pandas.read_csv``."""
        import pandas as pd

        return pd.read_csv(
            file, sep=self.separator, decimal=self.decimal, encoding=self.encoding, **how
        )

    def write(self, rows: pd.DataFrame, file: Any, header: list[str] | bool = True) -> None:
        """Write a table so."""
        rows.to_csv(
            file,
            index=False,
            header=header,
            sep=self.separator,
            decimal=self.decimal,
            lineterminator=self.newline,
            encoding=self.encoding,
            quoting=self.quoting,
        )


def read_cells(path: Path, categories: Sequence[str] = ()) -> Cells:
    """Read a CSV as text.

    Parameters
    ----------
    path : Path
    categories : sequence of str, default=()
        Columns that are no numbers, whatever they look like.

    Raises
    ------
    ValueError
        The rows have more cells than the header, or numbers are written in two ways.
    """
    import pandas as pd

    raw = path.read_bytes()
    end = max(SAMPLE, raw.find(b"\n") + 1)
    bare = re.sub(rb'"[^"]*"', b"", raw[:end])
    newline = "\r\n" if b"\r\n" in bare else "\n"
    if end < len(raw):
        bare = bare.rpartition(b"\n")[0]
    how: dict[str, Any] = {
        "sep": _separator([line for line in bare.splitlines() if line][:LINES]),
        "encoding": "utf-8-sig" if raw.startswith(codecs.BOM_UTF8) else "utf-8",
    }
    text = pd.read_csv(path, dtype=str, keep_default_na=False, **how)
    if not isinstance(text.index, pd.RangeIndex):
        raise ValueError("its rows have more cells than its header. Name every column in line 1.")
    header = pd.read_csv(path, header=None, nrows=1, dtype=str, keep_default_na=False, **how)
    return Cells(
        text,
        header.iloc[0].tolist(),
        how["sep"],
        _decimal(path, text.drop(columns=list(categories), errors="ignore"), how),
        newline,
        how["encoding"],
        # Of a carriage return alone, the writer does not know that readers take it for an end.
        csv.QUOTE_ALL if newline == "\n" and b"\r" in raw else csv.QUOTE_MINIMAL,
    )


def _separator(lines: Sequence[bytes]) -> str:
    """Separator of lines whose quoted parts are left out."""

    def rank(separator: str) -> tuple[bool, int]:
        counts = [line.count(separator.encode()) for line in lines] or [0]
        return len(set(counts)) == 1 and counts[0] > 0, counts[0]

    return max(SEPARATORS, key=rank)


def _decimal(path: Path, text: pd.DataFrame, how: dict[str, Any]) -> str:
    """Decimal mark of the columns that have one.

    Raises
    ------
    ValueError
        Some have commas, others points.
    """
    import pandas as pd

    with_commas = [
        name
        for name in text
        if (has := text[name].str.contains(",", regex=False)).any()
        and text.loc[has, name].str.fullmatch(NUMBER).all()
    ]
    if not with_commas:
        return "."

    def numbers(decimal: str) -> set[str]:
        rows = pd.read_csv(path, decimal=decimal, low_memory=False, **how)
        return set(rows.select_dtypes("number")) & set(text)

    by_comma, by_point = numbers(","), numbers(".")
    commas, points = sorted(by_comma - by_point), sorted(by_point - by_comma)
    if commas and points:
        raise ValueError(
            f"column {commas[0]!r} has decimal commas, column {points[0]!r} has points. Write them "
            "alike, or name columns that hold no numbers with --categories."
        )
    return "," if commas else "."


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
    return found if zones.nunique() > 1 else pd.to_datetime(values, format="ISO8601")


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
