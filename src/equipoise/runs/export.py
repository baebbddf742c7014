"""Real and synthetic rows as files that say which is which."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from equipoise.atomic import replacing
from equipoise.runs.csv_cells import quoting, without_formulas

MARK = "synthetic"  # name of the column or array that says so
Tell = Callable[[float], None]  # gets the share written; an error of it keeps the old files


def folder_names(class_names: Sequence[str]) -> list[str]:
    r"""Different names of folders for classes, without what a file system does not take.

    Examples
    --------
    >>> from equipoise.runs.export import folder_names
    >>> folder_names(["T-shirt/top", "T-shirt\\top", "..", "cat"])
    ['T-shirt_top', 'T-shirt_top-2', '_', 'cat']
    """
    names: list[str] = []
    for name in class_names:
        plain = re.sub(r'[\x00-\x1f<>:"/\\|?*]', "_", name)[:100].strip(". ") or "_"
        number, chosen = 1, plain
        while chosen.lower() in map(str.lower, names):
            number += 1
            chosen = f"{plain}-{number}"
        names.append(chosen)
    return names


def write_class_folders(
    path: Path,
    X: np.ndarray,
    labels: np.ndarray,
    synthetic: np.ndarray,
    class_names: Sequence[str],
    tell: Tell = lambda share: None,
) -> None:
    """Write images as PNG into a folder per class; their names begin with real or synthetic.

    Parameters
    ----------
    path : Path
        Folder that is made anew, once all is written.
    X : ndarray of shape (n, height, width) or (n, height, width, 3), uint8
    labels : ndarray of int
        Indices of the classes.
    synthetic : ndarray of bool
    class_names : sequence of str
    tell : callable
    """
    from PIL import Image

    written = 0
    with replacing(path, earlier=True) as partial:
        for number, folder in enumerate(folder_names(class_names)):
            (partial / folder).mkdir(parents=True)
            for i in np.flatnonzero(labels == number):
                kind = MARK if synthetic[i] else "real"
                Image.fromarray(X[i]).save(partial / folder / f"{kind}-{i:06d}.png")
                written += 1
                tell(written / len(labels))


def write_arrays(
    path: Path,
    X: np.ndarray,
    y: np.ndarray,
    synthetic: np.ndarray,
    class_names: Sequence[str],
    tell: Tell = lambda share: None,
) -> None:
    """Write images and labels as ``.npz`` with an array that says what is synthetic."""
    with replacing(path) as partial:
        with partial.open("wb") as file:
            names = np.array(class_names)
            np.savez_compressed(file, X=X, y=y, class_names=names, synthetic=synthetic)
        tell(1.0)


def write_marked_table(
    path: Path,
    X: pd.DataFrame,
    y: Any,
    target: str,
    synthetic: np.ndarray,
    tell: Tell = lambda share: None,
) -> list[str]:
    """Write a table as CSV or Parquet with its target and a column that says what is synthetic.

    Cells of a CSV that a spreadsheet would take for a formula get an apostrophe before them.

    Returns
    -------
    list of str
        Columns that have such cells or such a name.
    """
    mark = MARK
    while mark in X or mark == target:
        mark += "_"
    rows = X.assign(**{target: y, mark: synthetic})
    changed: list[str] = []
    with replacing(path) as partial:
        if path.suffix.lower() == ".parquet":
            rows.to_parquet(partial, index=False)
        else:
            rows, changed = without_formulas(rows)
            rows.to_csv(partial, index=False, quoting=quoting(rows))
        tell(1.0)
    return changed
