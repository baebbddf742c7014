"""Conversion of dates and durations to numbers, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from equipoise.errors import InvalidInputError
from equipoise.preprocessing.dtypes import is_zoned


@dataclass(frozen=True)
class Clock:
    """Origin and unit in which the dates or durations of a column are counted.

    Attributes
    ----------
    time : str
        Their dtype in NumPy, such as ``"datetime64[us]"``.
    origin, unit : int
        They are counted in units from the origin; both are in ticks of ``time``.
    local : bool
        Whether they are counted in the local time of their zone. It is true if the unit is larger
        then, as for days that begin at midnight in local time.
    """

    time: str
    origin: int
    unit: int
    local: bool

    @classmethod
    def fit(cls, times: pd.Series) -> Self:
        """Find the earliest tick, and the largest unit in which the others can be counted."""
        time = time_dtype(times.dtype)
        origin, unit = _grid(ticks_of(times))
        if is_zoned(times.dtype):
            zone = zone_of(times.dtype)
            its_origin, its_unit = _grid(ticks_of(times, zone=zone))
            if its_unit > unit and in_zone(times.dt.tz_localize(None), zone).equals(times):
                return cls(time, its_origin, its_unit, local=True)
        return cls(time, origin, unit, local=False)

    def count(self, times: pd.Series, dtype: Any) -> np.ndarray:
        """Convert times to float64, with NaN for missing ones; ``dtype`` has the time zone."""
        ticks = ticks_of(times, self.time, self._zone(dtype))
        distance, side = distances(ticks, self.origin)
        return np.where(times.isna(), np.nan, side * (distance / self.unit))

    def restore(self, numbers: np.ndarray, dtype: Any) -> pd.Series:
        """Inverse of :meth:`count` for whole numbers; with a time zone if ``dtype`` has one."""
        missing = np.isnan(numbers)
        # The integers may overflow, as in count; the result is correct nevertheless.
        ticks = np.where(missing, 0, numbers).astype(np.int64) * self.unit + np.int64(self.origin)
        times = ticks.view(self.time)
        times[missing] = np.array("NaT", times.dtype)
        values = pd.Series(times)
        return in_zone(values, self._zone(dtype)) if is_zoned(dtype) else values

    def _zone(self, dtype: Any) -> Any:
        return zone_of(dtype) if self.local else "UTC"


def _grid(ticks: np.ndarray) -> tuple[int, int]:
    origin = int(ticks.min())
    return origin, int(np.gcd.reduce(distances(ticks, origin)[0])) or 1


def time_dtype(dtype: Any) -> str:
    """Dtype of dates or durations in NumPy, without their time zone."""
    return f"datetime64[{dtype.unit}]" if is_zoned(dtype) else str(dtype)


def zone_of(dtype: Any) -> Any:
    """Time zone of a dtype that has one."""
    return dtype.pyarrow_dtype.tz if isinstance(dtype, pd.ArrowDtype) else dtype.tz


def in_zone(times: pd.Series, zone: Any) -> pd.Series:
    """Localise times to a zone; an ambiguous time is the first of both."""
    first = np.ones(len(times), dtype=bool)
    return times.dt.tz_localize(zone, ambiguous=first, nonexistent="shift_forward")


def ticks_of(values: pd.Series, time: str = "", zone: Any = "UTC") -> np.ndarray:
    """Convert dates or durations to integers, in their own resolution or that of ``time``.

    Dates with a time zone are converted to the local time of ``zone``.
    """
    own = values.dt.tz_convert(zone).dt.tz_localize(None) if is_zoned(values.dtype) else values
    try:
        return (own.astype(time) if time else own).to_numpy().view(np.int64)
    except ValueError as error:  # out of bounds
        raise InvalidInputError(
            f"Column {values.name!r} of X: {error}. Pass times within the range of the fit's dtype."
        ) from None


def distances(ticks: np.ndarray, origin: int) -> tuple[np.ndarray, np.ndarray]:
    """Absolute distances of ticks from the origin, as uint64, and their signs, 1 or −1.

    Signed differences could overflow, because an int64 of nanoseconds covers only 584 years.
    """
    start = np.array([origin], dtype=np.int64)
    forward = ticks.view(np.uint64) - start.view(np.uint64)
    is_later = ticks >= start
    return np.where(is_later, forward, -forward), np.where(is_later, 1, -1)
