"""The training or the test images alone, so that whoever trains does not open the others."""

from __future__ import annotations

from . import idx, mat
from .fetch import DataDir, fetch
from .images import Images, Labels
from .loading import _KNOWN, load_dataset

_IDX = {"train": "train", "test": "t10k"}


def load_part(
    name: str, part: str, data_dir: DataDir = None, download: bool = True
) -> tuple[Images, Labels]:
    """Load one part of a data set, and where its parts have files of their own, open no other.

    Parameters
    ----------
    name : {"digits", "mnist", "fashion-mnist", "svhn", "celeba"}
        Data set. "digits" and "celeba" come in one piece, of which the part is cut; the other
        images of "celeba" stay on disk.
    part : {"train", "test"}
    data_dir : path or None, default=None
        As for :func:`equipoise.load_dataset`.
    download : bool, default=True
        Whether to download what is missing.

    Returns
    -------
    X : ndarray of uint8
        Images, channels last.
    y : ndarray of shape (n,), int64

    Raises
    ------
    ValueError
        If ``name`` or ``part`` is none of those, or a file is damaged.
    DatasetNotFoundError
        If files are missing and cannot be downloaded.
    """
    if part not in _IDX:
        raise ValueError(f"part={part!r}: choose 'train' or 'test'.")
    if name in ("mnist", "fashion-mnist"):
        return idx._load_part(fetch(name, data_dir, download), _IDX[part])
    if name == "svhn":
        return mat.read_svhn(fetch(name, data_dir, download)[f"{part}_32x32.mat"])
    data = load_dataset(name, data_dir, download)
    return (data.X_train, data.y_train) if part == "train" else (data.X_test, data.y_test)


def class_names(name: str) -> list[str]:
    """What the labels 0, 1, … of a named data set stand for, without loading it."""
    return list(_KNOWN[name].class_names)
