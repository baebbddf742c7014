"""Which training images a run is about: an imbalanced subset, and what is held out of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from equipoise.cli.data import PROTOCOLS

if TYPE_CHECKING:
    import numpy as np

    from equipoise.datasets import Dataset

_NUMBER = r"\d+(?:\.\d+)?"


def choose_protocol(protocol: str | None, dataset: str) -> str:
    """The protocol of this name, checked; the usual one for the data set where it is None.

    Raises
    ------
    ValueError
        It is none of those that exist.
    """
    if protocol is None:
        protocol = "none" if dataset == "folder" else "published"
    if not re.fullmatch(rf"none|published|exponential:{_NUMBER}|step:{_NUMBER}:\d+", protocol):
        raise ValueError(f"--protocol {protocol!r} is not one of {PROTOCOLS}.")
    if protocol == "published" and dataset == "folder":
        raise ValueError(
            "--protocol published: nobody has published sizes for your own images. Take another "
            f"of {PROTOCOLS}."
        )
    return protocol


def class_sizes(protocol: str, dataset: str, y: np.ndarray) -> dict[int, int] | None:
    """Training rows that each class keeps; None where all stay.

    Raises
    ------
    ValueError
        The protocol asks for more than there is.
    """
    from equipoise.datasets import imbalance

    kind, *numbers = protocol.split(":")
    if kind == "published":
        return imbalance.published(dataset)
    if kind == "exponential":
        return imbalance.exponential(y, float(numbers[0]))
    if kind == "step":
        return imbalance.step(y, float(numbers[0]), int(numbers[1]))
    return None


def take(data: Dataset, sizes: dict[int, int] | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Training images and labels of these class sizes."""
    from equipoise.datasets import imbalance

    if sizes is None:
        return data.X_train, data.y_train
    X, y = imbalance.subset(data.X_train, data.y_train, sizes, random_state=seed)
    return X, y


def hold_out(
    X: np.ndarray, y: np.ndarray, fraction: float, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Training and validation images and labels, every class in both.

    Raises
    ------
    ValueError
        A class has a single image.
    """
    import numpy as np

    from equipoise.inputs import stratified_holdout

    classes, target, counts = np.unique(y, return_inverse=True, return_counts=True)
    if counts.min() < 2:
        raise ValueError(
            f"Class {classes[counts.argmin()]} has one training image, but one is needed to train "
            "and one to validate on. Choose another --protocol, or add images."
        )
    train, held_out = stratified_holdout(target, fraction, seed, classes)
    return X[train], y[train], X[held_out], y[held_out]


def training_rows(data: Dataset, settings: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels that a run of these settings trains on."""
    sizes = class_sizes(settings["protocol"], settings["dataset"], data.y_train)
    X, y = take(data, sizes, settings["seed"])
    if "validation_fraction" in settings:
        X, y, *_ = hold_out(X, y, settings["validation_fraction"], settings["seed"])
    return X, y


def validation_rows(data: Dataset, settings: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Training images and labels that a run of these settings holds out."""
    sizes = class_sizes(settings["protocol"], settings["dataset"], data.y_train)
    X, y = take(data, sizes, settings["seed"])
    *_, X, y = hold_out(X, y, settings["validation_fraction"], settings["seed"])
    return X, y
