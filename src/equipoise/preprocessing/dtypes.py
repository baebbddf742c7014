"""Dtypes of pandas: columns independent of their storage, and dtypes and values as JSON."""

from __future__ import annotations

import base64
import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from equipoise.errors import InvalidInputError


def plain(values: pd.Series) -> pd.Series:
    """Convert values to the dtype of pandas or NumPy that describes them best.

    Strings, times and decimals of Arrow are converted to those of pandas, objects of one kind get
    the dtype of this kind, and dates without a time of day (``datetime.date``) become datetimes.
    """
    dtype: Any = values.dtype
    # Arrow's numbers and bools need no conversion: to_numpy works as for those of pandas.
    if isinstance(dtype, pd.ArrowDtype) and dtype.kind not in "biuf":
        stored: Any = values.array
        values = stored.__arrow_array__().to_pandas().set_axis(values.index).rename(values.name)
    if values.dtype == np.dtype(object):
        values = values.infer_objects()
        if types.infer_dtype(values, skipna=True) == "date":
            days = np.array(values.where(values.notna(), None), dtype="datetime64[D]")
            values = pd.Series(days.astype("datetime64[s]"), values.index, name=values.name)
    return values


# How missing values are written in a column of objects.
MISSING: dict[str, Any] = {"nan": np.nan, "none": None, "NA": pd.NA}


def missing_mark(values: pd.Series) -> str:
    """The key in ``MISSING`` of the first missing value of a column; "nan" if none is missing."""
    first = next(iter(values[values.isna()]), np.nan) if values.dtype == object else np.nan
    return next((mark for mark, value in MISSING.items() if value is first), "nan")


def is_zoned(dtype: Any) -> bool:
    """Whether times of this dtype have a time zone."""
    if isinstance(dtype, pd.ArrowDtype):
        return getattr(dtype.pyarrow_dtype, "tz", None) is not None
    return isinstance(dtype, pd.DatetimeTZDtype)


def rounded(numbers: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Round numbers to a dtype of integers or bools, and clip them to its limits."""
    if dtype.kind == "b":
        return numbers > 0.5
    limits = np.iinfo(dtype)
    numbers = np.round(numbers)
    highest = float(limits.max)  # for 64 bits, the limit is rounded up to a power of two
    below = np.nextafter(highest, 0) if highest > limits.max else highest
    result = np.clip(numbers, limits.min, below).astype(dtype)
    result[numbers >= highest] = limits.max
    return result


# JSON -------------------------------------------------------------------------------------------

_WRITE: list[tuple[type, str, Callable[[Any], Any]]] = [  # datetimes are dates, too
    (pd.Timestamp, "timestamp", pd.Timestamp.isoformat),
    (pd.Timedelta, "timedelta", pd.Timedelta.isoformat),
    (datetime.date, "date", datetime.date.isoformat),
    (Decimal, "decimal", str),
    (pd.Period, "period", lambda v: [str(v), v.freqstr]),
    (pd.Interval, "interval", lambda v: [value_to_json(v.left), value_to_json(v.right), v.closed]),
]
_READ: dict[str, Callable[[Any], Any]] = {
    "timestamp": pd.Timestamp,
    "timedelta": pd.Timedelta,
    "date": datetime.date.fromisoformat,
    "decimal": Decimal,
    "period": lambda v: pd.Period(v[0], v[1]),
    "interval": lambda v: pd.Interval(value_from_json(v[0]), value_from_json(v[1]), v[2]),
}


def value_to_json(value: Any) -> Any:
    """Convert a value to JSON: unchanged, or as a dict from the name of its type.

    Raises
    ------
    InvalidInputError
        If its type is not supported.
    """
    if isinstance(value, np.generic):  # as the ends of an interval are
        value = value.item()
    if isinstance(value, (str, int, float)):
        return value
    for kind, name, write in _WRITE:
        if isinstance(value, kind):
            return {name: write(value)}
    raise InvalidInputError(
        f"A categorical column with {type(value).__name__} objects such as {value!r} cannot be "
        "saved. Convert them to strings or numbers before the fit."
    )


def value_from_json(value: Any) -> Any:
    """Inverse of :func:`value_to_json`."""
    if not isinstance(value, dict):
        return value
    ((name, written),) = value.items()
    return _READ[name](written)


def dtype_to_json(dtype: Any) -> Any:
    """Convert a dtype to JSON.

    Raises
    ------
    InvalidInputError
        If pandas cannot create the dtype from its name.
    """
    if isinstance(dtype, pd.CategoricalDtype):
        return {
            "categories": [value_to_json(v) for v in dtype.categories.tolist()],
            "dtype": dtype_to_json(dtype.categories.dtype),
            "ordered": bool(dtype.ordered),
        }
    if isinstance(dtype, pd.StringDtype):
        return {"storage": dtype.storage, "missing": str(dtype.na_value)}
    if isinstance(dtype, pd.ArrowDtype):
        import pyarrow

        schema = pyarrow.schema([("column", dtype.pyarrow_dtype)]).serialize()
        return {"arrow": base64.b64encode(schema.to_pybytes()).decode("ascii")}
    name = str(dtype)
    if isinstance(dtype, pd.DatetimeTZDtype) and (offset := dtype.tz.utcoffset(None)) is not None:
        minutes = round(offset.total_seconds() / 60)
        sign, (hours, minutes) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
        name = f"datetime64[{dtype.unit}, UTC{sign}{hours:02}:{minutes:02}]"
        name = name.replace("UTC+00:00", "UTC")
    try:
        types.pandas_dtype(name)
    except (TypeError, ValueError, NotImplementedError):
        raise InvalidInputError(
            f"A column of dtype {name} cannot be saved. Convert it before the fit, times to a zone "
            "with a name that pandas knows, such as Europe/Paris."
        ) from None
    return name


def dtype_from_json(written: Any) -> Any:
    """Inverse of :func:`dtype_to_json`."""
    if isinstance(written, str):
        return types.pandas_dtype(written)
    if "arrow" in written:
        import pyarrow

        schema = pyarrow.ipc.read_schema(pyarrow.py_buffer(base64.b64decode(written["arrow"])))
        return pd.ArrowDtype(schema.field(0).type)
    if "storage" in written:
        how = {"na_value": np.nan} if written["missing"] == "nan" else {}
        return pd.StringDtype(written["storage"], **how)
    values = [value_from_json(v) for v in written["categories"]]
    categories = pd.Index(values, dtype=dtype_from_json(written["dtype"]))
    return pd.CategoricalDtype(categories, written["ordered"])
