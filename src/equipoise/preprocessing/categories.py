"""Which columns of a table are categorical."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from equipoise.errors import InvalidInputError, InvalidParameterError

CATEGORICAL = (pd.CategoricalDtype, pd.StringDtype, pd.IntervalDtype, pd.PeriodDtype)
KINDS_OF_OBJECTS = {"string", "boolean", "interval", "period"}


def is_categorical(values: pd.Series) -> bool:
    """Whether a column's values have no order and distance: categories, strings and bools."""
    dtype = values.dtype
    if types.is_bool_dtype(dtype) or isinstance(dtype, CATEGORICAL):
        return True
    if dtype == np.dtype(object):
        return types.infer_dtype(values, skipna=True) in KINDS_OF_OBJECTS
    return isinstance(dtype, pd.ArrowDtype) and (
        dtype.type is str or str(dtype).startswith("dictionary")
    )


def named_categorical(table: np.ndarray | pd.DataFrame, categorical_features: Any) -> list[bool]:
    """Mask of the columns that a user calls categorical.

    Parameters
    ----------
    table : DataFrame or array of shape (n, n_features)
    categorical_features : "auto", array-like of int, of str or of bool
        ``"auto"`` leaves it to the dtypes, which say nothing of an array of numbers.

    Raises
    ------
    InvalidParameterError
        A column that the table does not have, or a mask of another length.
    InvalidInputError
        A column of strings or categories that is not among those named.
    """
    n = table.shape[1]
    columns, names = [], []
    if isinstance(table, pd.DataFrame):
        columns, names = [table.iloc[:, i] for i in range(n)], table.columns.tolist()
    if isinstance(categorical_features, str) and categorical_features == "auto":
        return [is_categorical(values) for values in columns] or [False] * n
    given = np.atleast_1d(np.asarray(categorical_features))
    if given.dtype == bool and given.shape == (n,):
        mask = given.tolist()
    elif given.dtype.kind in "iu" and given.ndim == 1 and ((given >= -n) & (given < n)).all():
        mask = np.isin(np.arange(n), given % n).tolist()
    elif given.size == 0:
        mask = [False] * n
    elif given.dtype.kind in "UO" and given.ndim == 1 and set(given) <= set(names):
        mask = np.isin(np.asarray(names, object), given).tolist()
    else:
        raise InvalidParameterError(
            f"categorical_features={categorical_features!r} must be 'auto', a mask of {n} bools, "
            f"positions from 0 to {n - 1}" + (f", or names among {names}." if names else ".")
        )
    for name, values, is_in in zip(names, columns, mask if columns else [], strict=True):
        if is_in or types.is_bool_dtype(values.dtype) or values.isna().all():
            continue
        if is_categorical(values):
            raise InvalidInputError(
                f"Column {name!r} of X holds {values.dtype} values but is not in "
                f"categorical_features={categorical_features!r}. Name it there, or leave it to "
                "'auto'."
            )
    return mask
