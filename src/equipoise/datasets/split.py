"""Shuffles and splits within classes, for subsets and test sets."""

from __future__ import annotations

import os
from collections.abc import Sequence
from hashlib import sha256

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
    return order, _ranks(codes[order])


def _ranks(codes: IntArray) -> IntArray:
    by_class = np.argsort(codes, kind="stable")
    counts = np.bincount(codes)
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    ranks = np.empty(len(codes), dtype=np.int64)
    ranks[by_class] = np.arange(len(codes)) - starts
    return ranks


def stratified_split(
    codes: IntArray, test_fraction: float, names: Sequence[str] | None = None
) -> tuple[IntArray, IntArray]:
    """Split rows into training and test rows, class by class and always alike.

    Each class gives ``test_fraction`` of its rows, rounded, but at least one, to the test set; a
    class with a single row gives none. The same arguments always give the same split.

    Parameters
    ----------
    codes : ndarray of shape (n,)
        Class of each row, 0 to C - 1.
    test_fraction : float in (0, 1)
        Share of each class that is held out.
    names : sequence of str, default=None
        Names of the rows. With them, adding or removing rows moves hardly any other row from one
        part to the other.

    Returns
    -------
    train, test : ndarray of int
        Row numbers in ascending order.
    """
    counts = np.bincount(codes)
    n_test = np.maximum(np.rint(counts * test_fraction).astype(np.int64), 1)
    n_test[counts <= 1] = 0
    if names is None:  # RandomState, because NumPy promises never to change its stream
        order = np.random.RandomState(0).permutation(len(codes))
    else:
        order = np.argsort([sha256(os.fsencode(name)).hexdigest() for name in names])
    held_out = _ranks(codes[order]) < n_test[codes[order]]
    return np.sort(order[~held_out]), np.sort(order[held_out])
