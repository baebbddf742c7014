"""Conversion of a column of numbers, dates or durations to float64, and back."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from pandas.api import types

from equipoise.errors import InvalidInputError
from equipoise.preprocessing.dtypes import (
    MISSING,
    dtype_from_json,
    dtype_to_json,
    missing_mark,
    plain,
    rounded,
)
from equipoise.preprocessing.quantiles import NormalScores
from equipoise.preprocessing.times import Clock, time_dtype

MOST_DECIMALS = 6
OBJECTS = ("date", "decimal")  # kinds of numeric objects for which pandas has no dtype


@dataclass(frozen=True, eq=False)
class NumericColumn:
    """A column of numbers, dates or durations.

    A network receives a normal score, which is 0 if the value is missing. If the training rows have
    missing values, it also receives a block of two categories, present and missing.

    Attributes
    ----------
    dtype : numpy.dtype or pandas.ExtensionDtype
        Dtype of restored values.
    objects : str
        Kind of a column of objects: ``"date"``, ``"decimal"``, or empty for numbers.
    clock : Clock or None
        Conversion of dates and durations to numbers.
    decimals : int or None
        Number of decimals with which the training rows can be written, at most `MOST_DECIMALS`;
        restored values are rounded to them. None if more are necessary.
    scores : NormalScores
        Conversion of numbers to normal scores.
    missing_share : float
        Fraction of the training rows with a missing value.
    missing : {"nan", "none", "NA"}
        How missing values are represented in a column of objects.
    """

    dtype: Any
    objects: str
    clock: Clock | None
    decimals: int | None
    scores: NormalScores
    missing_share: float
    missing: str

    kind: ClassVar[str] = "numeric"

    @classmethod
    def fit(cls, values: Any, dtype: Any, name: Any) -> Self:
        """Fit to a column with at least one value, a Series or a float array of shape (n,)."""
        objects, clock, mark = "", None, "nan"
        if isinstance(values, pd.Series):
            if dtype.kind == "O":
                mark = missing_mark(values)
                kind = types.infer_dtype(values.astype(object), skipna=True)
                objects = kind if kind in OBJECTS else ""
            values = plain(values)
            if values.dtype.kind in "mM":
                if dtype == np.dtype(object) and not objects:
                    dtype = values.dtype  # not objects, which would have no resolution
                clock = Clock.fit(values.dropna())
        if clock:
            numbers = clock.count(values, dtype)
        else:
            numbers = _to_numbers(values, name, "must be numeric, but")
        seen = numbers[~np.isnan(numbers)]
        if not np.isfinite(seen.max() - seen.min()) or abs(seen).max() > 1e150:
            raise InvalidInputError(
                f"X has values of up to {abs(seen).max():.3g} in column {name!r}, too large to "
                "standardise. Divide them by a constant first."
            )
        missing = 1 - len(seen) / len(numbers)
        decimals = 0 if clock else _decimals(seen, dtype)
        scores = NormalScores.fit(seen)
        return cls(dtype, objects, clock, decimals, scores, missing, mark)

    def to_numbers(self, values: Any, name: Any) -> np.ndarray:
        """Convert values to float64 of shape (n,), with NaN for missing values."""
        if isinstance(values, pd.Series):
            values = plain(values)
            time = time_dtype(values.dtype) if values.dtype.kind in "mM" else ""
            own = self.clock.time if self.clock else ""
            if time[:4] != own[:4]:
                if values.isna().all():
                    return np.full(len(values), np.nan)
                had = own.partition("64")[0] or "number"
                now = "number" if types.is_numeric_dtype(values.dtype) else "string"
                has = time.partition("64")[0] or now
                raise InvalidInputError(
                    f"Column {name!r} of X held {had}s in fit, now {has}s. Convert it first."
                )
            if self.clock:
                return self.clock.count(values, self.dtype)
        return _to_numbers(values, name, "was numeric in fit, now")

    def restore(self, numbers: np.ndarray) -> Any:
        """Inverse of :meth:`to_numbers`: an array or Series of the column's dtype."""
        missing = np.isnan(numbers)
        if self.decimals is not None:
            numbers = np.round(numbers, self.decimals)
        dtype = self.dtype
        if self.clock:
            times = self.clock.restore(numbers, dtype)
            if self.objects == "date":
                return times.dt.date.astype(object).where(~missing, MISSING[self.missing])
            return times.astype(dtype)
        if dtype.kind == "O":
            values = [self._restored_object(v) for v in numbers.tolist()]
            return pd.Series(values, dtype=object).astype(dtype)
        own = getattr(dtype, "numpy_dtype", dtype)
        if own.kind in "biu":
            numbers = rounded(np.where(missing, 0, numbers), own)
        if own is dtype:
            return numbers.astype(own)
        result = pd.array(np.where(missing, 0, numbers).astype(own), dtype=dtype)
        result[missing] = pd.NA
        return result

    def _restored_object(self, value: float) -> Any:
        if value != value:
            return MISSING[self.missing]
        if self.objects == "decimal":
            return Decimal(str(value) if self.decimals is None else f"{value:.{self.decimals}f}")
        return int(value) if self.decimals == 0 else value

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        own = {
            "dtype": dtype_to_json(self.dtype),
            "clock": self.clock and vars(self.clock),
            "scores": self.scores.to_dict(),
        }
        return {"kind": self.kind, **vars(self), **own}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Inverse of :meth:`to_dict`."""
        own = {
            "dtype": dtype_from_json(values["dtype"]),
            "clock": values["clock"] and Clock(**values["clock"]),
            "scores": NormalScores.from_dict(values["scores"]),
        }
        return cls(**{k: v for k, v in values.items() if k != "kind"} | own)


def _to_numbers(values: Any, name: Any, says: str) -> np.ndarray:
    """Convert plain values to float64."""
    if isinstance(values, np.ndarray):
        return values
    if values.dtype.kind == "c":
        raise InvalidInputError(
            f"Complex data not supported: column {name!r} of X. Pass real numbers."
        )
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
    """Smallest number of decimals that represents all values in the precision of their dtype."""
    plain_dtype = getattr(dtype, "numpy_dtype", dtype)
    own = seen.astype(plain_dtype) if plain_dtype.kind == "f" else seen
    with np.errstate(over="ignore", invalid="ignore"):  # with half precision
        return next((d for d in range(MOST_DECIMALS + 1) if (np.round(own, d) == own).all()), None)
