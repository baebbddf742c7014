"""Images as an estimator takes them, and names as file systems take them."""

from __future__ import annotations

from typing import Any

import numpy as np

SAMPLER = "sampler:"  # before the name, in the records of shared samplers


def sampler_of(method: str) -> str | None:
    """Name of the sampler of such a record; None for that of a method."""
    return method.removeprefix(SAMPLER) if method.startswith(SAMPLER) else None


def folder(name: str) -> str:
    """Name of the folder of a data set or method."""
    return name.replace(":", "-")  # as Windows wants it


def is_ours(cls: type) -> bool:
    """Whether the class is one of this library."""
    return cls.__module__.partition(".")[0] == "equipoise"


def for_classifier(cls: type, X: np.ndarray) -> np.ndarray:
    """Images, or float32 rows in [0, 1].

    Parameters
    ----------
    cls : type
    X : ndarray of uint8, shape (n, height, width) or (n, height, width, channels)
    """
    return X if is_ours(cls) else _flat(X) / np.float32(255)


def for_sampler(cls: type, X: np.ndarray) -> np.ndarray:
    """Images, or float32 rows in the images' own range."""
    return X if is_ours(cls) else _flat(X)


def from_sampler(X_resampled: Any, like: np.ndarray) -> np.ndarray:
    """Images again, rounded and in the range of their dtype.

    Parameters
    ----------
    X_resampled : ndarray of shape (m, ...)
        From the sampler.
    like : ndarray of uint8, shape (n, ...)
        What the sampler was given.

    Returns
    -------
    ndarray of uint8, shape (m, ...)
    """
    if X_resampled.dtype != like.dtype:
        from equipoise.preprocessing.dtypes import rounded  # loads torch

        X_resampled = rounded(X_resampled, like.dtype)
    return X_resampled.reshape(-1, *like.shape[1:])


def _flat(X: np.ndarray) -> np.ndarray:
    return X.reshape(len(X), -1).astype(np.float32)
