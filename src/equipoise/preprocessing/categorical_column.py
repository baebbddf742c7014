"""A column of values of which only equality counts ⇄ their positions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from equipoise.errors import InvalidInputError
from equipoise.preprocessing.dtypes import (
    dtype_from_json,
    dtype_to_json,
    plain,
    value_from_json,
    value_to_json,
)


@dataclass(frozen=True, eq=False)
class CategoricalColumn:
    """Values of which only equality counts: categories, strings, bools.

    A network sees a block with a 1 at the value's place, all zeros for a value that the training
    rows did not have. A missing value is a category of its own, where training rows had some.

    Attributes
    ----------
    dtype : numpy.dtype or pandas.ExtensionDtype
        That values take on again.
    values : tuple
        Those seen, in the order of the dtype's categories, otherwise sorted.
    shares : tuple of float
        Of the training rows, that of missing values last, if there were any.
    missing : {"nan", "none"}
        How an object column writes a missing value.
    """

    dtype: Any
    values: tuple[Any, ...]
    shares: tuple[float, ...]
    missing: str

    kind: ClassVar[str] = "categorical"

    @classmethod
    def fit(cls, values: pd.Series, dtype: Any, name: Any) -> Self:
        """Learn from a column of values of shape (n,)."""
        try:
            found = pd.Categorical(plain(values)).remove_unused_categories()
        except TypeError:
            raise InvalidInputError(
                f"Column {name!r} of X holds {type(values.iloc[0]).__name__} objects, which "
                "cannot be told apart. Make strings or numbers of them."
            ) from None
        n_missing = int((found.codes < 0).sum())
        counts = np.bincount(found.codes[found.codes >= 0], minlength=len(found.categories))
        shares = [*counts.tolist(), *([n_missing] if n_missing else [])]
        with_none = dtype == np.dtype(object) and any(v is None for v in values[values.isna()])
        return cls(
            dtype,
            tuple(found.categories.tolist()),
            tuple(share / len(values) for share in shares),
            "none" if with_none else "nan",
        )

    @property
    def missing_share(self) -> float:
        """Share of the training rows that lacked a value."""
        return self.shares[-1] if len(self.shares) > len(self.values) else 0.0

    def to_numbers(self, values: Any, name: Any) -> np.ndarray:
        """Column of a table → float64 of shape (n,): positions, NaN for missing, −1 for unknown."""
        column = plain(pd.Series(values))
        # As objects, 1 is 1.0 and True, as it is in Python.
        known = pd.Index(self.values, dtype=object)
        positions = known.get_indexer(pd.Index(column, dtype=object))
        # Of a column that had no value, none is news.
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
        values[-1] = None if self.missing == "none" else np.nan
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
