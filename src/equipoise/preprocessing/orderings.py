"""Pairs of columns of which one is never above the other, such as a first and a last visit.

A generator that draws every column by itself breaks such rules. Those that all training rows obey
are therefore found, and generated rows are held to them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from equipoise.preprocessing.numeric_column import NumericColumn

# A rule that more than 5 % of all rows break is obeyed by so many rows with at most 5 % chance.
LEAST_ROWS = 60
MOST_COLUMNS = 256  # With more numbers, as in embeddings and spectra, there are too many pairs.
VALUES_PER_BLOCK = 2**22  # compared at a time

# For each column that has lower ones, by its position: the positions of these.
Orderings = Mapping[int, list[int]]


class Scales:
    """Common units of columns that can be compared: numbers, or dates and durations of one dtype.

    Parameters
    ----------
    columns : dict of int to NumericColumn
        The columns by their positions.
    """

    def __init__(self, columns: Mapping[int, NumericColumn]) -> None:
        self.columns = columns
        self.groups: dict[object, list[int]] = {}
        for i, column in columns.items():
            clock = column.clock
            kind = clock and (clock.time, clock.local, str(column.dtype))
            self.groups.setdefault(kind, []).append(i)
        self._lines: dict[int, tuple[int, int]] = {}  # factor and shift, which are exact
        for group in self.groups.values():
            clocks = [clock for i in group if (clock := columns[i].clock) is not None]
            origin = min((clock.origin for clock in clocks), default=0)
            shifts = [clock.origin - origin for clock in clocks]
            unit = math.gcd(*(clock.unit for clock in clocks), *shifts)
            for i, clock, shift in zip(group, clocks, shifts, strict=False):
                self._lines[i] = clock.unit // unit, shift // unit

    def to_common(self, numbers: np.ndarray, i: int) -> np.ndarray:
        """Convert numbers of a column to the units that it shares with others."""
        factor, shift = self._lines.get(i, (1, 0))
        return numbers * factor + shift

    def from_common(self, values: np.ndarray, i: int) -> np.ndarray:
        """Inverse of :meth:`to_common`, rounded up to the decimals of the column."""
        factor, shift = self._lines.get(i, (1, 0))
        numbers = (values - shift) / factor
        decimals = self.columns[i].decimals
        if decimals is None:
            return numbers
        near = np.round(numbers, decimals)
        return np.where(near < numbers, np.round(near + 10.0**-decimals, decimals), near)


def find_orderings(rows: np.ndarray, scales: Scales) -> dict[int, list[int]]:
    """Find pairs of columns of which the one is at most the other in all rows that have both.

    Pairs whose ranges do not overlap are left out, since generated values are within the ranges.

    Parameters
    ----------
    rows : ndarray of shape (n, n_columns)
        NaN where a value is missing.
    scales : Scales
        The columns to look at. With more than `MOST_COLUMNS` there are no rules.

    Returns
    -------
    dict of int to list of int
        The lower columns of each column that has any, of which at least `LEAST_ROWS` rows have
        both values.
    """
    found: dict[int, list[int]] = {}
    if len(scales.columns) > MOST_COLUMNS or len(rows) < LEAST_ROWS:
        return found
    for group in scales.groups.values():
        values = np.column_stack([scales.to_common(rows[:, i], i) for i in group])
        overlap = np.nanmax(values, 0)[:, None] > np.nanmin(values, 0)
        np.fill_diagonal(overlap, False)
        present = (~np.isnan(values)).astype(np.float32)
        low, high = (overlap & (present.T @ present >= LEAST_ROWS)).nonzero()
        start = 0
        while start < len(values) and len(low):
            block = values[start : start + max(1, VALUES_PER_BLOCK // len(low))]
            start += len(block)
            obeyed = ~(block[:, low] > block[:, high]).any(0)
            low, high = low[obeyed], high[obeyed]
        for one, other in zip(low.tolist(), high.tolist(), strict=True):
            found.setdefault(group[other], []).append(group[one])
    return found


def in_order(rows: np.ndarray, orderings: Orderings, scales: Scales) -> np.ndarray:
    """Raise the numbers that are below one that they are never below, to the least that is not.

    Parameters
    ----------
    rows : ndarray of shape (n, n_columns)
        Rows in which numbers have the decimals of their columns.
    orderings : dict of int to list of int
        From :func:`find_orderings`.
    scales : Scales

    Returns
    -------
    ndarray of shape (n, n_columns)
    """
    result = rows.copy()
    for _ in orderings:  # Usually once is enough: what is below a lower column is below, too.
        before = result.copy()
        for high, lows in orderings.items():
            values = np.column_stack([scales.to_common(before[:, i], i) for i in lows])
            least = np.fmax.reduce(values, axis=1)
            short = least > scales.to_common(before[:, high], high)
            result[short, high] = scales.from_common(least[short], high)
        if not (result > before).any():
            break
    return result
