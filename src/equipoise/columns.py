"""Which columns of a table are categorical. Importing this module does not load torch."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import pandas as pd
from pandas.api import types

Rows: TypeAlias = np.ndarray | pd.DataFrame

CATEGORICAL_DTYPES = (pd.CategoricalDtype, pd.StringDtype, pd.IntervalDtype, pd.PeriodDtype)
CATEGORICAL_OBJECTS = {"string", "boolean", "interval", "period"}  # as pandas infers them


def is_categorical(column: pd.Series) -> bool:
    """Whether the values of a column have no order and no distance.

    Categories, strings, bools, intervals and periods are categorical, whether their dtype says so
    or they are stored as objects. Numbers, ``Decimal`` objects, dates and durations are not.

    Parameters
    ----------
    column : pandas.Series

    Returns
    -------
    bool
    """
    dtype = column.dtype
    if types.is_bool_dtype(dtype) or isinstance(dtype, CATEGORICAL_DTYPES):
        return True
    if dtype == np.dtype(object):
        return types.infer_dtype(column, skipna=True) in CATEGORICAL_OBJECTS
    return isinstance(dtype, pd.ArrowDtype) and (
        dtype.type is str or str(dtype).startswith("dictionary")
    )
