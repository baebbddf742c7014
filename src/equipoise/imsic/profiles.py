"""How the columns of a table change with a code, and between two rows."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from equipoise.preprocessing import TableCodec
from equipoise.preprocessing.dtypes import is_zoned, plain
from equipoise.preprocessing.numeric_column import NumericColumn

N_COLUMNS = 6  # number of columns that are drawn: those with the largest effects


class Profile(NamedTuple):
    """How a column changes with a code.

    Attributes
    ----------
    values : ndarray of shape (n_codes, n_classes, n_values)
        Means, or frequencies of a category.
    effect : float
        Largest change, in standard deviations of the column or as a difference of frequencies.
    """

    values: np.ndarray
    effect: float


def column_profiles(codec: TableCodec, rows: np.ndarray, train: np.ndarray) -> dict[str, Any]:
    """Compute profiles of the columns that change most, in descending order of their effect.

    Parameters
    ----------
    codec : TableCodec
    rows : ndarray of shape (n_codes, n_classes, n, n_values, n_columns)
        Traversals, as :meth:`TableCodec.rows` returns them.
    train : ndarray of shape (n_train, n_columns)
        Training rows, for the scale.

    Returns
    -------
    dict of str to ndarray of shape (n_codes, n_classes, n_values)
        Values by the name of the column, for categorical columns with the category that changes
        most. Dates remain dates, durations are in hours, and values are missing where a class has
        none.
    """
    found = {}
    for i, column in enumerate(codec.columns):
        name = i if codec.names is None else codec.names[i]
        values = rows[..., i]
        if isinstance(column, NumericColumn):
            mean = np.ma.masked_invalid(values).mean(2).filled(np.nan)
            spread = np.nanstd(train[:, i]) or 1.0
            name = f"{name} (hours)" if _is_duration(column) else str(name)
            found[name] = Profile(_in_units(column, mean), _largest_change(mean) / spread)
            continue
        if not column.values:  # no training row has a value
            continue
        frequencies = [(values == k).mean(2) for k in range(len(column.values))]
        changes = [_largest_change(frequency) for frequency in frequencies]
        most = int(np.argmax(changes))
        found[f"{name} = {column.values[most]}"] = Profile(frequencies[most], changes[most])
    order = sorted(found, key=lambda name: -found[name].effect)
    return {name: found[name].values for name in order[:N_COLUMNS]}


def column_differences(
    codec: TableCodec, rows: np.ndarray, train: np.ndarray, nearest: np.ndarray
) -> pd.DataFrame:
    """Differences between rows and one training row each, column by column.

    Parameters
    ----------
    codec : TableCodec
    rows : ndarray of shape (n, n_columns)
        As :meth:`TableCodec.rows` returns them.
    train : ndarray of shape (n_train, n_columns)
    nearest : ndarray of int, shape (n,)
        Indices of the training rows to compare with.

    Returns
    -------
    DataFrame of shape (n, n_columns)
        In standard deviations of the column; for a category, and where one of the two values is
        missing, 1 if they differ and 0 if they do not.
    """
    others = train[nearest]
    both_missing = np.isnan(rows) & np.isnan(others)
    found = ((rows != others) & ~both_missing).astype(float)
    for i, column in enumerate(codec.columns):
        if isinstance(column, NumericColumn):
            spread = np.nanstd(train[:, i]) or 1.0
            found[:, i] = np.where(
                np.isnan(rows[:, i]) | np.isnan(others[:, i]),
                found[:, i],
                np.abs(rows[:, i] - others[:, i]) / spread,
            )
    return pd.DataFrame(found, columns=codec.names)


def _largest_change(values: np.ndarray) -> float:
    """Largest difference along the last axis."""
    changes = np.fmax.reduce(values, -1) - np.fmin.reduce(values, -1)
    return float(np.nan_to_num(changes).max())  # no change if a class never has a value


def _is_duration(column: NumericColumn) -> bool:
    return column.clock is not None and column.clock.time.startswith("timedelta")


def _in_units(column: NumericColumn, mean: np.ndarray) -> np.ndarray:
    """Convert means to the column's own units: dates, durations in hours, or numbers."""
    if column.clock:
        values = pd.Series(plain(pd.Series(column.restore(mean.ravel()))))
        if _is_duration(column):
            return (values / pd.Timedelta(1, "h")).to_numpy().reshape(mean.shape)
        if is_zoned(values.dtype):
            values = values.dt.tz_localize(None)
        return values.to_numpy().reshape(mean.shape)
    return mean
