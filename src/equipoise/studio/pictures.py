"""Rows as the page shows them: images as data addresses, rows of a table as texts."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

SMALLEST = 64  # pixels of a side: smaller images are magnified
COLUMNS = 12  # of a table that are shown


def as_pictures(images: np.ndarray) -> list[str]:
    """Data addresses of PNG files, one for each image of uint8."""
    from PIL import Image

    found = []
    for image in images:
        height, width = image.shape[:2]
        picture = Image.fromarray(image)
        scale = -(-SMALLEST // min(height, width))
        if scale > 1:
            size = width * scale, height * scale
            picture = picture.resize(size, Image.Resampling.NEAREST)
        file = io.BytesIO()
        picture.save(file, format="PNG", compress_level=1)
        found.append("data:image/png;base64," + base64.b64encode(file.getvalue()).decode())
    return found


def as_texts(rows: pd.DataFrame) -> list[list[str]]:
    """Cells of a table as short texts, row by row."""
    return [[_text(value) for value in row] for row in rows.itertuples(index=False)]


def as_shown(rows: Any) -> list[Any]:
    """Images or rows of a table, in the form that the page draws."""
    return as_texts(rows) if isinstance(rows, pd.DataFrame) else as_pictures(rows)


def most_different(differences: Sequence[float], n: int = 3, least: float = 0.5) -> list[int]:
    """Positions of the columns that differ most, of those that differ at all."""
    order = np.argsort(differences)[::-1][:n]
    return [int(i) for i in order if differences[i] >= least]


def _text(value: Any) -> str:
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else f"{value:.4g}"
    return "" if value is pd.NaT or value is None or value is pd.NA else str(value)
