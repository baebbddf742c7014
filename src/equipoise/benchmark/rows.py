"""Which images a job trains on, and on which it is scored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from equipoise.datasets import imbalance
from equipoise.datasets.loading import load_part
from equipoise.errors import InvalidInputError

HELD_OUT = 1000  # at most so many of each class


def training_rows(job: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Imbalanced training images and labels of the job's protocol and seed."""
    X, y, _ = _taken(job)
    return X, y


def rows_to_score(job: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Test images and labels, or with ``scored_on`` "held-out" training images left over.

    Of these there are at most 1,000 of each class, the first ones, and the test images are not
    loaded.

    Raises
    ------
    InvalidInputError
        The protocol leaves none over.
    """
    if job["scored_on"] == "test":
        return load_part(job["dataset"], "test", job["data_dir"])
    _, _, taken = _taken(job)
    X, y = load_part(job["dataset"], "train", job["data_dir"])
    rest = np.setdiff1d(np.arange(len(y)), taken)
    rows = np.concatenate([rest[y[rest] == c][:HELD_OUT] for c in np.unique(y)])
    if not len(rows):
        raise InvalidInputError(
            f"protocol={job['protocol']!r} leaves no training images of {job['dataset']} over. "
            "Choose a larger ratio."
        )
    return X[rows], y[rows]


def class_sizes(protocol: Mapping[str, Any], dataset: str, y: np.ndarray, seed: int) -> Any:
    """Training images of each class by a protocol.

    Parameters
    ----------
    protocol : dict
        ``sizes``, with ``ratio`` and ``n_minority`` where that needs them, and
        ``permute_classes``: whether the seed says which class gets which size.
    dataset : str
    y : ndarray of shape (n,)
        All training labels.
    seed : int

    Returns
    -------
    dict of int to int
    """
    if protocol["sizes"] == "published":
        sizes = imbalance.published(dataset)
    elif protocol["sizes"] == "exponential":
        sizes = imbalance.exponential(y, protocol["ratio"])
    else:
        sizes = imbalance.step(y, protocol["ratio"], protocol["n_minority"])
    if protocol["permute_classes"]:
        # Not the stream of the subset's shuffle; and NumPy promises never to change this one.
        order = np.random.RandomState([seed, 1]).permutation(list(sizes.values()))
        sizes = dict(zip(sizes, order.tolist(), strict=True))
    return sizes


def _taken(job: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    X, y = load_part(job["dataset"], "train", job["data_dir"])
    sizes = class_sizes(job["protocol"], job["dataset"], y, job["seed"])
    rows = imbalance.subset(X, y, sizes, random_state=job["seed"], return_indices=True)
    return rows[0], rows[1], rows[2]
