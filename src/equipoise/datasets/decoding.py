"""Pictures of Pillow as arrays of bytes."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from .fetch import DamagedFileError, damaged
from .files import ImageFile
from .images import Images, Size

if TYPE_CHECKING:
    from PIL import Image

GREY = ("1", "L", "LA", "I", "I;16", "I;16L", "I;16B", "I;16N", "F")  # Pillow's modes
# What has more than eight bits: whole numbers, fractions, and colours, of which Pillow keeps the
# upper eight bits.
DEPTHS = ("integer", "float", "colour")

FullScale = Mapping[str, float]  # depth -> the value that becomes 255


def to_array(
    image: Image.Image,
    size: Size | None = None,
    colour: bool = True,
    full_scale: FullScale | None = None,
) -> Images:
    """Turn a PIL image into (height, width, 3), or (height, width) where ``colour`` is false.

    Transparent pixels become white, unless all are transparent: then the transparency is left out.
    Palettes, CMYK and other modes are converted, and the orientation of a camera is undone. With
    ``size``, the image is stretched to it (bilinear, antialiased).

    Parameters
    ----------
    image : PIL.Image.Image
    size : (int, int) or None, default=None
        Height and width.
    colour : bool, default=True
    full_scale : mapping of str to float, default=None
        The values that become 255 in images of more than eight bits. By default these are 65535
        for whole numbers and 1 for fractions.
    """
    from PIL import Image

    turn = _turn(image)
    if depth := depth_of(image):
        image = _in_eight_bits(image, depth, full_scale or {})
    if image.mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        if image.getchannel("A").getextrema() != (0, 0):
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = image.convert("RGB" if colour else "L")
    if turn is not None:
        image = image.transpose(turn)
    if size is not None and image.size != size[::-1]:
        image = image.resize(size[::-1], Image.Resampling.BILINEAR)
    return np.asarray(image)


def depth_of(image: Image.Image) -> str | None:
    """One of ``DEPTHS`` where an image has more than eight bits."""
    if image.mode.startswith("I"):
        return "integer"
    if image.mode == "F":
        return "float"
    # Colours of 16 bits have the mode of those of 8; how they are stored tells them apart.
    stored = str([tile[3] for tile in getattr(image, "tile", ())])
    return "colour" if image.format in ("PNG", "TIFF") and ";16" in stored else None


def _in_eight_bits(image: Image.Image, depth: str, full_scale: FullScale) -> Image.Image:
    from PIL import Image

    white = full_scale.get(depth, 1.0 if depth == "float" else 65535.0)
    if depth == "colour":
        highest = int(white) >> 8  # of the upper eight bits, which are all that there is
        brighter = [min(255, round(value * 255 / highest)) for value in range(256)]
        same = list(range(256))
        return image.point(
            [v for band in image.getbands() for v in (same if band == "A" else brighter)]
        )
    values = np.asarray(image) * (255 / white)
    return Image.fromarray(np.rint(np.clip(np.nan_to_num(values), 0, 255)).astype(np.uint8))


def _turn(image: Image.Image) -> Image.Transpose | None:
    """How to turn or mirror an image so that it is upright."""
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
    return turns.get(orientation(image))


def orientation(image: Image.Image) -> int:
    """The orientation by the Exif data, from 1 to 8."""
    if image.format == "PNG" and not {"exif", "Raw profile type exif"} & image.info.keys():
        return 1  # Pillow would decode all pixels to look for Exif data behind them
    return image.getexif().get(274, 1)


@contextmanager
def opened(file: ImageFile) -> Iterator[Image.Image]:
    """Open a file as an image; any error of its decoder names the file."""
    from PIL import Image

    with _naming(file), file.open() as content, Image.open(content) as image:
        most = Image.MAX_IMAGE_PIXELS  # Pillow itself only warns up to twice as many
        if most is not None and image.width * image.height > most:
            raise damaged(
                str(file),
                f"{image.width}x{image.height} pixels are more than Pillow's limit of {most}",
            )
        yield image


@contextmanager
def _naming(file: ImageFile) -> Iterator[None]:
    """Turn an error of a decoder into one that names the file."""
    from PIL import Image, UnidentifiedImageError

    try:
        yield
    except DamagedFileError:
        raise  # of the zip file that it is in
    except UnidentifiedImageError:
        raise damaged(str(file), "it is no image that Pillow can read") from None
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
        raise damaged(str(file), str(error)) from None
