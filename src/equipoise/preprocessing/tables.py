"""Conversion of tables with columns of any kind to numbers and tensors, and back."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from equipoise.columns import is_categorical
from equipoise.errors import InvalidInputError, counted
from equipoise.preprocessing.categorical_column import CategoricalColumn
from equipoise.preprocessing.categories import named_categorical
from equipoise.preprocessing.names import plain_names
from equipoise.preprocessing.numeric_column import NumericColumn
from equipoise.preprocessing.orderings import Orderings, Scales, find_orderings, in_order

Column = NumericColumn | CategoricalColumn


# With more numbers in a row, their embeddings would take most of the time and of the parameters,
# and the layers would learn the rows by heart if they were not held back.
MOST_EMBEDDED = 256


class Layout(NamedTuple):
    """Positions of the columns in the tensor of a table: numbers first, then one-hot blocks.

    Attributes
    ----------
    n_numeric : int
        Number of numeric columns.
    shares : tuple of tuple of float
        Frequencies of the categories of every block in the training rows.
    flagged : tuple of int
        Numeric columns with missing values. For each of them, in this order, one of the last blocks
        indicates whether the value is present (first entry) or missing (second entry).
    """

    n_numeric: int
    shares: tuple[tuple[float, ...], ...]
    flagged: tuple[int, ...]

    @property
    def is_wide(self) -> bool:
        """Whether there are so many numbers, as in embeddings, that networks do not embed them."""
        return self.n_numeric > MOST_EMBEDDED


@dataclass(frozen=True, eq=False)
class TableCodec:
    """The columns of a training table, and the conversion of rows to tensors and back.

    A tensor consists of the standardised normal scores of the numeric columns, the one-hot blocks
    of the categorical columns, and one-hot blocks that indicate for numeric columns whether the
    value is missing.

    Attributes
    ----------
    columns : tuple of NumericColumn or CategoricalColumn
    names : pandas.Index or None
        Names of the columns, if fitted on a DataFrame; decoded rows are then a DataFrame, too.
    dtype : str or None
        Dtype of decoded rows, if fitted on an array.
    allow_missing : bool
        Whether values may be missing.
    orderings : dict of int to list of int
        For each column that is never below others in the training rows: the positions of these.
        Decoded rows obey it.
    """

    columns: tuple[Column, ...]
    names: pd.Index | None
    dtype: str | None
    allow_missing: bool = True
    orderings: Orderings = field(default_factory=dict)

    @classmethod
    def fit(
        cls,
        table: np.ndarray | pd.DataFrame,
        original: object = None,
        categorical_features: ArrayLike = "auto",
        allow_missing: bool = True,
    ) -> Self:
        """Fit the codec to the columns of a training table.

        Parameters
        ----------
        table : DataFrame, or float array of shape (n, n_features)
        original : object, default=None
            What the user passed: decoded rows get its dtype.
        categorical_features : "auto", array-like of int, of str or of bool, default="auto"
            Categorical features; ``"auto"`` selects columns of bools, strings and categories.
        allow_missing : bool, default=True
            Whether values may be missing, here and later; otherwise they raise an error.

        Raises
        ------
        InvalidInputError
            If missing values are not allowed but present, there is no value at all, or a column has
            values of an unsupported kind.
        InvalidParameterError
            If ``categorical_features`` does not match the table.
        """
        if not allow_missing:
            _check_no_missing(table)
        # A column without any value is treated as a category that is always missing.
        named = np.asarray(named_categorical(table, categorical_features))
        is_category = (named | _empty_columns(table)).tolist()
        if isinstance(table, np.ndarray):
            dtype = _restorable(original.dtype if isinstance(original, np.ndarray) else table.dtype)
            columns = tuple(
                CategoricalColumn.fit(pd.Series(values), np.dtype(dtype), i)
                if is_in
                else NumericColumn.fit(values, np.dtype(dtype), i)
                for i, (values, is_in) in enumerate(zip(table.T, is_category, strict=True))
            )
            return cls(columns, None, dtype, allow_missing)._with_orderings(table)
        names = table.columns
        columns = tuple(
            _fit_column(table.iloc[:, i], names[i], is_in) for i, is_in in enumerate(is_category)
        )
        if isinstance(original, (np.ndarray, list, tuple)):
            return cls(columns, None, "object", allow_missing)._with_orderings(table)
        return cls(columns, names, None, allow_missing)._with_orderings(table)

    def _with_orderings(self, table: np.ndarray | pd.DataFrame) -> Self:
        """The same codec with the orderings that the rows of a table obey."""
        return replace(self, orderings=find_orderings(self.rows(table), self._scales))

    # Shapes ---------------------------------------------------------------------------------

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of a row as the user passes it."""
        return (len(self.columns),)

    @property
    def encoded_shape(self) -> tuple[int, ...]:
        """Shape of an encoded row, for which networks are built."""
        return (self.layout.n_numeric + sum(map(len, self.layout.shares)),)

    @property
    def column_names(self) -> list[str | float] | None:
        """Names of the columns for :func:`~equipoise.preprocessing.names.check_names`."""
        return None if self.names is None else plain_names(self.names)

    @cached_property
    def layout(self) -> Layout:
        """Positions of the columns in the tensor."""
        missing = [column.missing_share for column in self._numeric.values()]
        flagged = tuple(i for i, share in enumerate(missing) if share)
        shares = tuple(column.shares for column in self._categorical.values())
        of_missing = tuple((1 - missing[i], missing[i]) for i in flagged)
        return Layout(len(missing), shares + of_missing, flagged)

    @cached_property
    def _numeric(self) -> dict[int, NumericColumn]:
        return {i: c for i, c in enumerate(self.columns) if isinstance(c, NumericColumn)}

    @cached_property
    def _place(self) -> list[int]:
        return list(self._numeric)

    @cached_property
    def _categorical(self) -> dict[int, CategoricalColumn]:
        return {i: c for i, c in enumerate(self.columns) if isinstance(c, CategoricalColumn)}

    @cached_property
    def _scales(self) -> Scales:
        return Scales(self._numeric)

    # Rows -----------------------------------------------------------------------------------

    def check(self, table: np.ndarray | pd.DataFrame) -> None:
        """Raise an error for rows that are not like those of the fit.

        Raises
        ------
        InvalidInputError
            If the number of columns differs, or missing values are not allowed but present.
        """
        if table.ndim != 2 or table.shape[1] != len(self.columns):
            raise InvalidInputError(
                f"X has shape {table.shape}, but the estimator was fitted on rows of "
                f"{counted(len(self.columns), 'feature')}. Pass the same columns."
            )
        if not self.allow_missing:
            _check_no_missing(table)

    def rows(self, table: np.ndarray | pd.DataFrame) -> np.ndarray:
        """Convert a table to a float64 matrix, with indices of categories and NaN if missing."""
        if isinstance(table, np.ndarray) and not self._categorical:
            return table
        names = range(len(self.columns)) if self.names is None else self.names
        result = np.empty(table.shape)
        for i, (column, name) in enumerate(zip(self.columns, names, strict=True)):
            part = table[:, i] if isinstance(table, np.ndarray) else table.iloc[:, i]
            result[:, i] = column.to_numbers(part, name)
        return result

    def encode(self, rows: np.ndarray) -> Tensor:
        """Encode a matrix from :meth:`rows` as a float64 tensor of shape (n, *encoded_shape)."""
        n_numeric, shares, flagged = self.layout
        result = np.zeros((len(rows), *self.encoded_shape))
        for at, (i, numeric) in enumerate(self._numeric.items()):
            result[:, at] = np.nan_to_num(numeric.scores.encode(rows[:, i]))
        positions = [
            np.where(np.isnan(rows[:, i]), len(column.values), rows[:, i])
            for i, column in self._categorical.items()
        ]
        positions += [np.isnan(rows[:, self._place[f]]) for f in flagged]
        start, every = n_numeric, np.arange(len(rows))
        for position, block in zip(positions, shares, strict=True):
            known = (position >= 0) & (position < len(block))
            result[every[known], start + position[known].astype(np.intp)] = 1
            start += len(block)
        return torch.from_numpy(result)

    def decode(self, encoded: Tensor) -> np.ndarray | pd.DataFrame:
        """Decode a tensor as from :meth:`encode` into the user's container, columns and dtypes.

        The category of a block is that of its largest entry. Numbers that break an ordering of
        columns are raised until they obey it.
        """
        return self.container(in_order(self._decoded(encoded), self.orderings, self._scales))

    def breaks_ordering(self, encoded: Tensor) -> np.ndarray:
        """Whether :meth:`decode` has to change each of these rows, a mask of shape (n,)."""
        if not self.orderings:
            return np.zeros(len(encoded), dtype=bool)
        rows = self._decoded(encoded)
        raised: np.ndarray = in_order(rows, self.orderings, self._scales) > rows
        return np.logical_or.reduce(raised, axis=1)

    def _decoded(self, encoded: Tensor) -> np.ndarray:
        """Decode a tensor as from :meth:`encode` into a matrix as from :meth:`rows`."""
        values = encoded.detach().cpu().double().numpy()
        n_numeric, _, flagged = self.layout
        rows = np.empty((len(values), len(self.columns)))
        for at, (i, numeric) in enumerate(self._numeric.items()):
            numbers = numeric.scores.decode(values[:, at])
            rows[:, i] = numbers if numeric.decimals is None else numbers.round(numeric.decimals)
        start = n_numeric
        for i, column in self._categorical.items():
            position = values[:, start : start + len(column.shares)].argmax(1)
            rows[:, i] = np.where(position == len(column.values), np.nan, position)
            start += len(column.shares)
        for f in flagged:
            rows[values[:, start + 1] > values[:, start], self._place[f]] = np.nan
            start += 2
        return rows

    def container(self, rows: np.ndarray) -> np.ndarray | pd.DataFrame:
        """Inverse of :meth:`rows`: convert a matrix to the user's container and dtypes."""
        columns = [column.restore(rows[:, i]) for i, column in enumerate(self.columns)]
        if self.dtype is not None:
            result = np.empty(rows.shape, dtype=self.dtype)
            for i, column in enumerate(columns):
                result[:, i] = pd.Series(column).astype(self.dtype)
            return result
        return pd.DataFrame(dict(enumerate(columns))).set_axis(self.names, axis=1)

    # Saving ---------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; names other than strings and numbers become strings."""
        columns = [column.to_dict() for column in self.columns]
        return {
            "kind": "table",
            "columns": columns,
            "names": self.column_names,
            "dtype": self.dtype,
            "allow_missing": self.allow_missing,
            "orderings": list(self.orderings.items()),
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Inverse of :meth:`to_dict`."""
        kinds: dict[str, Callable[..., Column]] = {
            kind.kind: kind.from_dict for kind in (NumericColumn, CategoricalColumn)
        }
        columns = tuple(kinds[column["kind"]](column) for column in values["columns"])
        names = None if values["names"] is None else pd.Index(values["names"])
        # Models that were saved before orderings were learnt have none.
        orderings = {high: lows for high, lows in values.get("orderings", [])}
        return cls(columns, names, values["dtype"], values["allow_missing"], orderings)


def _check_no_missing(table: np.ndarray | pd.DataFrame) -> None:
    missing = np.asarray(pd.isna(table)).sum(0)
    if missing.any():
        i = int(missing.argmax())
        name = i if isinstance(table, np.ndarray) else table.columns[i]
        raise InvalidInputError(
            f"Input X contains NaN: column {name!r} lacks {missing[i]} values. Fill them in, "
            "leave the rows out, or set allow_missing=True."
        )


def _empty_columns(table: np.ndarray | pd.DataFrame) -> np.ndarray:
    """Mask of the columns in which every value is missing.

    Raises
    ------
    InvalidInputError
        If that is true of all columns.
    """
    empty: np.ndarray = np.logical_and.reduce(np.asarray(pd.isna(table)))
    if empty.all():
        raise InvalidInputError("X has only missing values. Pass rows with at least one value.")
    names = np.arange(len(empty)) if isinstance(table, np.ndarray) else table.columns
    if empty.any():
        warnings.warn(
            f"X has only missing values in {names[empty].tolist()}: these columns are ignored.",
            stacklevel=2,
        )
    return empty


def _fit_column(values: pd.Series, name: Any, is_named: bool) -> Column:
    kind = CategoricalColumn if is_named or is_categorical(values) else NumericColumn
    return kind.fit(values, values.dtype, name)


def _restorable(dtype: Any) -> str:
    """Name of a dtype of numbers or bools; float64 for other dtypes."""
    return str(dtype) if dtype.kind in "biuf" else "float64"
