"""The training images of a run: an imbalanced subset, and what is held out of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from equipoise.datasets import Dataset

PROTOCOLS = "published, exponential:RATIO, step:RATIO:N or none"
_NUMBER = r"\d+(?:\.\d+)?"


def choose_protocol(protocol: str | None, dataset: str) -> str:
    """Check the name of a protocol; None stands for the usual one of the data set.

    Raises
    ------
    ValueError
        There is no such protocol, or it does not fit the data set.
    """
    if protocol is None:
        protocol = "none" if dataset == "folder" else "published"
    if not re.fullmatch(rf"none|published|exponential:{_NUMBER}|step:{_NUMBER}:\d+", protocol):
        raise ValueError(f"--protocol {protocol!r} is not one of {PROTOCOLS}.")
    if protocol == "published" and dataset == "folder":
        raise ValueError(
            "--protocol published: there are no published sizes for your own images. Choose "
            f"another of {PROTOCOLS}."
        )
    return protocol


def class_sizes(protocol: str, dataset: str, y: np.ndarray) -> dict[int, int] | None:
    """Number of training images that each class keeps; None if all images are kept.

    Raises
    ------
    ValueError
        The protocol asks for more images than there are.
    """
    from equipoise.datasets import imbalance

    if protocol == "none":
        return None
    kind, *numbers = protocol.split(":")
    ratio = float(numbers[0]) if numbers else None
    n_minority = int(numbers[1]) if len(numbers) > 1 else None
    return imbalance.class_sizes(kind, dataset, y, ratio, n_minority)


def imbalanced_subset(
    data: Dataset, sizes: dict[int, int] | None, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Training images and labels with these class sizes; all of them if ``sizes`` is None."""
    from equipoise.datasets import imbalance

    if sizes is None:
        return data.X_train, data.y_train
    X, y = imbalance.subset(data.X_train, data.y_train, sizes, random_state=seed)
    return X, y


def training_rows(data: Dataset, settings: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels that a run of these settings trains on."""
    X, y, *_ = _training_and_validation_rows(data, settings)
    return X, y


def validation_rows(data: Dataset, settings: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Training images and labels that a run of these settings holds out.

    Raises
    ------
    ValueError
        A class has a single image.
    """
    *_, X, y = _training_and_validation_rows(data, settings)
    return X, y


def _training_and_validation_rows(
    data: Dataset, settings: Mapping[str, Any]
) -> tuple[np.ndarray, ...]:
    sizes = class_sizes(settings["protocol"], settings["dataset"], data.y_train)
    X, y = imbalanced_subset(data, sizes, settings["seed"])
    if "validation_fraction" not in settings:
        return X, y
    import numpy as np

    from equipoise.inputs import stratified_holdout

    classes, target, counts = np.unique(y, return_inverse=True, return_counts=True)
    if counts.min() < 2:
        raise ValueError(
            f"Class {classes[counts.argmin()]} has one training image, but one is needed to train "
            "and one to validate on. Choose another --protocol, or add images."
        )
    train, held_out = stratified_holdout(
        target, settings["validation_fraction"], settings["seed"], classes
    )
    return X[train], y[train], X[held_out], y[held_out]
