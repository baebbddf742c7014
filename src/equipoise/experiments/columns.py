"""Kinds of the columns of a table, and conversions for scikit-learn's transformers.

All functions take a DataFrame or a 2-D array; every column of an array is numeric.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from equipoise.columns import Rows, is_categorical
from equipoise.errors import InvalidInputError
from equipoise.polars import as_pandas


def as_table(X: Any) -> Rows:
    """Return a DataFrame unchanged, and anything else as a 2-D numeric array or a DataFrame.

    Raises
    ------
    InvalidInputError
        No dense table, no rows or columns, or two columns of one name.
    """
    X = as_pandas(X)
    if not isinstance(X, pd.DataFrame):
        given, X = X, np.asarray(X)
        if X.ndim != 2:
            raise InvalidInputError(
                f"X has shape {X.shape}. Pass a DataFrame or a dense array (n_rows, n_columns)."
            )
        if X.dtype.kind not in "biuf":
            # A list of rows column by column: its array has words alone.
            X = pd.DataFrame(given).infer_objects()
    elif any(isinstance(t, pd.ArrowDtype) or t == np.dtype(object) for t in X.dtypes):
        from equipoise.preprocessing.dtypes import plain  # loads torch

        X = pd.concat([plain(X.iloc[:, i]) for i in range(X.shape[1])], axis=1)
    if 0 in X.shape:
        raise InvalidInputError(f"X has shape {X.shape}. Pass at least one row and one column.")
    if isinstance(X, pd.DataFrame) and not X.columns.is_unique:
        twice = X.columns[X.columns.duplicated()][0]
        raise InvalidInputError(
            f"X has two columns {twice!r}. Give every column a name of its own."
        )
    return X


def is_time(column: pd.Series) -> bool:
    """Whether this is a column of dates or durations."""
    return types.is_datetime64_any_dtype(column) or types.is_timedelta64_dtype(column)


def categorical_columns(X: Any) -> list[int]:
    """Positions of the categorical columns."""
    if not isinstance(X, pd.DataFrame):
        return []
    return [i for i in range(X.shape[1]) if is_categorical(X.iloc[:, i])]


def number_columns(X: Any) -> list[int]:
    """Positions of the other columns: numbers, dates and durations."""
    categorical = set(categorical_columns(X))
    return [i for i in range(X.shape[1]) if i not in categorical]


def as_floats(X: Rows) -> Rows:
    """Columns of numbers and times as float64: dates as seconds since 1970, NaN where missing."""
    return X.apply(_floats) if isinstance(X, pd.DataFrame) else X.astype(np.float64)


def as_strings(X: pd.DataFrame) -> pd.DataFrame:
    """Categories as strings, NaN where missing: one type for the encoders of scikit-learn."""
    return X.apply(as_text).astype(object)


def as_text(column: pd.Series) -> pd.Series:
    """The values of a column as strings, NaN where missing."""
    values = column.astype(object).where(column.notna(), np.nan)  # also for pandas.NA and None
    return values.map(str, na_action="ignore")


def with_dtypes_of(original: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Undo :func:`as_floats`: seconds become dates and durations, integers are rounded.

    A column of whole days or whole seconds gets such values, one without values none.
    """
    return pd.DataFrame({c: _restored(rows[c], original[c]) for c in original}, rows.index)


def _restored(column: pd.Series, original: pd.Series) -> pd.Series:
    dtype: Any = original.dtype
    if original.isna().all():
        return original.iloc[:0].reindex(column.index)
    if is_time(original) and types.is_numeric_dtype(column):
        if types.is_timedelta64_dtype(dtype):
            times = pd.to_timedelta(column, unit="s")
        else:
            times = pd.to_datetime(column, unit="s", utc=isinstance(dtype, pd.DatetimeTZDtype))
        return _as_coarse(times.astype(dtype), original.dropna())
    return (column.round() if types.is_integer_dtype(dtype) else column).astype(dtype)


def _as_coarse(times: pd.Series, known: pd.Series) -> pd.Series:
    """Times in whole days or whole seconds where the known ones are."""
    for unit in ("D", "s"):
        if (known == _whole(known, unit)).all():
            return _whole(times, unit)
    return times


def _whole(times: pd.Series, unit: str) -> pd.Series:
    is_date = unit == "D" and types.is_datetime64_any_dtype(times)
    return times.dt.normalize() if is_date else times.dt.floor(unit)


def _floats(column: pd.Series) -> pd.Series:
    if types.is_datetime64_any_dtype(column):
        epoch = pd.Timestamp(0, tz=getattr(column.dtype, "tz", None))
        return (column - epoch).dt.total_seconds()
    if types.is_timedelta64_dtype(column):
        return column.dt.total_seconds()
    try:
        return pd.Series(column.to_numpy(np.float64, na_value=np.nan), column.index)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(
            f"Column {column.name!r} of X mixes kinds of values: {error}. Convert it to numbers, "
            "or to strings."
        ) from None
