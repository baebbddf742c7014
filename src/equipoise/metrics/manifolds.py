"""Precision, recall, density and coverage of synthetic rows.

They approximate the support of a set of rows by the union of balls around its rows. The radius of
a ball is the distance to the k-th nearest other row of the same set, and points at exactly this
distance are inside.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics import pairwise_distances_chunked
from sklearn.neighbors import NearestNeighbors

from ._features import BLOCK_MEBIBYTES, Rows, check_count, check_features, check_same_width

# Squared distances are computed as |a|² + |b|² - 2ab, whose rounding error is about 1e-16 of
# |a|² + |b|². Without a tolerance, it would depend on rounding whether a copy of a row at the
# boundary of a ball is inside.
_ROUNDING_TOLERANCE = 1e-13


class ManifoldScores(NamedTuple):
    """The four scores, which are computed in one pass over the distances."""

    precision: float
    recall: float
    density: float
    coverage: float


def precision_recall(
    real: ArrayLike, synthetic: ArrayLike, n_neighbors: int = 5
) -> tuple[float, float]:
    """Improved precision and recall of synthetic rows.

    Every row is the centre of a ball whose radius is the distance to its k-th nearest neighbour
    of the same kind, real or synthetic. Precision is the fraction of synthetic rows inside some
    ball of a real row, and measures realism. Recall is the fraction of real rows inside some ball
    of a synthetic row, and measures variety. As an outlier has a large ball, both can be too
    optimistic; :func:`density_coverage` is more robust.

    Parameters
    ----------
    real : array-like of shape (n_real, d)
        Real rows, at least 2, preferably held-out ones. Distances are Euclidean, so scale the
        columns first. For images, features of a trained network are more meaningful than pixels.
    synthetic : array-like of shape (n_synthetic, d)
        Synthetic rows, at least 2.
    n_neighbors : int, default=5
        Number k of the neighbour that determines the radius, limited to n - 1 for n rows.

    Returns
    -------
    precision, recall : float
        In [0, 1], higher is better.

    Raises
    ------
    InvalidInputError
        If one of them is not a finite numeric table of at least 2 rows, or they differ in width.
    InvalidParameterError
        If `n_neighbors` is not a positive integer.

    References
    ----------
    Kynkäänniemi, Karras, Laine, Lehtinen, Aila. "Improved Precision and Recall Metric for
    Assessing Generative Models", NeurIPS 2019, equations 1 and 2.

    Examples
    --------
    >>> from equipoise.metrics import precision_recall
    >>> precision_recall([[0.0], [1.0], [10.0], [11.0]], [[0.0], [1.0]], n_neighbors=1)
    (1.0, 0.5)
    """
    scores = manifold_scores(real, synthetic, n_neighbors)
    return scores.precision, scores.recall


def density_coverage(
    real: ArrayLike, synthetic: ArrayLike, n_neighbors: int = 5
) -> tuple[float, float]:
    """Density and coverage of synthetic rows, which are robust to outliers.

    Every real row is the centre of a ball whose radius is the distance to its k-th nearest real
    neighbour. Density is the mean number of balls that contain a synthetic row, divided by k. It
    is near 1 for rows of the real distribution, lower if they are outside of it, and above 1 if
    they concentrate in its dense regions. Coverage is the fraction of real rows with a synthetic
    row in their ball.

    Parameters
    ----------
    real : array-like of shape (n_real, d)
        Real rows, at least 2, preferably held-out ones. Distances are Euclidean, as for
        :func:`precision_recall`.
    synthetic : array-like of shape (n_synthetic, d)
        Synthetic rows, at least 1.
    n_neighbors : int, default=5
        Number k of the neighbour that determines the radius, limited to n_real - 1.

    Returns
    -------
    density : float
        At least 0. The expectation is 1 for new rows of the real distribution, and the density of
        exact copies of `real` is (k + 1) / k. It is higher if many rows coincide because they have
        few distinct values.
    coverage : float
        In [0, 1], higher is better. For as many new rows of the real distribution as there are
        real rows, the expectation is approximately 1 - 0.5^k (0.97 for k = 5). It increases with
        the number of synthetic rows.

    Raises
    ------
    InvalidInputError
        If one of them is not a finite numeric table or has too few rows, or they differ in width.
    InvalidParameterError
        If `n_neighbors` is not a positive integer.

    References
    ----------
    Naeem, Oh, Uh, Choi, Yoo. "Reliable Fidelity and Diversity Metrics for Generative Models",
    ICML 2020, section 3.

    Examples
    --------
    >>> from equipoise.metrics import density_coverage
    >>> density_coverage([[0.0], [1.0], [10.0], [11.0]], [[0.5], [30.0]], n_neighbors=1)
    (1.0, 0.5)
    """
    scores = manifold_scores(real, synthetic, n_neighbors, min_synthetic=1)
    return scores.density, scores.coverage


def manifold_scores(
    real: ArrayLike, synthetic: ArrayLike, n_neighbors: int = 5, min_synthetic: int = 2
) -> ManifoldScores:
    """Compute all four scores; recall is NaN if there is only one synthetic row.

    Parameters and errors are those of :func:`precision_recall`.
    """
    check_count("n_neighbors", n_neighbors, 1)
    X, Z = check_features("real", real, 2), check_features("synthetic", synthetic, min_synthetic)
    check_same_width("synthetic", Z, "real", X)

    centre = X.mean(axis=0)  # centring reduces rounding errors
    X, Z = X - centre, Z - centre
    tolerance_x = _ROUNDING_TOLERANCE * (X**2).sum(axis=1)
    tolerance_z = _ROUNDING_TOLERANCE * (Z**2).sum(axis=1)
    k = min(n_neighbors, len(X) - 1)
    radius_x = _squared_radius(X, k)
    radius_z = _squared_radius(Z, min(n_neighbors, len(Z) - 1))

    n_inside = n_realistic = start = 0
    covered, reached = np.zeros(len(X), dtype=np.bool_), np.zeros(len(X), dtype=np.bool_)
    for squared in pairwise_distances_chunked(
        Z, X, metric="euclidean", squared=True, working_memory=BLOCK_MEBIBYTES
    ):
        block = slice(start, start + len(squared))
        squared -= tolerance_z[block, None]
        squared -= tolerance_x
        inside = squared <= radius_x
        n_inside += int(inside.sum())
        n_realistic += int(inside.any(axis=1).sum())
        covered |= inside.any(axis=0)
        reached |= (squared <= radius_z[block, None]).any(axis=0)
        start = block.stop
    return ManifoldScores(
        precision=n_realistic / len(Z),
        recall=float(reached.mean()) if len(Z) > 1 else float("nan"),
        density=n_inside / (k * len(Z)),
        coverage=float(covered.mean()),
    )


def _squared_radius(rows: Rows, k: int) -> np.ndarray:
    """Squared distance of each row to its k-th nearest other row; NaN for a single row."""
    if k == 0:
        return np.full(len(rows), np.nan)
    distance, _ = NearestNeighbors(n_neighbors=k).fit(rows).kneighbors()
    return distance[:, -1] ** 2
