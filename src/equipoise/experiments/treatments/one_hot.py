"""Mixed tables as numbers and back, for samplers that take only numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from equipoise.experiments.columns import categorical_columns


class OneHot:
    """One-hot code of a mixed table with the distances between categories that SMOTENC uses.

    Two rows that differ in one category are as far apart as two rows that differ in one number by
    the median standard deviation of the numbers, divided by √2 (1 where there are no numbers).

    Parameters
    ----------
    table : DataFrame
        Without missing values; its columns and their categories are coded.

    References
    ----------
    Chawla, Bowyer, Hall, Kegelmeyer. "SMOTE: Synthetic Minority Over-sampling Technique", JAIR 16,
    2002, section 6.1.
    """

    def __init__(self, table: pd.DataFrame) -> None:
        self.columns = list(table)
        categories = table.columns[categorical_columns(table)].tolist()
        self.numbers = [name for name in self.columns if name not in categories]
        self.levels = {name: pd.unique(table[name].astype(object)) for name in categories}
        self.dtypes = table.dtypes
        spread = table[self.numbers].std(ddof=0).median() if self.numbers else 1.0
        self.height = (spread or 1.0) / 2

    def encode(self, table: pd.DataFrame) -> np.ndarray:
        """Rows as float64 of shape (n_rows, n_numbers + n_levels): numbers, then one-hot levels."""
        levels = [
            self.height
            * np.eye(len(known))[pd.Index(known).get_indexer(table[name].astype(object))]
            for name, known in self.levels.items()
        ]
        return np.hstack([table[self.numbers].to_numpy(np.float64), *levels])

    def decode(self, rows: np.ndarray) -> pd.DataFrame:
        """Rows of the table from their code; the level with the largest value is each category."""
        found = dict(zip(self.numbers, rows.T, strict=False))
        start = len(self.numbers)
        for name, known in self.levels.items():
            chosen = rows[:, start : start + len(known)].argmax(axis=1)
            found[name] = pd.Series(known[chosen]).astype(self.dtypes[name])
            start += len(known)
        return pd.DataFrame({name: found[name] for name in self.columns})
