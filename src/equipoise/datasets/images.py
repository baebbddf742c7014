"""Functions that the image loaders share: decoding in parallel, resizing, colours."""

from __future__ import annotations

import operator
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from .fetch import DamagedFileError, damaged

if TYPE_CHECKING:
    from PIL import Image

Images = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]
Arrays = tuple[Images, Labels, Images, Labels]
Size = tuple[int, int]
Scalar = TypeVar("Scalar", bound=np.generic)

SUFFIXES = (".png", ".jpg", ".jpeg")
GREY = ("1", "L", "LA", "I", "I;16", "I;16L", "I;16B", "I;16N", "F")  # Pillow's modes

_CHUNK = 1024  # bounds the decoded images that wait to be written


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


def upright(image: Image.Image) -> Image.Image:
    """Turn or mirror an image as its Exif orientation says.

    Pillow's own function also rewrites the other tags, and fails if one of them is invalid.
    """
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    turn = turns.get(image.getexif().get(274, 1))
    return image if turn is None else image.transpose(turn)


def to_array(image: Image.Image, size: Size | None = None, colour: bool = True) -> Images:
    """Turn a PIL image into (height, width, 3), or (height, width) where ``colour`` is false.

    Transparent pixels become white, and 16-bit grey keeps its high byte. With ``size``, the image
    is stretched to it (bilinear, antialiased).
    """
    from PIL import Image

    if image.mode.startswith("I"):  # Pillow's own conversion to 8 bits would clip at 255
        deep = np.asarray(image).astype(np.int64)
        image = Image.fromarray((np.clip(deep, 0, 65535) >> 8).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = image.convert("RGB" if colour else "L")
    if size is not None and image.size != size[::-1]:
        image = image.resize(size[::-1], Image.Resampling.BILINEAR)
    return np.asarray(image)


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
        resized[row] = to_array(Image.fromarray(image), size, colour=X.ndim == 4)
    return resized


def read_chunks(
    read: Callable[[int], npt.NDArray[Scalar]], n: int, description: str
) -> Iterator[tuple[slice, npt.NDArray[Scalar]]]:
    """Call ``read(0)`` to ``read(n - 1)`` on all cores, with a progress bar after one second.

    Threads suffice: Pillow lets go of the interpreter lock while it decodes.

    Yields
    ------
    rows, values : slice, ndarray
        The next rows in order, and what ``read`` returned for them, stacked.
    """
    from concurrent.futures import ThreadPoolExecutor

    from tqdm.auto import tqdm

    with (
        ThreadPoolExecutor(os.cpu_count()) as pool,
        tqdm(total=n, desc=description, unit="image", delay=1) as bar,
    ):
        for start in range(0, n, _CHUNK):
            rows = slice(start, min(start + _CHUNK, n))
            yield rows, np.stack(list(pool.map(read, range(rows.start, rows.stop))))
            bar.update(rows.stop - rows.start)


@contextmanager
def naming(path: object) -> Iterator[None]:
    """Turn an error of a decoder into one that names the file."""
    from PIL import Image

    try:
        yield
    except DamagedFileError:
        raise  # of the zip file that it is in
    except (
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        struct.error,
        Image.DecompressionBombError,
    ) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # an error of the file system, which names the file already
        raise damaged(str(path), str(error)) from None
