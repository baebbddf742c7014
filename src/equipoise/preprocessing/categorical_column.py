"""Conversion of a categorical column to indices of its categories, and back."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from equipoise.columns import warn_if_all_unknown
from equipoise.errors import InvalidInputError, counted
from equipoise.preprocessing.dtypes import (
    MISSING,
    dtype_from_json,
    dtype_to_json,
    missing_mark,
    plain,
    value_from_json,
    value_to_json,
)

FEWEST = 20  # rows in which categories that all differ are called identifiers
MOST = 1000  # categories of a column that are told apart, as each widens every row and the network


@dataclass(frozen=True, eq=False)
class CategoricalColumn:
    """A categorical column: categories, strings or bools.

    A network receives a one-hot block, which is all zeros for a value that does not occur in the
    training rows, or is not among their 1,000 most frequent ones. Missing values are an additional
    category, if the training rows have some.

    Attributes
    ----------
    dtype : numpy.dtype or pandas.ExtensionDtype
        Dtype of restored values.
    values : tuple
        The values in the training rows, in the order of the dtype's categories, otherwise sorted;
        the 1,000 most frequent ones if there are more.
    shares : tuple of float
        Their frequencies in the training rows, and last that of missing values, if there are any.
    missing : {"nan", "none", "NA"}
        How missing values are represented in a column of objects.
    """

    dtype: Any
    values: tuple[Any, ...]
    shares: tuple[float, ...]
    missing: str

    kind: ClassVar[str] = "categorical"

    @classmethod
    def fit(cls, values: pd.Series, dtype: Any, name: Any) -> Self:
        """Fit to a column of shape (n,)."""
        try:
            found = pd.Categorical(plain(values)).remove_unused_categories()
        except TypeError:
            raise InvalidInputError(
                f"Column {name!r} of X contains {type(values.iloc[0]).__name__} objects, "
                "which cannot be compared. Convert them to strings or numbers."
            ) from None
        n_missing = int((found.codes < 0).sum())
        if len(found.categories) == len(values) >= FEWEST:
            warnings.warn(
                f"Column {name!r} of X has another category in each of "
                f"{counted(len(values), 'row')}, such as {values.iloc[0]!r}, as identifiers have. "
                "It says nothing of later rows, and synthetic rows repeat its values: leave it "
                "out.",
                stacklevel=3,
            )
        counts = np.bincount(found.codes[found.codes >= 0], minlength=len(found.categories))
        kept = np.sort(np.argsort(-counts, kind="stable")[:MOST])
        if len(kept) < len(counts):
            warnings.warn(
                f"Column {name!r} of X has {counted(len(counts), 'category', 'categories')}. The "
                f"{MOST:,} most frequent ones are told apart, all others count as unknown and are "
                "not generated. If it holds identifiers or free text, leave it out; otherwise "
                "group its values.",
                stacklevel=3,
            )
        shares = [*counts[kept].tolist(), *([n_missing] if n_missing else [])]
        return cls(
            dtype,
            tuple(found.categories[kept].tolist()),
            tuple(share / len(values) for share in shares),
            missing_mark(values) if dtype == np.dtype(object) else "nan",
        )

    @property
    def missing_share(self) -> float:
        """Fraction of the training rows with a missing value."""
        return self.shares[-1] if len(self.shares) > len(self.values) else 0.0

    def to_numbers(self, values: Any, name: Any) -> np.ndarray:
        """Convert values to float64 indices (n,): NaN for missing and −1 for unknown values."""
        column = plain(pd.Series(values))
        # As objects, 1 equals 1.0 and True, as in Python.
        known = pd.Index(self.values, dtype=object)
        positions = known.get_indexer(pd.Index(column, dtype=object))
        if self.values and len(positions) and (positions < 0).all():
            warn_if_all_unknown(name, column, self.values)
        # If the training rows have no value, all values count as missing.
        return np.where(column.isna() | (not self.values), np.nan, positions)

    def restore(self, numbers: np.ndarray) -> Any:
        """Inverse of :meth:`to_numbers`: an array or Series of the column's dtype."""
        missing = np.isnan(numbers)
        positions = np.where(missing, -1, numbers).astype(np.intp)
        if isinstance(self.dtype, pd.CategoricalDtype):
            places = self.dtype.categories.get_indexer(pd.Index(self.values))
            return pd.Categorical.from_codes(np.append(places, -1)[positions], dtype=self.dtype)
        values = np.empty(len(self.values) + 1, dtype=object)
        values[:-1] = self.values
        values[-1] = MISSING[self.missing]
        return pd.Series(values[positions], dtype=object).astype(self.dtype)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        own = {
            "dtype": dtype_to_json(self.dtype),
            "values": [value_to_json(v) for v in self.values],
        }
        return {"kind": self.kind, **vars(self), **own}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Inverse of :meth:`to_dict`."""
        own = {
            "dtype": dtype_from_json(values["dtype"]),
            "values": tuple(value_from_json(v) for v in values["values"]),
            "shares": tuple(values["shares"]),
        }
        return cls(**{k: v for k, v in values.items() if k != "kind"} | own)
