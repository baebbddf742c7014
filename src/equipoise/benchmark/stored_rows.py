"""Synthetic rows of a fold as files: ``rows-FOLD.csv`` and, of their making, ``rows-FOLD.json``.

Plain CSV, the class last, because programs of other environments write such files too.
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
    """Whether the rows of this fold are there."""
    return (folder / f"rows-{fold}.json").exists()


def has_all(folder: Path, n_folds: int) -> bool:
    """Whether the rows of all folds are there."""
    return all(has(folder, fold) for fold in range(n_folds))


def write(folder: Path, fold: int, X: pd.DataFrame, y: np.ndarray, took: float) -> None:
    """Store rows; the JSON file, which comes last, says that they are whole."""
    folder.mkdir(parents=True, exist_ok=True)
    write_table(folder / f"rows-{fold}.csv", X, y)
    write_text(folder / f"rows-{fold}.json", json.dumps({"seconds": took}))


def read(folder: Path, fold: int, like: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray, float]:
    """Rows, their classes, and the seconds that they took.

    Parameters
    ----------
    folder : Path
    fold : int
    like : DataFrame
        With the columns of the rows, whose dtypes they get.
    """
    texts = pd.read_csv(
        folder / f"rows-{fold}.csv", dtype=object, keep_default_na=False, na_values=[""]
    )
    y = texts.pop(CLASS).to_numpy(np.int64)
    X = pd.DataFrame({name: _typed(texts[name], like[name].dtype) for name in like})
    return X, y, seconds(folder, fold)


def seconds(folder: Path, fold: int) -> float:
    """What the rows of a fold took."""
    about = json.loads((folder / f"rows-{fold}.json").read_text(encoding="utf-8"))
    return float(about["seconds"])


def _typed(column: pd.Series, dtype: Any) -> pd.Series:
    if isinstance(dtype, pd.CategoricalDtype):
        return column.astype(dtype)
    numbers = column.astype(np.float64)  # by Python's float, exactly
    return numbers.round().astype(dtype) if np.issubdtype(dtype, np.integer) else numbers


def write_table(path: Path, X: pd.DataFrame, y: np.ndarray) -> None:
    """Rows and their classes as CSV, exact in every digit."""
    write_text(path, X.assign(**{CLASS: y}).to_csv(index=False))
