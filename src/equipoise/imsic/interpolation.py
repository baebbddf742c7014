"""The simple sampler for classes with too few rows to learn from."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.neighbors import NearestNeighbors

N_NEIGHBORS = 5


def interpolate(rows: np.ndarray, n: int, generator: torch.Generator) -> np.ndarray:
    """Points between random rows and one of their nearest neighbours in the class.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, ...)
        At least one; a single row is repeated.
    n : int
        How many points.
    generator : torch.Generator

    Returns
    -------
    ndarray of shape (n, ...)

    References
    ----------
    Chawla et al., SMOTE: Synthetic minority over-sampling technique, JAIR 2002.
    """
    source = torch.randint(len(rows), (n,), generator=generator).numpy()
    if len(rows) == 1:
        return rows[source]
    flat = rows.reshape(len(rows), -1)
    n_neighbors = min(N_NEIGHBORS, len(rows) - 1)
    neighbours = NearestNeighbors(n_neighbors=n_neighbors).fit(flat).kneighbors()[1]
    choice = torch.randint(n_neighbors, (n,), generator=generator).numpy()
    share = torch.rand(n, 1, generator=generator, dtype=torch.float64).numpy()
    ends = flat[neighbours[source, choice]]
    points = flat[source] + share * (ends - flat[source])
    return points.reshape(n, *rows.shape[1:]).astype(rows.dtype)
