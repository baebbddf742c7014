"""Your own images: one subfolder per class."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from .fetch import DatasetNotFoundError
from .files import PARTS, ImageFile, class_folders
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

_UNREAD = (".webp", ".tif", ".tiff", ".bmp", ".gif", ".heic", ".avif")
_SIDEWAYS = (5, 6, 7, 8)  # Exif orientations that exchange height and width


def load(root: Path, size: Size | None) -> tuple[Arrays, tuple[str, ...]]:
    """Load images from a folder that has a subfolder for each class, or from a zip file of it.

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
    if not root.exists():
        raise DatasetNotFoundError(f"data_dir={str(root)!r} does not exist.")
    folders = class_folders(root)
    if _is_split(folders):
        train, test = (_below(folders, f"{part}/") for part in PARTS)
        names = tuple(train)
        if unknown := [name for name in test if name not in names]:
            raise ValueError(f"{root}/test/{unknown[0]} is a class without images in {root}/train.")
        train_files, train_labels = _list(root, train, names)
        test_files, test_labels = _list(root, test, names)
        X = read_images(train_files + test_files, size)
        split = len(train_files)
        return (X[:split], train_labels, X[split:], test_labels), names
    classes = _below(folders, "")
    if not classes:
        raise DatasetNotFoundError(
            f"data_dir={str(root)!r} holds no folders: put the images of each class into one."
        )
    files, labels = _list(root, classes, tuple(classes))
    X = read_images(files, size)
    kept, held_out = stratified_split(labels, 0.2, [file.base for file in files])
    return (X[kept], labels[kept], X[held_out], labels[held_out]), tuple(classes)


def is_split(root: Path) -> bool:
    """Whether the class folders are in folders ``train`` and ``test``."""
    return root.exists() and _is_split(class_folders(root))


def _is_split(folders: Mapping[str, list[str]]) -> bool:
    return all(_below(folders, f"{part}/") for part in PARTS)


def _below(folders: Mapping[str, list[str]], parent: str) -> dict[str, list[str]]:
    """The folders directly below ``parent``, which is empty or ends in a slash."""
    inner = {
        name.removeprefix(parent): files
        for name, files in folders.items()
        if name.startswith(parent)
    }
    return {name: files for name, files in inner.items() if name and "/" not in name}


def _list(
    root: Path, classes: Mapping[str, list[str]], names: Sequence[str]
) -> tuple[list[ImageFile], Labels]:
    files: list[ImageFile] = []
    labels: list[int] = []
    for name, inside in classes.items():
        images = [ImageFile(root, file) for file in inside if file.lower().endswith(SUFFIXES)]
        others = [ImageFile(root, file) for file in inside if file.lower().endswith(_UNREAD)]
        if others:
            warnings.warn(
                f"{root}/{name} has {len(others)} images such as {others[0].base} that are left "
                "out: only png and jpg are read. Convert them.",
                stacklevel=2,
            )
        if not images:
            raise ValueError(f"The class folder {root}/{name} holds no png, jpg or jpeg file.")
        files += images
        labels += [names.index(name)] * len(images)
    return files, np.array(labels, dtype=np.int64)


def read_images(files: Sequence[ImageFile], size: Size | None) -> Images:
    """Decode files into one array, in colour where any of them has colour.

    Parameters
    ----------
    files : sequence of ImageFile
    size : (int, int) or None
        As for :func:`load`.

    Returns
    -------
    ndarray of uint8
        Images (n, height, width) or (n, height, width, 3).

    Raises
    ------
    ValueError
        If sizes differ and ``size`` is None.
    DamagedFileError
        If a file does not decode.
    """
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


def _probe(file: ImageFile) -> Labels:
    from PIL import Image

    with naming(file), file.open() as content, Image.open(content) as image:
        width, height = image.size
        if image.getexif().get(274) in _SIDEWAYS:
            width, height = height, width
        return np.array([height, width, image.mode not in GREY])


def _decode(file: ImageFile, size: Size, colour: bool) -> Images:
    from PIL import Image

    with naming(file), file.open() as content, Image.open(content) as image:
        return to_array(upright(image), size, colour)
