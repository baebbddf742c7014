"""Synthetic rows of a fold as files: ``rows-FOLD.csv``, and their time in ``rows-FOLD.json``.

The rows are plain CSV with the class in the last column, because programs in other environments
write such files too.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from equipoise.atomic import write_text

CLASS = "class"


def has(folder: Path, fold: int) -> bool:
    """Whether the rows of this fold exist."""
    return (folder / f"rows-{fold}.json").exists()


def has_all(folder: Path, n_folds: int) -> bool:
    """Whether the rows of all folds exist."""
    return all(has(folder, fold) for fold in range(n_folds))


def write(folder: Path, fold: int, X: pd.DataFrame, y: np.ndarray, seconds: float) -> None:
    """Store rows; the JSON file is written last and says that they are complete."""
    folder.mkdir(parents=True, exist_ok=True)
    write_table(folder / f"rows-{fold}.csv", X, y)
    write_text(folder / f"rows-{fold}.json", json.dumps({"seconds": seconds}))


def read(folder: Path, fold: int, like: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray, float]:
    """Read rows, their classes, and the seconds that it took to make them.

    Parameters
    ----------
    folder : Path
    fold : int
    like : DataFrame
        Rows with the same columns; their dtypes are restored.
    """
    texts = pd.read_csv(
        folder / f"rows-{fold}.csv", dtype=object, keep_default_na=False, na_values=[""]
    )
    y = texts.iloc[:, -1].to_numpy(np.int64)
    columns = {name: _typed(texts.iloc[:, i], like[name].dtype) for i, name in enumerate(like)}
    return pd.DataFrame(columns), y, seconds_of(folder, fold)


def seconds_of(folder: Path, fold: int) -> float:
    """Time that it took to make the rows of a fold."""
    about = json.loads((folder / f"rows-{fold}.json").read_text(encoding="utf-8"))
    return float(about["seconds"])


def _typed(column: pd.Series, dtype: Any) -> pd.Series:
    if isinstance(dtype, pd.CategoricalDtype):
        return column.astype(dtype)
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return pd.to_datetime(column).astype(dtype)
    numbers = column.astype(np.float64)  # by Python's float, exactly
    return numbers.round().astype(dtype) if np.issubdtype(dtype, np.integer) else numbers


def write_table(path: Path, X: pd.DataFrame, y: np.ndarray) -> None:
    """Write rows and their classes as CSV with all digits."""
    rows = X.copy(deep=False)
    rows.insert(X.shape[1], CLASS, y, allow_duplicates=True)  # a column may have this name, too
    write_text(path, rows.to_csv(index=False))
