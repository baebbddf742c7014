"""Functions that the image loaders share: decoding in parallel, resizing, colours."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Images = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]
Arrays = tuple[Images, Labels, Images, Labels]
Size = tuple[int, int]
Scalar = TypeVar("Scalar", bound=np.generic)

# Of files that every Pillow reads, and of those that it reads by its version or with a plugin.
SUFFIXES = (
    *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".jp2", ".webp", ".tif", ".tiff"),
    *(".bmp", ".dib", ".gif", ".ppm", ".pgm", ".pbm", ".pnm", ".tga"),
)
OTHER_SUFFIXES = (".avif", ".heic", ".heif", ".jxl")

CHUNK = 1024  # bounds the decoded images that wait to be written


def readable_suffixes() -> tuple[str, ...]:
    """Endings of the files that count as images in a folder: those that Pillow reads here."""
    from PIL import Image

    known = Image.registered_extensions()
    return (*SUFFIXES, *(suffix for suffix in OTHER_SUFFIXES if suffix in known))


def parse_size(image_size: int | tuple[int, int] | None) -> Size | None:
    """Read ``image_size`` as (height, width).

    Parameters
    ----------
    image_size : int, pair of int or None
        Pixels, at least 1. An int stands for a square.

    Returns
    -------
    (height, width) or None

    Raises
    ------
    ValueError
        If it is neither an int nor a pair of ints, or less than 1.
    """
    if image_size is None:
        return None
    try:
        pair = image_size if isinstance(image_size, (tuple, list)) else (image_size, image_size)
        height, width = (operator.index(side) for side in pair)
    except (TypeError, ValueError):
        height = width = 0
    if height < 1 or width < 1:
        raise ValueError(
            f"image_size={image_size!r}: give a positive int or a pair (height, width) of them."
        )
    return height, width


def with_channels(X: Images, channels: int) -> Images:
    """Convert images to grey (n, h, w) for 1 channel, or to colour (n, h, w, 3) for 3."""
    if channels == 3 and X.ndim == 3:
        return np.repeat(X[..., None], 3, axis=3)
    if channels == 1 and X.ndim == 4:  # by Pillow's weights
        return ((X @ np.array([19595, 38470, 7471]) + 0x8000) >> 16).astype(np.uint8)
    return X


def resize(X: Images, size: Size | None) -> Images:
    """Stretch images (n, h, w) or (n, h, w, 3) to ``size`` (bilinear, antialiased).

    Returns ``X`` itself where there is nothing to do.
    """
    if size is None or X.shape[1:3] == size:
        return X
    from PIL import Image

    resized = np.empty((len(X), *size, *X.shape[3:]), dtype=np.uint8)
    for row, image in enumerate(X):
        resized[row] = Image.fromarray(image).resize(size[::-1], Image.Resampling.BILINEAR)
    return resized


def read_chunks(
    read: Callable[[int], npt.NDArray[Scalar]], n: int, description: str
) -> Iterator[tuple[slice, npt.NDArray[Scalar]]]:
    """Call ``read(0)`` to ``read(n - 1)`` on all cores, with a progress bar after one second.

    Yields
    ------
    rows, values : slice, ndarray
        The next rows in order, and what ``read`` returned for them, stacked.
    """
    from tqdm.auto import tqdm

    with tqdm(total=n, desc=description, unit="image", delay=1) as bar:
        for start in range(0, n, CHUNK):
            rows = slice(start, min(start + CHUNK, n))
            yield rows, read_all(read, range(rows.start, rows.stop))
            bar.update(rows.stop - rows.start)


def read_all(
    read: Callable[[int], npt.NDArray[Scalar]], numbers: Sequence[int]
) -> npt.NDArray[Scalar]:
    """Call ``read`` with each of the numbers on all cores, and stack what it returns.

    Threads suffice: Pillow lets go of the interpreter lock while it decodes. Each takes several
    numbers at a time, because small images are decoded faster than they are handed over.
    """
    size = min(max(len(numbers) // (4 * (os.cpu_count() or 1)), 1), 64)
    blocks = (numbers[start : start + size] for start in range(0, len(numbers), size))
    done = _threads(os.getpid()).map(lambda block: [read(i) for i in block], blocks)
    return np.stack([value for values in done for value in values])


@lru_cache(maxsize=1)
def _threads(process: int) -> ThreadPoolExecutor:
    """The threads of this process; a child process does not inherit those of its parent."""
    return ThreadPoolExecutor(os.cpu_count())
