"""What image files have in common: the size, the colours and the range that all are decoded to."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .decoding import DEPTHS, GREY, FullScale, depth_of, opened, orientation, to_array
from .fetch import DamagedFileError
from .files import ImageFile
from .images import Images, Size, read_chunks

BITS = (8, 10, 12, 14, 16, 24, 32)  # that sensors and scanners use of the bits of a file
RESIZE = "Pass image_size (--image-size) to bring all to one."
_SIDEWAYS = (5, 6, 7, 8)  # Exif orientations that exchange height and width


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
        Values that become 255, where they are those of other images; for depths that it lacks,
        they are what the files use.

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
                f"{sizes[other][0]}x{sizes[other][1]}. {RESIZE}"
            )
        size = int(sizes[0][0]), int(sizes[0][1])
    scales = full_scales(files, headers, full_scale or {})
    return Format(size, bool(headers[:, 2].any()), scales)


def full_scales(
    files: Sequence[ImageFile], headers: npt.NDArray[np.float64], known: FullScale
) -> dict[str, float]:
    """Values that become 255, by depth: the known ones, and for other depths what the files use.

    Parameters
    ----------
    files : sequence of ImageFile
    headers : ndarray of shape (n_files, 7)
        The :class:`Header` of each file.
    known : mapping
        Values that are those of other images.

    Raises
    ------
    ValueError
        If the range of images of more than eight bits cannot be known.
    """
    found = dict(known)
    for number, depth in enumerate(DEPTHS, 1):
        members = np.flatnonzero(headers[:, 3] == number)
        if len(members) and depth not in found:
            chosen = [files[i] for i in members.tolist()]
            found[depth] = _full_scale(depth, chosen, headers[members, 4:])
    return found


def read_header(file: ImageFile) -> Header:
    """Read what is to be known of a file; one of more than eight bits is decoded for it.

    Raises
    ------
    DamagedFileError
        If it is no image that Pillow reads.
    """
    with opened(file) as image:
        width, height = image.size
        if orientation(image) in _SIDEWAYS:
            width, height = height, width
        about = Header(height, width, image.mode not in GREY)
        if (depth := depth_of(image)) is None:
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
        f"Images of more than 8 bits, such as {highest} ({len(files)} in all), use {bits} bits: "
        f"values from 0 to {2**bits - 1} become 0 to 255.",
        stacklevel=2,
    )
    return float(2**bits - 1)


def damaged_files(files: Sequence[ImageFile]) -> list[tuple[ImageFile, str]]:
    """Find the files that do not decode, by decoding all of them.

    Returns
    -------
    list of (ImageFile, str)
        The damaged files, and what the decoder says of each.
    """

    def check(i: int) -> npt.NDArray[np.bool_]:
        try:
            with opened(files[i]) as image:
                image.load()
        except DamagedFileError as error:
            found[i] = str(error)
        return np.array(True)

    found: dict[int, str] = {}
    for _ in read_chunks(check, len(files), "check"):
        pass
    return [(files[i], found[i]) for i in sorted(found)]


def decode(file: ImageFile, into: Format) -> Images:
    """Decode a file upright, in the common size and colours.

    Raises
    ------
    DamagedFileError
        If it does not decode.
    """
    with opened(file) as image:
        return to_array(image, into.size, into.colour, into.full_scale)
