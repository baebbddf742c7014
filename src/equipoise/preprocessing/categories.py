"""Which columns of a table a user declares to be categorical."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from pandas.api import types

from equipoise.columns import is_categorical
from equipoise.errors import InvalidInputError, InvalidParameterError


def named_categorical(
    table: np.ndarray | pd.DataFrame, categorical_features: ArrayLike
) -> list[bool]:
    """Return a mask of the columns that ``categorical_features`` selects.

    Parameters
    ----------
    table : DataFrame or array of shape (n, n_features)
    categorical_features : "auto", array-like of int, of str or of bool
        ``"auto"`` selects by dtype; in an array of numbers no column is categorical then.

    Raises
    ------
    InvalidParameterError
        If it names a column that the table does not have, or is a mask of another length.
    InvalidInputError
        If a column of strings or categories is not selected.
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
            f"indices from 0 to {n - 1}" + (f", or names among {names}." if names else ".")
        )
    for name, values, is_in in zip(names, columns, mask if columns else [], strict=True):
        if is_in or types.is_bool_dtype(values.dtype) or values.isna().all():
            continue
        if is_categorical(values):
            raise InvalidInputError(
                f"Column {name!r} of X contains {values.dtype} values but is not in "
                f"categorical_features={categorical_features!r}. Add it, or set 'auto'."
            )
    return mask
