"""Search for the nearest real row of each generated row, to detect copied training data."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import pairwise_distances_argmin_min

_BLOCK_VALUES = 2**22  # values in a block of rows: 32 MiB of float64


def nearest_rows(
    X_query: ArrayLike, X_real: ArrayLike
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Find the nearest real row of each query row, by exact Euclidean distance.

    Both arrays are processed in blocks, so that about 100 MiB of additional memory are needed,
    even if millions of ``uint8`` images are converted to floats.

    Parameters
    ----------
    X_query : array-like of shape (n_queries, ...)
        Rows or images, for example generated ones.
    X_real : array-like of shape (n_real, ...)
        Rows or images of the same shape and scale, at least one.

    Returns
    -------
    index : ndarray of shape (n_queries,)
        Positions in `X_real`. If several rows are equally near, any one of them.
    distance : ndarray of shape (n_queries,)
        Euclidean distances, 0 for an exact copy.

    Raises
    ------
    ValueError
        If the rows differ in shape, `X_real` is empty, or values are not finite numbers.

    Examples
    --------
    >>> from equipoise.metrics import nearest_rows
    >>> index, distance = nearest_rows([[0.0, 3.0]], [[9.0, 9.0], [0.0, 0.0]])
    >>> index.tolist(), distance.tolist()
    ([1], [3.0])
    """
    query, real = _flat_rows("X_query", X_query), _flat_rows("X_real", X_real)
    if len(real) == 0:
        raise ValueError("X_real has no rows. Pass at least one real row.")
    if np.shape(X_query)[1:] != np.shape(X_real)[1:]:
        raise ValueError(
            f"X_query has rows of shape {np.shape(X_query)[1:]} but X_real of "
            f"{np.shape(X_real)[1:]}. Pass rows of the same shape in both."
        )
    centre = real.mean(axis=0, dtype=np.float64)
    index = np.zeros(len(query), dtype=np.int64)
    distance = np.zeros(len(query))
    n_rows = max(1, _BLOCK_VALUES // max(1, real.shape[1]))
    for start in range(0, len(query), n_rows):
        block = slice(start, start + n_rows)
        rows = query[block].astype(np.float64)
        index[block] = _nearest(rows - centre, real, centre, n_rows)
        # The search expands |a - b|². Due to rounding, an exact copy would not have distance 0.
        distance[block] = np.linalg.norm(rows - real[index[block]], axis=1)
    return index, distance


def _nearest(
    rows: NDArray[np.float64], real: NDArray, centre: NDArray[np.float64], n_rows: int
) -> NDArray[np.int64]:
    """Search `real` block by block. Rows are centred to reduce rounding errors."""
    index = np.zeros(len(rows), dtype=np.int64)
    best = np.full(len(rows), np.inf)
    for start in range(0, len(real), n_rows):
        found, distance = pairwise_distances_argmin_min(rows, real[start : start + n_rows] - centre)
        closer = distance < best
        index[closer] = found[closer] + start
        best[closer] = distance[closer]
    return index


def _flat_rows(name: str, X: ArrayLike) -> NDArray:
    """Validate rows or images and flatten them to shape (n, n_values)."""
    array = np.asarray(X)
    if array.ndim < 2 or array.dtype.kind not in "biuf":
        raise ValueError(
            f"{name} must be a numeric array with a row for each sample, got shape {array.shape} "
            f"and dtype {array.dtype}. Pass rows of shape (n, n_features) or images."
        )
    array = array.reshape(len(array), int(np.prod(array.shape[1:])))
    if array.size and not np.isfinite([array.min(), array.max()]).all():
        raise ValueError(
            f"{name} has NaN or infinite values. Drop these rows or impute the values first."
        )
    return array
