"""A column of numbers, dates or durations ⇄ float64."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from pandas.api import types

from equipoise.errors import InvalidInputError
from equipoise.preprocessing.dtypes import dtype_from_json, dtype_to_json, is_zoned, plain
from equipoise.preprocessing.quantiles import NormalScores
from equipoise.preprocessing.times import distances, in_zone, ticks_of, time_dtype, zone_of

MOST_DECIMALS = 6
OBJECTS = ("date", "decimal")  # that are numbers although pandas has no dtype for them


@dataclass(frozen=True, eq=False)
class NumericColumn:
    """Numbers, dates and durations.

    A network sees a normal score, 0 where the value is missing, and, where training rows lacked
    one, a block of two categories: present and missing.

    Attributes
    ----------
    dtype : numpy.dtype or pandas.ExtensionDtype
        That values take on again.
    objects : str
        What an object column holds: ``"date"``, ``"decimal"``, or empty for numbers.
    time : str
        NumPy's dtype of dates and durations, such as ``"datetime64[us]"``; empty for numbers.
    origin, unit : int
        Dates and durations are counted in units from the origin, both in ticks of ``time``; 0 for
        numbers.
    decimals : int or None
        That are enough to write the training rows, at most `MOST_DECIMALS`; values are rounded to
        them. None where they are not.
    scores : NormalScores
    missing_share : float
        Of the training rows.
    local : bool
        Whether times are counted by the clock of their zone: where they are so by larger units, as
        days are that begin at midnight there.
    """

    dtype: Any
    objects: str
    time: str
    origin: int
    unit: int
    decimals: int | None
    scores: NormalScores
    missing_share: float
    local: bool = False

    kind: ClassVar[str] = "numeric"

    @classmethod
    def fit(cls, values: Any, dtype: Any, name: Any) -> Self:
        """Learn from a column with a value, a Series or a float array of shape (n,)."""
        objects, time, origin, unit, local = "", "", 0, 0, False
        if isinstance(values, pd.Series):
            if dtype.kind == "O":
                kind = types.infer_dtype(values.astype(object), skipna=True)
                objects = kind if kind in OBJECTS else ""
            values = plain(values)
            if values.dtype.kind in "mM":
                time = time_dtype(values.dtype)
                if dtype == np.dtype(object) and not objects:
                    dtype = values.dtype  # not objects again: they would have no resolution
                origin, unit, local = _grid(values.dropna())
        zone = zone_of(dtype) if local else "UTC"
        numbers = _to_numbers(values, time, origin, unit, zone, name, "has to be numeric, but")
        seen = numbers[~np.isnan(numbers)]
        if not np.isfinite(seen.max() - seen.min()) or abs(seen).max() > 1e150:
            raise InvalidInputError(
                f"X has values of up to {abs(seen).max():.3g} in column {name!r}, too large to "
                "standardise. Divide them by a constant first."
            )
        missing = 1 - len(seen) / len(numbers)
        decimals = 0 if unit else _decimals(seen, dtype)
        scores = NormalScores.fit(seen)
        return cls(dtype, objects, time, origin, unit, decimals, scores, missing, local)

    def to_numbers(self, values: Any, name: Any) -> np.ndarray:
        """Column of a table → float64 of shape (n,), NaN where a value is missing."""
        if isinstance(values, pd.Series):
            values = plain(values)
            time = time_dtype(values.dtype) if values.dtype.kind in "mM" else ""
            if time[:4] != self.time[:4] and values.notna().any():
                had = self.time.partition("64")[0] or "number"
                now = "number" if types.is_numeric_dtype(values.dtype) else "string"
                has = time.partition("64")[0] or now
                raise InvalidInputError(
                    f"Column {name!r} of X held {had}s in fit, now {has}s. Convert it first."
                )
        says = "was numeric in fit, now"
        return _to_numbers(values, self.time, self.origin, self.unit, self._zone, name, says)

    @property
    def _zone(self) -> Any:
        return zone_of(self.dtype) if self.local else "UTC"

    def restore(self, numbers: np.ndarray) -> Any:
        """Inverse of :meth:`to_numbers`: an array or Series of the column's dtype."""
        missing = np.isnan(numbers)
        if self.decimals is not None:
            numbers = np.round(numbers, self.decimals)
        if self.time:
            return self._restored_times(numbers, missing)
        dtype = self.dtype
        if dtype.kind == "O":
            return pd.Series([self._restored_object(v) for v in numbers.tolist()]).astype(dtype)
        own = getattr(dtype, "numpy_dtype", dtype)
        if own.kind == "b":
            numbers = numbers > 0.5
        elif own.kind in "iu":
            numbers = _whole(np.where(missing, 0, numbers), own)
        if own is dtype:
            return numbers.astype(own)
        result = pd.array(np.where(missing, 0, numbers).astype(own), dtype=dtype)
        result[missing] = pd.NA
        return result

    def _restored_times(self, numbers: np.ndarray, missing: np.ndarray) -> pd.Series:
        # May wrap around on the way, as the way there did.
        ticks = np.where(missing, 0, numbers).astype(np.int64) * self.unit + np.int64(self.origin)
        times = ticks.view(self.time)
        times[missing] = np.array("NaT", times.dtype)
        values = pd.Series(times)
        if self.objects == "date":
            return values.dt.date.astype(object).where(~missing, None)
        return (in_zone(values, self._zone) if is_zoned(self.dtype) else values).astype(self.dtype)

    def _restored_object(self, value: float) -> Any:
        if value != value:
            return None if self.objects else np.nan
        if self.objects == "decimal":
            return Decimal(str(value) if self.decimals is None else f"{value:.{self.decimals}f}")
        return int(value) if self.decimals == 0 else value

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        own = {"dtype": dtype_to_json(self.dtype), "scores": self.scores.to_dict()}
        return {"kind": self.kind, **vars(self), **own}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Inverse of :meth:`to_dict`."""
        own = {
            "dtype": dtype_from_json(values["dtype"]),
            "scores": NormalScores.from_dict(values["scores"]),
        }
        return cls(**{k: v for k, v in values.items() if k != "kind"} | own)


def _grid(times: pd.Series) -> tuple[int, int, bool]:
    """The earliest tick, the largest unit that counts all others from it, and by which clock."""

    def by(zone: Any) -> tuple[int, int]:
        ticks = ticks_of(times, zone=zone)
        origin = int(ticks.min())
        return origin, int(np.gcd.reduce(distances(ticks, origin)[0])) or 1

    origin, unit = by("UTC")
    if is_zoned(times.dtype):
        zone = zone_of(times.dtype)
        local = by(zone)
        if local[1] > unit and in_zone(times.dt.tz_localize(None), zone).equals(times):
            return *local, True
    return origin, unit, False


def _to_numbers(
    values: Any, time: str, origin: int, unit: int, zone: Any, name: Any, says: str
) -> np.ndarray:
    """Plain values → float64; times in units of ``time`` from the origin, as ``zone`` has them."""
    if isinstance(values, np.ndarray):
        return values
    if time and values.dtype.kind in "mM":
        distance, side = distances(ticks_of(values, time, zone), origin)
        return np.where(values.isna(), np.nan, side * (distance / unit))
    try:
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    except (ValueError, TypeError) as error:
        raise InvalidInputError(
            f"Column {name!r} of X {says} {error}. Pass numbers, or name the column in "
            "categorical_features."
        ) from None
    if np.isinf(numbers).any():
        raise InvalidInputError(
            f"Input X contains infinity in column {name!r}. Replace it by a number, or by NaN "
            "for a missing value."
        )
    return numbers


def _decimals(seen: np.ndarray, dtype: Any) -> int | None:
    """Fewest decimals that lose nothing of the values, in the precision of their dtype."""
    plain_dtype = getattr(dtype, "numpy_dtype", dtype)
    own = seen.astype(plain_dtype) if plain_dtype.kind == "f" else seen
    with np.errstate(over="ignore", invalid="ignore"):  # of half precision
        return next((d for d in range(MOST_DECIMALS + 1) if (np.round(own, d) == own).all()), None)


def _whole(numbers: np.ndarray, dtype: Any) -> np.ndarray:
    """Whole numbers within the limits of an integer dtype."""
    limits = np.iinfo(dtype)
    highest = float(limits.max)  # of 64 bits rounded to one more
    below = np.nextafter(highest, 0) if highest > limits.max else highest
    result = np.clip(numbers, limits.min, below).astype(dtype)
    result[numbers >= highest] = limits.max
    return result
