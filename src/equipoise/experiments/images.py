"""Which images a job trains on, and on which it is scored."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from equipoise.datasets import imbalance
from equipoise.datasets.cifar import NOT_OFFICIAL
from equipoise.datasets.loading import load_part, stand_in
from equipoise.errors import InvalidInputError

HELD_OUT = 1000  # images of each class at most


def training_images(job: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Imbalanced training images and labels of the job's protocol and seed.

    Returns
    -------
    X, y : ndarray
    positions : ndarray of int
        Of these images among all training images.
    """
    X, y = load_part(job["dataset"], "train", job["data_dir"])
    sizes = class_sizes(job["protocol"], job["dataset"], y, job["seed"])
    rows = imbalance.subset(X, y, sizes, random_state=job["seed"], return_indices=True)
    return rows[0], rows[1], rows[2]


def images_to_score(job: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Test images and labels, or where the job is scored on held-out images, these.

    Held-out images are those training images that the protocol leaves over, the first 1,000 of
    each class at most. The test images are not loaded then.

    Raises
    ------
    InvalidInputError
        The protocol leaves none over.
    """
    if job["scored_on"] == "test":
        return load_part(job["dataset"], "test", job["data_dir"])
    _, _, taken = training_images(job)
    X, y = load_part(job["dataset"], "train", job["data_dir"])
    rest = np.setdiff1d(np.arange(len(y)), taken)
    rows = np.concatenate([rest[y[rest] == c][:HELD_OUT] for c in np.unique(y)])
    if not len(rows):
        raise InvalidInputError(
            f"protocol={job['protocol']!r} leaves no training images of {job['dataset']} over. "
            "Choose a larger ratio."
        )
    return X[rows], y[rows]


def identity(dataset: str, data_dir: Path | None) -> dict[str, str]:
    """What tells test images that are not the official ones from these.

    Returns
    -------
    dict
        ``test_images``, which says what they are; empty where they are the official ones.
    """
    return {"test_images": NOT_OFFICIAL} if stand_in(dataset, data_dir) else {}


def class_sizes(protocol: Mapping[str, Any], dataset: str, y: np.ndarray, seed: int) -> Any:
    """Training images of each class by a protocol.

    Parameters
    ----------
    protocol : dict
        ``sizes``, with ``ratio`` and ``n_minority`` where that needs them, and
        ``permute_classes``: whether the seed decides which class gets which size.
    dataset : str
    y : ndarray of shape (n,)
        All training labels.
    seed : int

    Returns
    -------
    dict of int to int
    """
    parts = [protocol[key] for key in ("sizes", "ratio", "n_minority") if key in protocol]
    sizes = imbalance.class_sizes(":".join(map(str, parts)), dataset, y)
    if protocol["permute_classes"]:
        # Not the stream of the subset's shuffle; and NumPy promises never to change this one.
        order = np.random.RandomState([seed, 1]).permutation(list(sizes.values()))
        sizes = dict(zip(sizes, order.tolist(), strict=True))
    return sizes
