"""SMOTE: interpolation between rows, or between codes of rows."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.neighbors import NearestNeighbors


def smote(rows: np.ndarray, n: int, n_neighbors: int, generator: torch.Generator) -> np.ndarray:
    """Draw points on the segments from random rows to one of their nearest neighbours.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, ...)
        Rows of one class. A single row is repeated.
    n : int
        Number of points.
    n_neighbors : int
        Number of neighbours of a row, at most ``n_rows`` - 1.
    generator : torch.Generator

    Returns
    -------
    ndarray of shape (n, ...)
        Points in the dtype of the rows.

    References
    ----------
    Chawla et al., SMOTE: Synthetic minority over-sampling technique, JAIR 2002.
    """
    start = torch.randint(len(rows), (n,), generator=generator).numpy()
    if len(rows) == 1:
        return rows[start]
    flat = rows.reshape(len(rows), -1)
    k = min(n_neighbors, len(rows) - 1)
    neighbours = NearestNeighbors(n_neighbors=k).fit(flat).kneighbors(return_distance=False)
    choice = torch.randint(k, (n,), generator=generator).numpy()
    fraction = torch.rand(n, 1, generator=generator, dtype=torch.float64).numpy()
    points = flat[start] + fraction * (flat[neighbours[start, choice]] - flat[start])
    return points.reshape(n, *rows.shape[1:]).astype(rows.dtype)
