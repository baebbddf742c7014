"""What a code does to the columns of a table, in numbers."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from equipoise.preprocessing import TableCodec
from equipoise.preprocessing.dtypes import is_zoned, plain
from equipoise.preprocessing.numeric_column import NumericColumn

N_COLUMNS = 6  # that are drawn: those that move most


class Profile(NamedTuple):
    """How a column goes along with a code.

    Attributes
    ----------
    values : ndarray of shape (n_codes, n_classes, n_values)
        Means, or shares of a category.
    effect : float
        Largest way that it goes, in standard deviations of the column or as a share.
    """

    values: np.ndarray
    effect: float


def column_profiles(codec: TableCodec, rows: np.ndarray, train: np.ndarray) -> dict[str, Any]:
    """Profiles of the columns that move most, the most first.

    Parameters
    ----------
    codec : TableCodec
    rows : ndarray of shape (n_codes, n_classes, n, n_values, n_columns)
        Traversals, as :meth:`TableCodec.rows` gives them.
    train : ndarray of shape (n_train, n_columns)
        Training rows, for the scale.

    Returns
    -------
    dict of str to ndarray of shape (n_codes, n_classes, n_values)
        By the name of the column, with the category that moves most where it has some. Dates are
        dates, durations hours, gaps where a class has no value.
    """
    found = {}
    for i, column in enumerate(codec.columns):
        name = i if codec.names is None else codec.names[i]
        values = rows[..., i]
        if isinstance(column, NumericColumn):
            mean = np.ma.masked_invalid(values).mean(2).filled(np.nan)
            spread = np.nanstd(train[:, i]) or 1.0
            name = f"{name} (hours)" if _is_duration(column) else str(name)
            found[name] = Profile(_in_units(column, mean), _way(mean) / spread)
            continue
        if not column.values:  # it never had any
            continue
        shares = [(values == k).mean(2) for k in range(len(column.values))]
        ways = [_way(share) for share in shares]
        most = int(np.argmax(ways))
        found[f"{name} = {column.values[most]}"] = Profile(shares[most], ways[most])
    order = sorted(found, key=lambda name: -found[name].effect)
    return {name: found[name].values for name in order[:N_COLUMNS]}


def _way(values: np.ndarray) -> float:
    """Largest difference along the last axis."""
    ways = np.fmax.reduce(values, -1) - np.fmin.reduce(values, -1)
    return float(np.nan_to_num(ways).max())  # nothing where a class never has a value


def _is_duration(column: NumericColumn) -> bool:
    return column.clock is not None and column.clock.time.startswith("timedelta")


def _in_units(column: NumericColumn, mean: np.ndarray) -> np.ndarray:
    """Numbers as they are, dates by their own clock, durations in hours."""
    if column.clock:
        values = pd.Series(plain(pd.Series(column.restore(mean.ravel()))))
        if _is_duration(column):
            return (values / pd.Timedelta(1, "h")).to_numpy().reshape(mean.shape)
        if is_zoned(values.dtype):
            values = values.dt.tz_localize(None)
        return values.to_numpy().reshape(mean.shape)
    return mean
