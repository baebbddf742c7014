"""The seeded shuffle within classes that subsets and hold-outs share."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
Generator = np.random.RandomState | np.random.Generator


def shuffled_ranks(codes: IntArray, rng: Generator) -> tuple[IntArray, IntArray]:
    """Shuffle the rows and count each one's place within its class.

    Parameters
    ----------
    codes : ndarray of shape (n,)
        Class of each row, 0 to C - 1.
    rng : RandomState or Generator
        Source of the shuffle.

    Returns
    -------
    order : ndarray of shape (n,)
        The shuffled row numbers.
    ranks : ndarray of shape (n,)
        ``ranks[i]`` is how many rows of the same class stand before row ``order[i]``.
    """
    order = rng.permutation(len(codes))
    shuffled = codes[order]
    by_class = np.argsort(shuffled, kind="stable")
    counts = np.bincount(shuffled)
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    ranks = np.empty(len(codes), dtype=np.int64)
    ranks[by_class] = np.arange(len(codes)) - starts
    return order, ranks


def stratified_split(codes: IntArray, test_fraction: float) -> tuple[IntArray, IntArray]:
    """Split rows once and for all into training and test rows, class by class.

    Each class gives ``test_fraction`` of its rows, rounded, but at least one, to the test set; a
    class with a single row gives none. The same ``codes`` always give the same split.

    Parameters
    ----------
    codes : ndarray of shape (n,)
        Class of each row, 0 to C - 1.
    test_fraction : float in (0, 1)
        Share of each class that is held out.

    Returns
    -------
    train, test : ndarray of int
        Row numbers in ascending order.
    """
    counts = np.bincount(codes)
    n_test = np.maximum(np.rint(counts * test_fraction).astype(np.int64), 1)
    n_test[counts <= 1] = 0
    # RandomState, because NumPy promises never to change its stream.
    order, ranks = shuffled_ranks(codes, np.random.RandomState(0))
    held_out = ranks < n_test[codes[order]]
    return np.sort(order[~held_out]), np.sort(order[held_out])
