"""The step Data: what is open, how many rows its classes have, and a few of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from equipoise.errors import counted
from equipoise.imsic import IMSIC
from equipoise.studio.pictures import COLUMNS, as_shown
from equipoise.studio.project import Project
from equipoise.studio.words import on_the_page

EXAMPLES = 8  # rows of each class


def summary(project: Project) -> dict[str, Any]:
    """What the page shows of the open rows."""
    rows = project.open_rows()
    classes: list[dict[str, Any]] = []
    for label, name in zip(rows.labels, rows.class_names, strict=True):
        members = np.flatnonzero(rows.y == label)
        classes.append(
            {
                "name": name,
                "count": len(members),
                "test": int((rows.y_test == label).sum()),
                "examples": as_shown(_take(rows.X, members[:EXAMPLES])),
            }
        )
    return {
        "title": rows.title,
        "table": rows.is_table,
        "columns": [str(c) for c in rows.X.columns[:COLUMNS]] if rows.is_table else [],
        "more_columns": max(0, rows.X.shape[1] - COLUMNS) if rows.is_table else 0,
        "shape": list(rows.X.shape[1:]),
        "classes": classes,
        "said": [
            *map(on_the_page, rows.said),
            *_doubts([c["count"] for c in classes], rows.class_names),
        ],
    }


def _doubts(counts: list[int], names: list[str]) -> list[str]:
    """What a person should know of the sizes of the classes before training."""
    least = IMSIC().min_class_size
    return [
        f"Class {name!r} has {counted(count, 'row')}. IMSIC interpolates classes with fewer than "
        f"{least} when it balances, unless you judge candidates of them, and what it generates of "
        "them is mostly variations of other classes."
        for name, count in zip(names, counts, strict=True)
        if count < least
    ]


def _take(X: Any, members: np.ndarray) -> Any:
    return X.iloc[members, :COLUMNS] if isinstance(X, pd.DataFrame) else X[members]
