"""Cells of a CSV: what their text means, and new values in the manner of those that are there."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

PADDED = r"[+-]?0\d+"  # 007 is a name, not a number
WHOLE = r"[+-]?\d{1,18}"
ZONE = r"[T ]\d\d.*?(Z|[+-]\d\d:?\d\d)$"


def read_cells(path: Path) -> tuple[pd.DataFrame, list[str]]:
    """Every cell of a CSV as its text, and the header as it is written.

    Raises
    ------
    ValueError
        The rows have more cells than the header.
    """
    import pandas as pd

    cells = pd.read_csv(path, dtype=str, keep_default_na=False)
    if not isinstance(cells.index, pd.RangeIndex):
        raise ValueError("its rows have more cells than its header. Name every column in line 1.")
    header = pd.read_csv(path, dtype=str, keep_default_na=False, header=None, nrows=1)
    return cells, header.iloc[0].tolist()


def typed(
    path: Path,
    cells: pd.DataFrame,
    target: str,
    dates: Sequence[str],
    categories: Sequence[str],
) -> pd.DataFrame:
    """The cells as values: numbers, bools, dates, otherwise text, and NaN for NA and the like."""
    import pandas as pd

    rows = pd.read_csv(path, dtype=dict.fromkeys(categories, str), low_memory=False)
    for name in rows:
        text, known = cells[name], rows[name].notna()
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
    if (rows[target].astype(str) != cells[target])[known].any():
        rows[target] = cells[target].where(known)  # 1.0 and TRUE stay so
    return rows


def as_cells(new: pd.DataFrame, rows: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    """New rows as text, written as these cells write such rows; empty where they lack a column."""
    import pandas as pd
    from pandas.api import types

    new = new.reset_index(drop=True)
    text = pd.read_csv(
        io.StringIO(new.to_csv(index=False)),
        dtype=str,
        keep_default_na=False,
        skip_blank_lines=False,
    ).set_axis(new.columns, axis=1)
    for name in new:
        known = rows[name].notna()
        if types.infer_dtype(rows[name], skipna=True) == "boolean":
            text[name] = new[name].map(
                dict(zip(rows[name][known], cells[name][known], strict=True))
            )
        elif types.is_datetime64_any_dtype(rows[name]):
            text[name] = _like(new[name], max(cells[name][known], key=len, default=""))
        gaps = cells[name][~known]
        text.loc[new[name].isna(), name] = gaps.mode().iloc[0] if len(gaps) else ""
    return text.reindex(columns=cells.columns, fill_value="")


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
