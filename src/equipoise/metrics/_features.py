"""Validation of numeric tables and of parameters."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.errors import InvalidInputError, InvalidParameterError, counted

Rows = NDArray[np.float64]

BLOCK_MEBIBYTES = 64  # memory of a block of distances; scikit-learn's default is 1 GiB


def check_features(name: str, X: ArrayLike, min_rows: int = 1) -> Rows:
    """Return `X` as a table of finite float64 values with at least `min_rows` rows.

    Parameters
    ----------
    name : str
        Name of `X` in error messages.
    X : array-like of shape (n, d)
        Features, or flattened images.
    min_rows : int, default=1

    Returns
    -------
    ndarray of shape (n, d)
        May share memory with `X`.

    Raises
    ------
    InvalidInputError
        If `X` is not a numeric table, has a value that is not finite, or has too few rows.
    """
    rows = np.asarray(X)
    if rows.ndim != 2 or rows.shape[1] == 0 or rows.dtype.kind not in "biuf":
        raise InvalidInputError(
            f"{name} must be a numeric table with a row for each sample, got shape {rows.shape} "
            f"and dtype {rows.dtype}. Pass shape (n, n_features); flatten images with "
            f"{name}.reshape(len({name}), -1)."
        )
    if len(rows) < min_rows:
        raise InvalidInputError(
            f"{name} has {counted(len(rows), 'row')}, at least {min_rows} are needed. Pass more "
            "rows."
        )
    rows = rows.astype(np.float64, copy=False)
    if not np.isfinite(rows).all():
        raise InvalidInputError(
            f"{name} has NaN or infinite values. Drop these rows or impute the values first."
        )
    return rows


def check_same_width(name: str, rows: Rows, other_name: str, other: Rows) -> None:
    """Raise an InvalidInputError if two tables differ in their number of columns."""
    if rows.shape[1] != other.shape[1]:
        raise InvalidInputError(
            f"{name} has {counted(rows.shape[1], 'feature')} but {other_name} has "
            f"{other.shape[1]}. Pass the same features in both."
        )


def check_count(name: str, value: int, low: int) -> None:
    """Raise an InvalidParameterError unless `value` is an integer of at least `low`."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Integral) or value < low:
        raise InvalidParameterError(
            f"{name}={value!r} is not possible. Pass an integer of at least {low}."
        )


def check_fraction(name: str, value: float) -> None:
    """Raise an InvalidParameterError unless `value` lies strictly between 0 and 1."""
    if not isinstance(value, Real) or not 0 < value < 1:
        raise InvalidParameterError(
            f"{name}={value!r} is not possible. Pass a number above 0 and below 1."
        )
