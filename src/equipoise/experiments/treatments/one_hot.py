"""Mixed tables as numbers and back, for samplers that take only numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.preprocessing import OneHotEncoder

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
        self.dtypes = table.dtypes
        self.categories = table.columns[categorical_columns(table)].tolist()
        self.numbers = [name for name in table if name not in self.categories]
        levels = [pd.unique(table[name].astype(object)) for name in self.categories]
        self.encoder = OneHotEncoder(categories=levels, sparse_output=False)
        self.encoder.fit(table[self.categories].to_numpy(object))
        spread = table[self.numbers].std(ddof=0).median() if self.numbers else 1.0
        self.height = (spread or 1.0) / 2

    def encode(self, table: pd.DataFrame) -> np.ndarray:
        """Rows as float64 of shape (n_rows, n_numbers + n_levels): numbers, then one-hot levels."""
        levels = self.encoder.transform(table[self.categories].to_numpy(object))
        return np.hstack([table[self.numbers].to_numpy(np.float64), self.height * levels])

    def decode(self, rows: np.ndarray) -> pd.DataFrame:
        """Rows of the table from their code; the level with the largest value is each category."""
        n = len(self.numbers)
        chosen = pd.DataFrame(self.encoder.inverse_transform(rows[:, n:]), columns=self.categories)
        categories = chosen.astype(self.dtypes[self.categories])
        return pd.DataFrame(rows[:, :n], columns=self.numbers).join(categories)[
            [*self.dtypes.index]
        ]
