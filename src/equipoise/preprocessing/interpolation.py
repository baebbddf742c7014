"""New rows between those that there are: the simple oversampler, of rows or of codes."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.neighbors import NearestNeighbors


def smote(rows: np.ndarray, n: int, n_neighbors: int, generator: torch.Generator) -> np.ndarray:
    """Points on the segments from random rows to one of their nearest neighbours.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, ...)
        Of one class, at least one; a single row is repeated.
    n : int
        How many points.
    n_neighbors : int
        Cut to ``n_rows`` - 1.
    generator : torch.Generator

    Returns
    -------
    ndarray of shape (n, ...)
        In the dtype of the rows.

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
    share = torch.rand(n, 1, generator=generator, dtype=torch.float64).numpy()
    points = flat[start] + share * (flat[neighbours[start, choice]] - flat[start])
    return points.reshape(n, *rows.shape[1:]).astype(rows.dtype)
