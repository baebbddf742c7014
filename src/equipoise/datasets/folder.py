"""Your own images: one subfolder per class."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .fetch import DatasetNotFoundError
from .images import (
    GREY,
    SUFFIXES,
    Arrays,
    Images,
    Labels,
    Size,
    naming,
    read_chunks,
    to_array,
    upright,
)
from .split import stratified_split

_UNREAD = {".webp", ".tif", ".tiff", ".bmp", ".gif", ".heic", ".avif"}
_SIDEWAYS = (5, 6, 7, 8)  # Exif orientations that exchange height and width


def load(root: Path, size: Size | None) -> tuple[Arrays, tuple[str, ...]]:
    """Load images from a folder that has a subfolder for each class.

    Parameters
    ----------
    root : Path
        Holds the class folders, or ``train`` and ``test`` folders that hold them. Without these
        two, a fifth of every class becomes the test set, chosen by the names of the files.
    size : (int, int) or None
        Height and width to stretch to; None where all images have the same.

    Returns
    -------
    arrays : tuple of ndarray
        X_train, y_train, X_test, y_test; images (n, height, width) where all are grey, else
        (n, height, width, 3).
    class_names : tuple of str
        Names of the training class folders, sorted.

    Raises
    ------
    DatasetNotFoundError
        If ``root`` does not exist or holds no class folder.
    ValueError
        If a class folder is empty, sizes differ, or a test class has no training images.
    DamagedFileError
        If an image does not decode.
    """
    if not root.is_dir():
        raise DatasetNotFoundError(f"data_dir={str(root)!r} does not exist.")
    train, test = root / "train", root / "test"
    if is_split(root):
        names = tuple(folder.name for folder in _class_folders(train))
        unknown = [folder for folder in _class_folders(test) if folder.name not in names]
        if unknown:
            raise ValueError(f"{unknown[0]} is a class without images in {train}.")
        train_files, train_labels = _list(train, names)
        test_files, test_labels = _list(test, names)
        X = _read(train_files + test_files, size)
        split = len(train_files)
        return (X[:split], train_labels, X[split:], test_labels), names
    names = tuple(folder.name for folder in _class_folders(root))
    if not names:
        raise DatasetNotFoundError(
            f"data_dir={str(root)!r} holds no folders: put the images of each class into one."
        )
    files, labels = _list(root, names)
    X = _read(files, size)
    kept, held_out = stratified_split(labels, 0.2, [file.name for file in files])
    return (X[kept], labels[kept], X[held_out], labels[held_out]), names


def is_split(root: Path) -> bool:
    """Whether the class folders are in folders ``train`` and ``test``."""
    return all(_class_folders(root / part) for part in ("train", "test"))


def _class_folders(root: Path) -> list[Path]:
    if not root.is_dir():
        return []
    return sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith((".", "__")))


def _list(root: Path, names: Sequence[str]) -> tuple[list[Path], Labels]:
    files: list[Path] = []
    labels: list[int] = []
    for folder in _class_folders(root):
        inside = sorted(p for p in folder.iterdir() if not p.name.startswith("."))
        images = [p for p in inside if p.suffix.lower() in SUFFIXES and p.is_file()]
        others = [p for p in inside if p.suffix.lower() in _UNREAD]
        if others:
            warnings.warn(
                f"{folder} has {len(others)} images such as {others[0].name} that are left out: "
                "only png and jpg are read. Convert them.",
                stacklevel=2,
            )
        if not images:
            raise ValueError(f"The class folder {folder} holds no png, jpg or jpeg file.")
        files += images
        labels += [names.index(folder.name)] * len(images)
    return files, np.array(labels, dtype=np.int64)


def _read(files: list[Path], size: Size | None) -> Images:
    # The headers tell the shape of all images together before any is decoded.
    probes = [rows for _, rows in read_chunks(lambda i: _probe(files[i]), len(files), "headers")]
    heights_widths_colours = np.concatenate(probes)
    sizes = heights_widths_colours[:, :2]
    colour = bool(heights_widths_colours[:, 2].any())
    if size is None:
        if (different := np.flatnonzero((sizes != sizes[0]).any(axis=1))).size:
            other = different[0]
            raise ValueError(
                f"The images have different sizes (height x width): {files[0]} has "
                f"{sizes[0][0]}x{sizes[0][1]}, {files[other]} has "
                f"{sizes[other][0]}x{sizes[other][1]}. Pass image_size (--image-size) to bring "
                "all to one."
            )
        size = int(sizes[0][0]), int(sizes[0][1])
    X = np.empty((len(files), *size, 3) if colour else (len(files), *size), dtype=np.uint8)
    for rows, images in read_chunks(
        lambda i: _decode(files[i], size, colour), len(files), "folder"
    ):
        X[rows] = images
    return X


def _probe(path: Path) -> Labels:
    from PIL import Image

    with naming(path), Image.open(path) as image:
        width, height = image.size
        if image.getexif().get(274) in _SIDEWAYS:
            width, height = height, width
        return np.array([height, width, image.mode not in GREY])


def _decode(path: Path, size: Size, colour: bool) -> Images:
    from PIL import Image

    with naming(path), Image.open(path) as image:
        return to_array(upright(image), size, colour)
