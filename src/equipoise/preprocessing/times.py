"""Dates and durations ⇄ numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from equipoise.errors import InvalidInputError
from equipoise.preprocessing.dtypes import is_zoned


@dataclass(frozen=True)
class Clock:
    """How a column counts its dates or durations.

    Attributes
    ----------
    time : str
        NumPy's dtype of them, such as ``"datetime64[us]"``.
    origin, unit : int
        They are counted in units from the origin, both in ticks of ``time``.
    local : bool
        Whether by the clock of their zone: where they are so by larger units, as days are that
        begin at midnight there.
    """

    time: str
    origin: int
    unit: int
    local: bool

    @classmethod
    def fit(cls, times: pd.Series) -> Self:
        """The earliest tick, and the largest unit that counts all others from it."""
        time = time_dtype(times.dtype)
        origin, unit = _grid(ticks_of(times))
        if is_zoned(times.dtype):
            zone = zone_of(times.dtype)
            its_origin, its_unit = _grid(ticks_of(times, zone=zone))
            if its_unit > unit and in_zone(times.dt.tz_localize(None), zone).equals(times):
                return cls(time, its_origin, its_unit, local=True)
        return cls(time, origin, unit, local=False)

    def count(self, times: pd.Series, dtype: Any) -> np.ndarray:
        """Times → float64, NaN where one is missing; the zone is that of ``dtype``."""
        ticks = ticks_of(times, self.time, self._zone(dtype))
        distance, side = distances(ticks, self.origin)
        return np.where(times.isna(), np.nan, side * (distance / self.unit))

    def restore(self, numbers: np.ndarray, dtype: Any) -> pd.Series:
        """Inverse of :meth:`count`, of whole numbers; with a zone where ``dtype`` has one."""
        missing = np.isnan(numbers)
        # May wrap around on the way, as the way there did.
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
