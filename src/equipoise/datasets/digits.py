"""scikit-learn's small digits: real images that need no download."""

from __future__ import annotations

import numpy as np

from .images import Arrays
from .split import stratified_split


def load() -> Arrays:
    """Load the 1797 digits of 8 x 8 pixels that ship with scikit-learn.

    Pixels are rescaled from 0..16 to 0..255. A quarter of every class is held out; the split is
    fixed, and this library's own, since the source has none.

    Returns
    -------
    X_train, y_train, X_test, y_test : ndarray
        Images (n, 8, 8) of uint8 and labels (n,) of int64.
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    X = np.rint(bunch.images * (255 / 16)).astype(np.uint8)
    y = bunch.target.astype(np.int64)
    train, test = stratified_split(y, test_fraction=0.25)
    return X[train], y[train], X[test], y[test]
