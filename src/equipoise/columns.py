"""Which columns of a table are categorical, and whether later rows have the categories of the fit.

Importing this module does not load torch.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from pandas.api import types

Rows: TypeAlias = np.ndarray | pd.DataFrame

CATEGORICAL_DTYPES = (pd.CategoricalDtype, pd.StringDtype, pd.IntervalDtype, pd.PeriodDtype)
CATEGORICAL_OBJECTS = {"string", "boolean", "interval", "period"}  # as pandas infers them
MOST_COMPARED = 1000  # values of a column whose spelling is compared


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


def warn_if_all_unknown(name: Any, values: pd.Series, known: Iterable[Any]) -> None:
    """Warn of a categorical column none of whose values occurred in the fit.

    Parameters
    ----------
    name : hashable
        Name of the column.
    values : Series
        Its values now.
    known : iterable
        Its values in the fit, at least one.
    """
    now, then = values.dropna().unique().tolist()[:MOST_COMPARED], list(known)
    if not now or not set(then).isdisjoint(now):
        return
    by_spelling = {_spelling(value): value for value in then}
    same = [(by_spelling[s], v) for v in now if (s := _spelling(v)) in by_spelling]
    was, found = same[0] if same else (then[0], now[0])
    means = (
        "They say the same: convert the column to the type and the spelling of the fit."
        if same
        else "Each counts as a category that is not known."
    )
    warnings.warn(
        f"Column {name!r} of X has none of the values that it had in fit. They were "
        f"{type(was).__name__}, such as {was!r}, and now are {type(found).__name__}, such as "
        f"{found!r}. {means}",
        stacklevel=3,
    )


def _spelling(value: Any) -> str:
    """A value as text, in one way for ``94110``, ``94110.0``, ``"094110"`` and ``" 94110"``."""
    return re.sub(r"^0+(?=\d+$)", "", re.sub(r"\.0+$", "", str(value).strip().casefold()))
