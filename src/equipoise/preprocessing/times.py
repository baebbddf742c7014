"""Dates and durations as integers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from equipoise.errors import InvalidInputError
from equipoise.preprocessing.dtypes import is_zoned


def time_dtype(dtype: Any) -> str:
    """NumPy's dtype of dates or durations, without their zone."""
    return f"datetime64[{dtype.unit}]" if is_zoned(dtype) else str(dtype)


def zone_of(dtype: Any) -> Any:
    """Zone of a dtype that has one."""
    return dtype.pyarrow_dtype.tz if isinstance(dtype, pd.ArrowDtype) else dtype.tz


def in_zone(times: pd.Series, zone: Any) -> pd.Series:
    """Times on the clock of a zone, the first of two that it shows twice."""
    first = np.ones(len(times), dtype=bool)
    return times.dt.tz_localize(zone, ambiguous=first, nonexistent="shift_forward")


def ticks_of(values: pd.Series, time: str = "", zone: Any = "UTC") -> np.ndarray:
    """Dates or durations as integers in their own resolution, or that of ``time``.

    Those that know their zone by the clock of ``zone``.
    """
    own = values.dt.tz_convert(zone).dt.tz_localize(None) if is_zoned(values.dtype) else values
    try:
        return (own.astype(time) if time else own).to_numpy().view(np.int64)
    except ValueError as error:  # out of bounds
        raise InvalidInputError(f"Column {values.name!r} of X: {error}.") from None


def distances(ticks: np.ndarray, origin: int) -> tuple[np.ndarray, np.ndarray]:
    """Ticks between these and the origin, uint64, and the side that they are on, 1 or −1.

    A signed difference overflows where the ends of the calendar are both there: an int64 of
    nanoseconds counts 584 years in all.
    """
    start = np.array([origin], dtype=np.int64)
    forward = ticks.view(np.uint64) - start.view(np.uint64)
    is_later = ticks >= start
    return np.where(is_later, forward, -forward), np.where(is_later, 1, -1)
