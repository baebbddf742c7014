"""Your own images: one subfolder per class."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any

import numpy as np

from equipoise.errors import counted
from equipoise.sequences import RowSequence

from .decoding import FullScale
from .fetch import DamagedFileError, DatasetNotFoundError
from .files import PARTS, ImageFile, class_folders, image_names
from .formats import damaged_files
from .images import OTHER_SUFFIXES, Images, Labels, Size, readable_suffixes
from .lazy import ImageFiles
from .split import stratified_split


def load(
    root: Path,
    size: Size | None,
    full_scale: FullScale | None = None,
    storage: str = "auto",
    skip_damaged: bool = False,
) -> tuple[tuple[Any, Labels, Any, Labels], tuple[str, ...], FullScale]:
    """Load images from a folder that has a subfolder for each class, or from a zip file of it.

    Parameters
    ----------
    root : Path
        Holds the class folders, or ``train`` and ``test`` folders that hold them. Without these
        two, a fifth of every class becomes the test set, chosen by the names of the files.
    size : (int, int) or None
        Height and width to stretch to; None where all images have the same.
    full_scale : mapping or None, default=None
        As for :func:`~equipoise.datasets.formats.common_format`.
    storage : {"auto", "memory", "disk", "files"}, default="auto"
        As for :func:`equipoise.load_dataset`.
    skip_damaged : bool, default=False
        As for :func:`equipoise.load_dataset`.

    Returns
    -------
    arrays : tuple of ndarray
        X_train, y_train, X_test, y_test; images (n, height, width) where all are grey, else
        (n, height, width, 3). With ``storage="files"``, the images are sequences.
    class_names : tuple of str
        Names of the training class folders, sorted.
    full_scale : mapping
        Values that became 255 in images of more than eight bits.

    Raises
    ------
    DatasetNotFoundError
        If ``root`` does not exist or holds no class folder.
    ValueError
        If a class folder is empty, sizes differ, or a test class has no training images.
    DamagedFileError
        If images do not decode and ``skip_damaged`` is false; it names them all.
    """
    if not root.exists():
        raise DatasetNotFoundError(f"data_dir (--data-dir) {root} does not exist.")
    folders = class_folders(root)
    skipped = _damaged(root, folders) if skip_damaged else set()
    if _is_split(folders):
        train, test = (_below(folders, f"{part}/") for part in PARTS)
        names = tuple(train)
        if unknown := [name for name in test if name not in names]:
            raise ValueError(f"{root}/test/{unknown[0]} is a class without images in {root}/train.")
        train_files, train_labels = _list(root, train, names, skipped)
        test_files, test_labels = _list(root, test, names, skipped)
    else:
        names = tuple(classes := _below(folders, ""))
        if not names:
            raise DatasetNotFoundError(
                f"data_dir (--data-dir) {root} holds no folders: put the images of each class into "
                "one."
            )
        files, labels = _list(root, classes, names, skipped)
        kept, held_out = stratified_split(labels, 0.2, [file.base for file in files])
        train_files, test_files = ([files[i] for i in part.tolist()] for part in (kept, held_out))
        train_labels, test_labels = labels[kept], labels[held_out]
    _warn_of_others(root, [*train_files, *test_files], skipped)
    # Together, so that they get one format and the parts are slices of one array.
    images = ImageFiles.of(train_files + test_files, size, full_scale)
    n, whole = len(train_files), np.arange(len(images))
    X_train: Any
    X_test: Any
    try:
        if storage == "files":
            X_train, X_test = (RowSequence(images, part) for part in (whole[:n], whole[n:]))
            scale = images.full_scale
        else:
            X, scale = read_images(images, root, storage)
            X_train, X_test = X[:n], X[n:]
    except DamagedFileError as error:
        raise _all_damaged(train_files + test_files, error) from None
    return (X_train, train_labels, X_test, test_labels), names, scale


def read_images(images: ImageFiles, root: Path, storage: str) -> tuple[Images, FullScale]:
    """Decode images into memory, or into a memory map beside ``root``."""
    if storage == "memory":
        return images[:], images.full_scale
    return images.kept(root, root.stem, only_if_large=storage == "auto")


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


def _damaged(root: Path, folders: Mapping[str, list[str]]) -> set[str]:
    """Names of the images that do not decode, of which a warning tells."""
    endings = readable_suffixes()
    names = [
        name for inside in folders.values() for name in inside if name.lower().endswith(endings)
    ]
    found = damaged_files([ImageFile(root, name) for name in names])
    if found:
        warnings.warn(
            f"{root}: left out as damaged, {len(found)} of {counted(len(names), 'image')}: "
            f"{', '.join(file.name for file, _ in found)}.",
            stacklevel=3,
        )
    return {file.name for file, _ in found}


def _all_damaged(files: Sequence[ImageFile], error: DamagedFileError) -> DamagedFileError:
    """An error that names all damaged files, in place of the one of the first."""
    found = damaged_files(files)
    if len(found) < 2:
        return DamagedFileError(f"{error} To leave it out, pass skip_damaged (--skip-damaged).")
    lines = "".join(f"\n  {why}" for _, why in found)
    return DamagedFileError(
        f"damaged: {len(found)} of {counted(len(files), 'image')}. Replace or delete them, or pass "
        f"skip_damaged (--skip-damaged) to leave them out:{lines}"
    )


def _warn_of_others(root: Path, used: Sequence[ImageFile], skipped: set[str]) -> None:
    """Tell of images that are not used because of where they are."""
    known = {file.name for file in used} | skipped
    others = [name for name in image_names(root) if name not in known]
    if others:
        warnings.warn(
            f"{root}: images that are not directly in the folder of a class are left out, such as "
            f"{others[0]} ({len(others)} in all). Move them there.",
            stacklevel=3,
        )


def _list(
    root: Path, classes: Mapping[str, list[str]], names: Sequence[str], skipped: Set[str]
) -> tuple[list[ImageFile], Labels]:
    from PIL import Image

    known = Image.registered_extensions()
    readable = readable_suffixes()
    unread = tuple(suffix for suffix in OTHER_SUFFIXES if suffix not in known)
    files: list[ImageFile] = []
    labels: list[int] = []
    for name, inside in classes.items():
        images = [ImageFile(root, file) for file in inside if file.lower().endswith(readable)]
        if images and not (images := [file for file in images if file.name not in skipped]):
            raise ValueError(f"All images in the class folder {root}/{name} are damaged.")
        others = [ImageFile(root, file) for file in inside if file.lower().endswith(unread)]
        if others:
            warnings.warn(
                f"{root}/{name} has images such as {others[0].base} ({len(others)} in all) that "
                "are left out: Pillow does not read them here. Convert them, or install a plugin.",
                stacklevel=2,
            )
        if not images:
            raise ValueError(
                f"The class folder {root}/{name} holds no image that Pillow reads, such as png, "
                "jpg, tif or webp."
            )
        files += images
        labels += [names.index(name)] * len(images)
    return files, np.array(labels, dtype=np.int64)
