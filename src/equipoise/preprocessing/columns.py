"""One column of a table ⇄ numbers ⇄ what a network sees of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from pandas.api import types

from equipoise.errors import InvalidInputError
from equipoise.preprocessing.quantiles import NormalScores

MOST_DECIMALS = 6


@dataclass(frozen=True, eq=False)
class NumericColumn:
    """Numbers, dates and durations.

    A network sees a normal score, 0 where the value is missing, and, where training rows lacked
    one, a block of two categories: present and missing.

    Attributes
    ----------
    dtype : str
        pandas dtype that values take on again.
    origin, unit : int
        Dates and durations are counted in units from the origin, both in ticks of the dtype; 0 for
        numbers.
    decimals : int or None
        That are enough to write the training rows, at most `MOST_DECIMALS`; values are rounded to
        them. None where they are not.
    scores : NormalScores
    missing_share : float
        Of the training rows.
    """

    dtype: str
    origin: int
    unit: int
    decimals: int | None
    scores: NormalScores
    missing_share: float

    kind: ClassVar[str] = "numeric"

    @classmethod
    def fit(cls, values: Any, dtype: Any, name: Any) -> Self:
        """Learn from a column of values, a Series or a float array of shape (n,)."""
        origin = unit = 0
        if isinstance(values, pd.Series) and values.dtype.kind in "mM":
            ticks = _ticks(values.dropna())
            if len(ticks):
                origin = int(ticks.min())
                unit = int(np.gcd.reduce(ticks - origin)) or 1
        numbers = _to_numbers(values, origin, unit, name)
        seen = numbers[~np.isnan(numbers)]
        if not len(seen):
            raise InvalidInputError(f"Column {name!r} of X has no value at all. Leave it out.")
        if not np.isfinite(seen.max() - seen.min()) or abs(seen).max() > 1e150:
            raise InvalidInputError(
                f"X has values of up to {abs(seen).max():.3g} in column {name!r}, too large to "
                "standardise. Divide them by a constant first."
            )
        missing = 1 - len(seen) / len(numbers)
        decimals = 0 if unit else _decimals(seen, dtype)
        return cls(str(dtype), origin, unit, decimals, NormalScores.fit(seen), missing)

    def to_numbers(self, values: Any, name: Any) -> np.ndarray:
        """Column of a table → float64 of shape (n,), NaN where a value is missing."""
        return _to_numbers(values, self.origin, self.unit, name)

    def restore(self, numbers: np.ndarray) -> Any:
        """Inverse of :meth:`to_numbers`: an array of the column's dtype."""
        dtype: Any = types.pandas_dtype(self.dtype)
        missing = np.isnan(numbers)
        if self.decimals is not None:
            numbers = np.round(numbers, self.decimals)
        if types.is_datetime64_any_dtype(dtype) or types.is_timedelta64_dtype(dtype):
            ticks = np.where(missing, 0, numbers).astype(np.int64) * self.unit + self.origin
            resolution = getattr(dtype, "unit", None) or np.datetime_data(dtype)[0]
            plain = ticks.view(f"{dtype.kind}8[{resolution}]")
            plain[missing] = np.array("NaT", plain.dtype)
            return pd.array(plain).tz_localize("UTC").astype(dtype) if _zoned(dtype) else plain
        if dtype == np.dtype(object):
            is_whole = self.decimals == 0
            values = [int(v) if is_whole and v == v else v for v in numbers.tolist()]
            return np.array(values, dtype=object)
        plain_dtype = getattr(dtype, "numpy_dtype", dtype)
        if plain_dtype.kind == "b":
            numbers = numbers > 0.5
        elif plain_dtype.kind in "iu":
            limits = np.iinfo(plain_dtype)
            numbers = np.clip(np.where(missing, 0, numbers), limits.min, limits.max)
        if plain_dtype is dtype:
            return numbers.astype(plain_dtype)
        result = pd.array(np.where(missing, 0, numbers).astype(plain_dtype), dtype=dtype)
        result[missing] = pd.NA
        return result

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"kind": self.kind, **vars(self), "scores": self.scores.to_dict()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Inverse of :meth:`to_dict`."""
        scores = NormalScores.from_dict(values["scores"])
        return cls(
            values["dtype"],
            values["origin"],
            values["unit"],
            values["decimals"],
            scores,
            values["missing_share"],
        )


@dataclass(frozen=True, eq=False)
class CategoricalColumn:
    """Values of which only equality counts: categories, strings, bools.

    A network sees a block with a 1 at the value's place, all zeros for a value that the training
    rows did not have. A missing value is a category of its own, where training rows had some.

    Attributes
    ----------
    dtype : str
        pandas dtype that values take on again, ``"category"`` among them.
    values : tuple
        Those seen, in the order of the dtype's categories, otherwise sorted.
    shares : tuple of float
        Of the training rows, that of missing values last, if there were any.
    categories : tuple or None
        All of a ``"category"`` dtype, seen or not.
    ordered : bool
        Whether that dtype is.
    missing : {"nan", "none"}
        How an object column writes a missing value.
    """

    dtype: str
    values: tuple[Any, ...]
    shares: tuple[float, ...]
    categories: tuple[Any, ...] | None
    ordered: bool
    missing: str

    kind: ClassVar[str] = "categorical"

    @classmethod
    def fit(cls, values: pd.Series, dtype: Any, name: Any) -> Self:
        """Learn from a column of values of shape (n,)."""
        categories, ordered = None, False
        if isinstance(values.dtype, pd.CategoricalDtype):
            categories = tuple(values.dtype.categories.tolist())
            ordered = bool(values.dtype.ordered)
        try:
            found = pd.Categorical(values).remove_unused_categories()
        except TypeError:
            raise InvalidInputError(
                f"Column {name!r} of X holds {type(values.iloc[0]).__name__} objects, which "
                "cannot be told apart. Make strings or numbers of them."
            ) from None
        n_missing = int((found.codes < 0).sum())
        if n_missing == len(values):
            raise InvalidInputError(f"Column {name!r} of X has no value at all. Leave it out.")
        counts = np.bincount(found.codes[found.codes >= 0], minlength=len(found.categories))
        shares = [*counts.tolist(), *([n_missing] if n_missing else [])]
        with_none = dtype == np.dtype(object) and any(v is None for v in values[values.isna()])
        return cls(
            "category" if categories is not None else str(dtype),
            tuple(found.categories.tolist()),
            tuple(share / len(values) for share in shares),
            categories,
            ordered,
            "none" if with_none else "nan",
        )

    @property
    def missing_share(self) -> float:
        """Share of the training rows that lacked a value."""
        return self.shares[-1] if len(self.shares) > len(self.values) else 0.0

    def to_numbers(self, values: Any, name: Any) -> np.ndarray:
        """Column of a table → float64 of shape (n,): positions, NaN for missing, −1 for unknown."""
        column = pd.Series(values)
        positions = pd.Index(self.values).get_indexer(pd.Index(column))
        return np.where(column.isna(), np.nan, positions)

    def restore(self, numbers: np.ndarray) -> Any:
        """Inverse of :meth:`to_numbers`: an array or Series of the column's dtype."""
        missing = np.isnan(numbers)
        positions = np.where(missing, -1, numbers).astype(np.intp)
        if self.categories is not None:
            dtype = pd.CategoricalDtype(self.categories, self.ordered)
            return pd.Categorical.from_codes(positions, self.values).set_categories(
                dtype.categories, ordered=self.ordered
            )
        values = np.empty(len(self.values) + 1, dtype=object)
        values[:-1] = self.values
        values[-1] = None if self.missing == "none" else np.nan
        return pd.Series(values[positions], dtype=object).astype(self.dtype)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"kind": self.kind, **vars(self)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Inverse of :meth:`to_dict`."""
        categories = values["categories"]
        return cls(
            values["dtype"],
            tuple(values["values"]),
            tuple(values["shares"]),
            None if categories is None else tuple(categories),
            values["ordered"],
            values["missing"],
        )


Column = NumericColumn | CategoricalColumn


def _to_numbers(values: Any, origin: int, unit: int, name: Any) -> np.ndarray:
    if isinstance(values, np.ndarray):
        return values
    if values.dtype == np.dtype(object):
        values = values.infer_objects()
    if values.dtype.kind in "mM":
        ticks = _ticks(values) - origin
        return np.where(values.isna(), np.nan, ticks / max(unit, 1))
    try:
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    except ValueError as error:
        raise InvalidInputError(
            f"Column {name!r} of X was numeric in fit, now {error}. Pass numbers, or name the "
            "column in categorical_features."
        ) from None
    if np.isinf(numbers).any():
        raise InvalidInputError(
            f"Input X contains infinity in column {name!r}. Replace it by a number, or by NaN "
            "for a missing value."
        )
    return numbers


def _decimals(seen: np.ndarray, dtype: Any) -> int | None:
    """Fewest decimals that lose nothing of the values, in the precision of their dtype."""
    plain: Any = types.pandas_dtype(dtype)
    plain = getattr(plain, "numpy_dtype", plain)
    own = seen.astype(plain) if plain.kind == "f" else seen
    return next((d for d in range(MOST_DECIMALS + 1) if (np.round(own, d) == own).all()), None)


def _ticks(values: pd.Series) -> np.ndarray:
    """Dates or durations as integers in their resolution."""
    plain = values.dt.tz_convert("UTC").dt.tz_localize(None) if _zoned(values.dtype) else values
    return plain.to_numpy().view(np.int64)


def _zoned(dtype: Any) -> bool:
    return isinstance(dtype, pd.DatetimeTZDtype)
