"""Do synthetic rows lie where real ones do, and everywhere there? By balls around rows.

The ball of a row reaches to its k-th nearest neighbour on its own side, itself not counted, and
holds what lies on its edge. The balls of a side stand for where that side's data live.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics import pairwise_distances_chunked
from sklearn.neighbors import NearestNeighbors

from ._features import BLOCK_MEBIBYTES, Rows, check_count, check_features, check_same_width

# Squared distances come from |a|² + |b|² - 2ab, which rounds by some 1e-16 of |a|² + |b|². Without
# an allowance, a copy of a row on the edge of a ball would fall in or out by chance.
_ROUNDING = 1e-13


class ManifoldScores(NamedTuple):
    """The four numbers that one pass over the distances gives."""

    precision: float
    recall: float
    density: float
    coverage: float


def precision_recall(
    real: ArrayLike, synthetic: ArrayLike, n_neighbors: int = 5
) -> tuple[float, float]:
    """Improved precision and recall of synthetic rows.

    Precision is the share of synthetic rows inside some ball of the real rows: are they
    realistic? Recall is the share of real rows inside some ball of the synthetic rows: is all of
    the real variety within reach? One far-off row has a wide ball, so either can be too kind;
    :func:`density_coverage` is built to be harder to fool.

    Parameters
    ----------
    real : array-like of shape (n_real, d)
        Real rows, at least 2: best held-out ones. Distances are Euclidean, so bring columns to
        one scale first; for images, features of a trained network say more than pixels.
    synthetic : array-like of shape (n_synthetic, d)
        Synthetic rows, at least 2.
    n_neighbors : int, default=5
        Which neighbour a ball reaches to. A side of n rows takes at most its n - 1 other rows.

    Returns
    -------
    precision, recall : float
        In [0, 1], higher is better.

    Raises
    ------
    InvalidInputError
        If a side is no finite numeric table of at least 2 rows, or the widths differ.
    InvalidParameterError
        If `n_neighbors` is no positive integer.

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
    """Density and coverage of synthetic rows, which outliers hardly move.

    Density counts in how many balls of the real rows a synthetic row lies, over k: it is near 1
    for rows of the real distribution, below where they miss it, and above 1 where they crowd
    into its dense parts. Coverage is the share of real rows with a synthetic row in their ball.

    Parameters
    ----------
    real : array-like of shape (n_real, d)
        Real rows, at least 2: best held-out ones. Distances are Euclidean, as for
        :func:`precision_recall`.
    synthetic : array-like of shape (n_synthetic, d)
        Synthetic rows, at least 1.
    n_neighbors : int, default=5
        Which neighbour k a ball reaches to, at most the n_real - 1 others.

    Returns
    -------
    density : float
        At least 0. Fresh rows of the real distribution have expectation 1; exact copies of
        `real` have (k + 1) / k. Rows of few distinct values, which often coincide, have more.
    coverage : float
        In [0, 1], higher is better. Fresh rows as many as the real ones have expectation
        1 - 0.5^k (nearly: 0.97 for k = 5), more rows a higher one.

    Raises
    ------
    InvalidInputError
        If a side is no finite numeric table or has too few rows, or the widths differ.
    InvalidParameterError
        If `n_neighbors` is no positive integer.

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
    """All four scores; recall is NaN where a single synthetic row has no ball.

    Takes and raises what :func:`precision_recall` does.
    """
    check_count("n_neighbors", n_neighbors, 1)
    X, Z = check_features("real", real, 2), check_features("synthetic", synthetic, min_synthetic)
    check_same_width("synthetic", Z, "real", X)

    centre = X.mean(axis=0)  # as near to 0 as can be, where rounding is small
    X, Z = X - centre, Z - centre
    slack_x, slack_z = _ROUNDING * (X**2).sum(axis=1), _ROUNDING * (Z**2).sum(axis=1)
    k = min(n_neighbors, len(X) - 1)
    radius_x = _squared_radius(X, k)
    radius_z = _squared_radius(Z, min(n_neighbors, len(Z) - 1))

    n_inside = n_realistic = start = 0
    covered, reached = np.zeros(len(X), dtype=np.bool_), np.zeros(len(X), dtype=np.bool_)
    for squared in pairwise_distances_chunked(
        Z, X, metric="euclidean", squared=True, working_memory=BLOCK_MEBIBYTES
    ):
        block = slice(start, start + len(squared))
        squared -= slack_z[block, None]
        squared -= slack_x
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
    """Squared distance of each row to its k-th nearest other row; NaN for a lone row."""
    if k == 0:
        return np.full(len(rows), np.nan)
    distance, _ = NearestNeighbors(n_neighbors=k).fit(rows).kneighbors()
    return distance[:, -1] ** 2
