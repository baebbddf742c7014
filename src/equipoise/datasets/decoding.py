"""Image files as arrays of bytes: what Pillow reads, in one size, in grey or in colour."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from .fetch import DamagedFileError, damaged
from .files import ImageFile
from .images import Images, Size, read_chunks

if TYPE_CHECKING:
    from PIL import Image

GREY = ("1", "L", "LA", "I", "I;16", "I;16L", "I;16B", "I;16N", "F")  # Pillow's modes
# What has more than eight bits: whole numbers, fractions, and colours, of which Pillow keeps the
# upper eight bits.
DEPTHS = ("integer", "float", "colour")
BITS = (8, 10, 12, 14, 16, 24, 32)  # that sensors and scanners use of the bits of a file
_SIDEWAYS = (5, 6, 7, 8)  # Exif orientations that exchange height and width

FullScale = Mapping[str, float]  # depth -> the value that becomes 255


class Header(NamedTuple):
    """What is to be known of a file before it is decoded; ``depth`` counts ``DEPTHS`` from 1."""

    height: int
    width: int
    colour: bool
    depth: int = 0
    least: float = 0.0
    most: float = 0.0
    whole: bool = True


class Format(NamedTuple):
    """What files are decoded to.

    Attributes
    ----------
    size : (int, int)
        Height and width.
    colour : bool
        Whether an image is (height, width, 3), or (height, width).
    full_scale : mapping of str to float
        For each of ``DEPTHS`` that occurs, the value that becomes 255.
    """

    size: Size
    colour: bool
    full_scale: FullScale

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of an image."""
        return (*self.size, 3) if self.colour else self.size


def common_format(
    files: Sequence[ImageFile], size: Size | None, full_scale: FullScale | None = None
) -> Format:
    """Find out what all files can be decoded to, from their headers.

    Files of more than eight bits are decoded for it, since their headers do not tell how many of
    their bits they use.

    Parameters
    ----------
    files : sequence of ImageFile
    size : (int, int) or None
        Height and width to stretch to; None where all images have the same.
    full_scale : mapping or None, default=None
        Values that become 255, where they are those of other images.

    Returns
    -------
    Format
        In colour where any file has colour.

    Raises
    ------
    ValueError
        If sizes differ and ``size`` is None, or the range of images of more than eight bits cannot
        be known.
    DamagedFileError
        If a file is no image that Pillow reads.
    """

    def header(i: int) -> npt.NDArray[np.float64]:
        return np.array(read_header(files[i]), dtype=np.float64)

    headers = np.concatenate([part for _, part in read_chunks(header, len(files), "headers")])
    sizes = headers[:, :2].astype(int)
    if size is None:
        if (different := np.flatnonzero((sizes != sizes[0]).any(axis=1))).size:
            other = int(different[0])
            raise ValueError(
                f"The images have different sizes (height x width): {files[0]} has "
                f"{sizes[0][0]}x{sizes[0][1]}, {files[other]} has "
                f"{sizes[other][0]}x{sizes[other][1]}. Pass image_size (--image-size) to bring "
                "all to one."
            )
        size = int(sizes[0][0]), int(sizes[0][1])
    if full_scale is None:
        full_scale = {}
        for number, depth in enumerate(DEPTHS, 1):
            if len(members := np.flatnonzero(headers[:, 3] == number)):
                full_scale[depth] = _full_scale(
                    depth, [files[i] for i in members.tolist()], headers[members, 4:]
                )
    return Format(size, bool(headers[:, 2].any()), full_scale)


def read_header(file: ImageFile) -> Header:
    """Read what is to be known of a file; one of more than eight bits is decoded for it.

    Raises
    ------
    DamagedFileError
        If it is no image that Pillow reads.
    """
    with opened(file) as image:
        width, height = image.size
        if _orientation(image) in _SIDEWAYS:
            width, height = height, width
        about = Header(height, width, image.mode not in GREY)
        if (depth := _depth(image)) is None:
            return about
        bands = image.getbands()
        values = np.asarray(image)
        if bands[-1] == "A":  # which is white everywhere in most images
            values = values[..., :-1]
        return about._replace(
            depth=DEPTHS.index(depth) + 1,
            least=float(values.min()),
            most=float(values.max()),
            whole=depth != "float" or bool((values == np.rint(values)).all()),
        )


def _full_scale(depth: str, files: Sequence[ImageFile], ranges: npt.NDArray[np.float64]) -> float:
    """Value that becomes 255 in files of one depth, from the least, the most and the wholeness."""
    least, most, whole = ranges.T
    lowest, highest = files[int(least.argmin())], files[int(most.argmax())]  # NaN counts as both
    if not least.min() >= 0:
        raise ValueError(
            f"{lowest} has values from {least.min():g} to {most[least.argmin()]:g}, and which of "
            "them are black and white cannot be known. Convert the images to 8 bits, or rescale "
            "them to 0 to 1."
        )
    if depth == "float" and most.max() <= 1:
        return 1.0
    if not whole.all():
        raise ValueError(
            f"{highest} has fractions up to {most.max():g}, and which value is white cannot be "
            "known. Convert the images to 8 bits, or rescale them to 0 to 1."
        )
    if depth == "colour":  # of which only the upper of two bytes is there
        most = most * 256 + 255
    bits = next((n for n in BITS if most.max() < 2**n), 32)
    if depth == "colour" and bits <= 12:
        raise ValueError(
            f"{highest} has 16 bits per colour, of which {bits} are used, but Pillow keeps only "
            "the upper eight. Convert the images to 8 bits per colour."
        )
    warnings.warn(
        f"{len(files)} images of more than 8 bits, such as {highest}, use {bits} bits: values from "
        f"0 to {2**bits - 1} become 0 to 255.",
        stacklevel=4,
    )
    return float(2**bits - 1)


def decode(file: ImageFile, into: Format) -> Images:
    """Decode a file upright, in the common size and colours.

    Raises
    ------
    DamagedFileError
        If it does not decode.
    """
    with opened(file) as image:
        return to_array(image, into.size, into.colour, into.full_scale)


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
    if depth := _depth(image):
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


def _depth(image: Image.Image) -> str | None:
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
    return turns.get(_orientation(image))


def _orientation(image: Image.Image) -> int:
    """The orientation by the Exif data, from 1 to 8."""
    if image.format == "PNG" and not {"exif", "Raw profile type exif"} & image.info.keys():
        return 1  # Pillow would decode all pixels to look for Exif data behind them
    return image.getexif().get(274, 1)


@contextmanager
def opened(file: ImageFile) -> Iterator[Image.Image]:
    """Open a file as an image; any error of its decoder names the file."""
    from PIL import Image

    with _naming(file), file.open() as content, Image.open(content) as image:
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
