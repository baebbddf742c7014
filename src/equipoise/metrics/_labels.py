"""Validation of class labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Labels = NDArray[np.generic]


def check_labels(name: str, y: ArrayLike) -> Labels:
    """Return `y` as a 1-D array of strings, booleans or integers.

    Parameters
    ----------
    name : str
        Name of `y` in error messages.
    y : array-like of shape (n_samples,) or (n_samples, 1)
        Class labels. Floats that are whole numbers are converted to integers.

    Returns
    -------
    ndarray of shape (n_samples,)

    Raises
    ------
    ValueError
        If `y` is empty, is not one-dimensional, has missing values, or contains no labels.
    """
    labels = np.asarray(y)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        raise ValueError(
            f"{name} must hold one label per row, got shape {labels.shape}. For class "
            f"probabilities or one-hot rows, pass classes[{name}.argmax(axis=1)]."
        )
    if labels.size == 0:
        raise ValueError(f"{name} is empty. Pass at least one label.")
    if labels.dtype.kind == "O":
        labels = _from_objects(name, labels)
    if labels.dtype.kind == "T":
        labels = labels.astype(str)
    if labels.dtype.kind == "f":
        if np.isnan(labels).any():
            raise ValueError(f"{name} has missing labels (NaN). Drop these rows first.")
        not_whole = labels[(labels != np.floor(labels)) | np.isinf(labels)]
        if not_whole.size:
            raise ValueError(
                f"{name} must hold class labels, got the number {not_whole[0]}. "
                "Pass predicted classes (predict), not probabilities or scores."
            )
    if labels.dtype.kind in "fiu":
        labels = labels.astype(np.int64)  # a single dtype, so that any two arrays can be compared
    if labels.dtype.kind not in "Ubi":
        raise ValueError(
            f"{name} must hold strings or integers, got dtype {labels.dtype}. Convert it first."
        )
    return labels


def check_same_kind(name: str, y: Labels, other_name: str, other: Labels) -> None:
    """Raise a ValueError if one array holds strings and the other numbers."""
    if (y.dtype.kind == "U") != (other.dtype.kind == "U"):
        raise ValueError(
            f"{name} has dtype {y.dtype} but {other_name} has {other.dtype}: strings never equal "
            f"numbers. Convert one, for example {name}.astype({other_name}.dtype)."
        )


def _from_objects(name: str, labels: NDArray[np.object_]) -> Labels:
    """Convert an object array to an array of strings, booleans or numbers."""
    values = labels.tolist()
    # `v != v` detects NaN. pandas.NA has no truth value, so it is detected by its class name.
    if any(v is None or type(v).__name__ == "NAType" or v != v for v in values):
        raise ValueError(f"{name} has missing labels. Drop these rows first.")
    n_strings = sum(isinstance(v, str) for v in values)
    if 0 < n_strings < len(values):
        raise ValueError(
            f"{name} mixes strings and other values. Convert it, for example with astype(str)."
        )
    return np.asarray(values)
