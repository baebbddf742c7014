"""Cells of a CSV: what their text means, and new values in the manner of those that are there."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

PADDED = r"[+-]?0\d+"  # 007 is a name, not a number
WHOLE = r"[+-]?\d{1,18}"
FRACTION = r"[+-]?\d+,\d+"
ZONE = r"[T ]\d\d.*?(Z|[+-]\d\d:?\d\d)$"
SEPARATORS = (",", ";", "\t")


@dataclass(frozen=True)
class Cells:
    r"""A CSV as it is written.

    Attributes
    ----------
    text : DataFrame
        Every cell below the header.
    header : list of str
    separator : {",", ";", "\t"}
        The one that the header has most of.
    decimal : {".", ","}
        A comma where another separator leaves it free and a number has one.
    newline : {"\n", "\r\n"}
    encoding : {"utf-8", "utf-8-sig"}
        The latter has a byte order mark, as spreadsheets write it.
    """

    text: pd.DataFrame
    header: list[str]
    separator: str
    decimal: str
    newline: str
    encoding: str

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
        )


def read_cells(path: Path) -> Cells:
    """Read a CSV as text.

    Raises
    ------
    ValueError
        The rows have more cells than the header.
    """
    import pandas as pd

    with path.open("rb") as file:
        line = file.readline()
    bare = re.sub(rb'"[^"]*"', b"", line)
    separator = max(SEPARATORS, key=lambda one: bare.count(one.encode()))
    encoding = "utf-8-sig" if line.startswith(codecs.BOM_UTF8) else "utf-8"
    how: dict[str, Any] = {
        "sep": separator,
        "encoding": encoding,
        "dtype": str,
        "keep_default_na": False,
    }
    text = pd.read_csv(path, **how)
    if not isinstance(text.index, pd.RangeIndex):
        raise ValueError("its rows have more cells than its header. Name every column in line 1.")
    header = pd.read_csv(path, header=None, nrows=1, **how).iloc[0].tolist()
    commas = separator != "," and any(text[name].str.fullmatch(FRACTION).any() for name in text)
    newline = "\r\n" if line.endswith(b"\r\n") else "\n"
    return Cells(text, header, separator, "," if commas else ".", newline, encoding)


def typed(
    path: Path,
    cells: Cells,
    target: str,
    dates: Sequence[str],
    categories: Sequence[str],
) -> pd.DataFrame:
    """The cells as values: numbers, bools, dates, otherwise text, and NaN for NA and the like."""
    import pandas as pd

    rows = cells.read(path, dtype=dict.fromkeys(categories, str), low_memory=False)
    for name in rows:
        text, known = cells.text[name], rows[name].notna()
        if name in dates:
            zones = text.str.extract(ZONE)[0].dropna().unique()
            rows[name] = pd.to_datetime(rows[name], format="ISO8601", utc=len(zones) > 1)
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


def as_cells(new: pd.DataFrame, rows: pd.DataFrame, cells: Cells) -> pd.DataFrame:
    """New rows as text, written as these cells write such rows; empty where they lack a column."""
    from pandas.api import types

    new = new.reset_index(drop=True)
    written = io.StringIO()
    cells.write(new, written)
    written.seek(0)
    text = cells.read(written, dtype=str, keep_default_na=False, skip_blank_lines=False)
    text = text.set_axis(new.columns, axis=1)
    for name in new:
        real, known = cells.text[name], rows[name].notna()
        if types.infer_dtype(rows[name], skipna=True) == "boolean":
            text[name] = new[name].map(dict(zip(rows[name][known], real[known], strict=True)))
        elif types.is_datetime64_any_dtype(rows[name]):
            text[name] = _like(new[name], max(real[known], key=len, default=""))
        gaps = real[~known]
        text.loc[new[name].isna(), name] = gaps.mode().iloc[0] if len(gaps) else ""
    return text.reindex(columns=cells.text.columns, fill_value="")


def _like(times: pd.Series, cell: str) -> pd.Series:
    """Dates or times in the format of a cell that has one."""
    from pandas.tseries.api import guess_datetime_format

    form = guess_datetime_format(cell)
    if form is None:
        return times.astype(str)
    text = times.dt.strftime(form.removesuffix("%z"))
    if not form.endswith("%z"):
        return text
    zone = times.dt.strftime("%z")
    if cell.endswith("Z"):
        zone = zone.replace("+0000", "Z")
    elif cell[-3] == ":":
        zone = zone.str[:3] + ":" + zone.str[3:]
    return text + zone
