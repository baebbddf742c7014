"""CelebA by hair colour."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise.errors import counted

from .cache import cache_path, open_cache, write_cache
from .decoding import opened
from .fetch import DamagedFileError, damaged
from .files import ImageFile, open_zip
from .images import Arrays, Images, Size, read_all

HAIR = {
    "blonde": "Blond_Hair",
    "black": "Black_Hair",
    "bald": "Bald",
    "brown": "Brown_Hair",
    "gray": "Gray_Hair",
}
_RECIPE = "centre crop, bilinear"  # part of the cache key: change it with _decode


def load(paths: Mapping[str, Path], size: Size, hair: str) -> Arrays:
    """Load the faces that have one of the five hair attributes.

    Parameters
    ----------
    paths : mapping of str to Path
        Published file name to local file; the zip may be the folder that it unpacks to.
    size : (int, int)
        Height and width of the images.
    hair : {"published", "exclusive"}
        Whether an image with two of the attributes is in both classes or is left out.

    Returns
    -------
    X_train, y_train, X_test, y_test : ndarray
        Images (n, height, width, 3) of uint8, read-only memory maps, and labels (n,) of int64.
        Images with a single attribute come first, those with several after them.

    Raises
    ------
    DamagedFileError
        If a list or an image is damaged, or an image is missing.
    """
    names, has_hair, partition = read_lists(
        paths["list_attr_celeba.txt"], paths["list_eval_partition.txt"]
    )
    n_hairs = has_hair.sum(axis=1)
    # Exclusive images before shared ones: for both values of `hair` the training and the test
    # images are then slices of one cache.
    blocks = [
        np.flatnonzero((partition == part) & chosen)
        for part in (0, 2)
        for chosen in (n_hairs == 1, n_hairs > 1)
    ]
    images = np.concatenate(blocks)
    if not len(images):
        raise damaged(paths["list_attr_celeba.txt"], f"no image is one of {', '.join(HAIR)}")
    y = np.nonzero(has_hair[images])[1].astype(np.int64)
    source = _complete(paths["img_align_celeba.zip"], names[images])
    X = cached_images(source, names[images], n_hairs[images], size)
    single, shared, test_single, _ = (int(n_hairs[block].sum()) for block in blocks)
    test = single + shared
    if hair == "exclusive":
        return X[:single], y[:single], X[test : test + test_single], y[test : test + test_single]
    return X[:test], y[:test], X[test:], y[test:]


def read_lists(
    attributes: Path, partitions: Path
) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.bool_], npt.NDArray[np.int8]]:
    """Read the hair attributes and the partition of every image.

    Parameters
    ----------
    attributes : Path
        ``list_attr_celeba.txt``: a count, a line of names, then a file name and -1 or 1 each.
    partitions : Path
        ``list_eval_partition.txt``: a file name and 0 (train), 1 (validation) or 2 (test).

    Returns
    -------
    names : ndarray of shape (n,), str
    has_hair : ndarray of shape (n, 5), bool
        Columns in the order of ``HAIR``.
    partition : ndarray of shape (n,), int8

    Raises
    ------
    DamagedFileError
        If a list is cut off, holds other values, or the two do not list the same files.
    """
    with attributes.open(encoding="utf-8", errors="replace") as lines:
        count, header = lines.readline().strip(), lines.readline().split()
    if not count.isdigit() or not set(HAIR.values()) <= set(header):
        raise damaged(attributes, "it does not start with a count and a line of attribute names")
    columns = [1 + header.index(attribute) for attribute in HAIR.values()]
    names = _table(attributes, [0], np.str_, skiprows=2)[:, 0]
    values = _table(attributes, columns, np.int8, skiprows=2)
    if len(names) != int(count):
        raise damaged(
            attributes, f"it announces {counted(int(count), 'image')} and lists {len(names)}"
        )
    if not (np.abs(values) == 1).all():
        raise damaged(attributes, "an attribute is neither -1 nor 1")
    if not np.array_equal(_table(partitions, [0], np.str_)[:, 0], names):
        raise damaged(partitions, f"it does not list the same files as {attributes.name}")
    partition = _table(partitions, [1], np.int8)[:, 0]
    if not np.isin(partition, (0, 1, 2)).all():
        raise damaged(partitions, "a partition is none of 0, 1, 2")
    return names, values == 1, partition


def _table(
    path: Path, columns: list[int], dtype: type[np.generic], skiprows: int = 0
) -> npt.NDArray[Any]:
    try:
        return np.loadtxt(path, dtype, usecols=columns, skiprows=skiprows, ndmin=2)
    except ValueError as error:
        raise damaged(path, str(error)) from None


def cached_images(
    source: Path, names: npt.NDArray[np.str_], repeats: npt.NDArray[np.int64], size: Size
) -> Images:
    """Decode images the first time, and return them as a read-only memory map.

    Parameters
    ----------
    source : Path
        Folder of jpgs, or zip of it.
    names : ndarray of shape (n,), str
        Files to decode, in the order of the rows.
    repeats : ndarray of shape (n,), int
        Number of successive rows that each image fills.
    size : (int, int)
        Height and width.

    Returns
    -------
    ndarray of shape (sum of repeats, height, width, 3), uint8
    """
    height, width = size
    stat = source.stat()
    stamp = f"{source.name} {stat.st_size} {stat.st_mtime_ns} {_RECIPE}".encode()
    key = stamp + names.tobytes() + repeats.astype("<i8").tobytes()
    path = cache_path(source, f"celeba-hair-{height}x{width}", key)
    shape = (int(repeats.sum()), height, width, 3)
    if (found := open_cache(path)) and found[0].shape == shape:
        return found[0]
    files = _files(source, names)
    file_of_row = np.repeat(np.arange(len(files)), repeats)

    def decode(rows: range) -> Images:
        chosen, repeated = np.unique(file_of_row[rows.start : rows.stop], return_inverse=True)
        return read_all(lambda i: _decode(files[i], size), chosen.tolist())[repeated]

    return write_cache(path, shape, decode)


def _complete(source: Path, names: npt.NDArray[np.str_]) -> Path:
    """Return the folder if it has every image, else the zip from which it was unpacked in part."""
    if not source.is_dir():
        return source
    archive = source.with_suffix(".zip")
    if absent := set(names.tolist()) - set(os.listdir(source)):
        if not archive.is_file():
            raise _incomplete(source, absent)
        return archive
    return source


def _files(source: Path, names: npt.NDArray[np.str_]) -> list[ImageFile]:
    if source.is_dir():
        return [ImageFile(source, name) for name in names.tolist()]
    members = {member.rpartition("/")[2]: member for member in open_zip(source).namelist()}
    if absent := set(names.tolist()) - set(members):
        raise _incomplete(source, absent)
    return [ImageFile(source, members[name]) for name in names.tolist()]


def _incomplete(source: Path, absent: set[str]) -> DamagedFileError:
    return damaged(
        source, f"it lacks {counted(len(absent), 'listed image')}, {min(absent)} among them"
    )


def _decode(file: ImageFile, size: Size) -> Images:
    from PIL import Image

    with opened(file) as image:
        # The largest centred box of the wanted proportions: of the 178 x 218 originals it keeps
        # the whole width, and with it the hair.
        scale = min(image.height / size[0], image.width / size[1])
        height, width = size[0] * scale, size[1] * scale
        left, top = (image.width - width) / 2, (image.height - height) / 2
        box = (left, top, left + width, top + height)
        resized = image.convert("RGB").resize(size[::-1], Image.Resampling.BILINEAR, box)
        return np.asarray(resized)
