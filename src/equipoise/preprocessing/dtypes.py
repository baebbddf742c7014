"""Dtypes of pandas: what a column holds however it is stored, and dtypes and values as JSON."""

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
    """The same values in a dtype of pandas or NumPy that says what they are.

    Arrow's strings, times and decimals are read, objects of one kind take on its dtype, and dates
    without a time of day (``datetime.date``) are datetimes.
    """
    dtype: Any = values.dtype
    # Arrow's numbers and bools stay: to_numpy reads them as it does pandas' own.
    if isinstance(dtype, pd.ArrowDtype) and dtype.kind not in "biuf":
        stored: Any = values.array
        values = stored.__arrow_array__().to_pandas().set_axis(values.index).rename(values.name)
    if values.dtype == np.dtype(object):
        values = values.infer_objects()
        if types.infer_dtype(values, skipna=True) == "date":
            days = np.array(values.where(values.notna(), None), dtype="datetime64[D]")
            values = pd.Series(days.astype("datetime64[s]"), values.index, name=values.name)
    return values


def is_zoned(dtype: Any) -> bool:
    """Whether times of this dtype know their zone."""
    if isinstance(dtype, pd.ArrowDtype):
        return getattr(dtype.pyarrow_dtype, "tz", None) is not None
    return isinstance(dtype, pd.DatetimeTZDtype)


def rounded(numbers: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Numbers as a dtype of integers or bools has them, within its limits."""
    if dtype.kind == "b":
        return numbers > 0.5
    limits = np.iinfo(dtype)
    numbers = np.round(numbers)
    highest = float(limits.max)  # of 64 bits rounded to one more
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
    """A value of a column as JSON has it: as it is, or by the name of its type.

    Raises
    ------
    InvalidInputError
        It is of a type that has no such name.
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
        "saved. Make strings or numbers of them before the fit."
    )


def value_from_json(value: Any) -> Any:
    """Inverse of :func:`value_to_json`."""
    if not isinstance(value, dict):
        return value
    ((name, written),) = value.items()
    return _READ[name](written)


def dtype_to_json(dtype: Any) -> Any:
    """A dtype as JSON has it.

    Raises
    ------
    InvalidInputError
        pandas could not read its name again.
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
