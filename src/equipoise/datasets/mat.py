"""MATLAB files: SVHN."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from equipoise.errors import counted

from .fetch import damaged
from .images import Arrays, Images, Labels
from .mat5 import read_arrays

MOST_BYTES = 2**29  # of an array; the largest of SVHN's has 225 MB


def read_svhn(path: Path) -> tuple[Images, Labels]:
    """Read one file of cropped house numbers.

    Parameters
    ----------
    path : Path
        A file with ``X`` (32, 32, 3, n) and ``y`` (n, 1), in which 10 stands for the digit 0.

    Returns
    -------
    X : ndarray of shape (n, 32, 32, 3), uint8
    y : ndarray of shape (n,), int64
        The digit, 0 to 9.

    Raises
    ------
    DamagedFileError
        If the file does not load, or holds something else.
    """
    try:
        content = read_arrays(path, MOST_BYTES)
    except (ValueError, zlib.error) as error:
        raise damaged(path, f"it does not load as a MATLAB file ({error})") from None
    if absent := {"X", "y"} - set(content):
        raise damaged(path, f"it has no variable {sorted(absent)[0]}")
    X, y = content["X"], content["y"].ravel()
    if X.ndim != 4 or X.shape[:3] != (32, 32, 3) or X.dtype != np.uint8:
        raise damaged(path, f"X is {X.dtype} of shape {X.shape}, not uint8 (32, 32, 3, n)")
    if X.shape[3] != len(y):
        raise damaged(path, f"it has {counted(len(y), 'label')} for {counted(X.shape[3], 'image')}")
    if y.dtype.kind not in "iuf" or not np.isin(y, np.arange(1, 11)).all():
        raise damaged(path, "its labels are not all whole numbers from 1 to 10")
    return np.ascontiguousarray(X.transpose(3, 0, 1, 2)), y.astype(np.int64) % 10


def load(paths: Mapping[str, Path]) -> Arrays:
    """Load SVHN's training and test files; the "extra" file is not used.

    Parameters
    ----------
    paths : mapping of str to Path
        Published file name to local file.

    Returns
    -------
    X_train, y_train, X_test, y_test : ndarray
        Images (n, 32, 32, 3) of uint8 and labels (n,) of int64.
    """
    return *read_svhn(paths["train_32x32.mat"]), *read_svhn(paths["test_32x32.mat"])
