"""Arrays of numbers in MATLAB files of version 5, read without trusting any size in them.

A file is a header of 128 bytes, then elements: a type, a number of bytes, and so many bytes. An
array is an element of elements: flags, dimensions, name and values.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from equipoise.errors import counted

HEADER = 128
MATRIX, COMPRESSED = 14, 15  # types of elements
VALUES = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
}
# Classes of arrays, and the dtypes that their values become.
ARRAYS = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4"}
NOTHING = (0, memoryview(b""))  # in place of an element that is missing
COMPLEX = 0x0800  # flag of an array


def read_arrays(path: Path, most_bytes: int) -> dict[str, np.ndarray]:
    """Read the arrays of real numbers in a file; what else is in it is passed over.

    Parameters
    ----------
    path : Path
    most_bytes : int
        Largest size of an array, in the file and unpacked.

    Returns
    -------
    dict of str to ndarray
        By name.

    Raises
    ------
    ValueError
        The file is no MATLAB file of version 5, or it is damaged.
    """
    content = path.read_bytes()
    mark = content[126:128]
    if len(content) < HEADER or mark not in (b"IM", b"MI"):
        raise ValueError("it does not begin as one of version 5")
    order = "<" if mark == b"IM" else ">"
    found: dict[str, np.ndarray] = {}
    for kind, part in _elements(memoryview(content)[HEADER:], order):
        if kind == COMPRESSED:
            unpacker = zlib.decompressobj()
            unpacked = unpacker.decompress(part, most_bytes)
            if not unpacker.eof:
                raise ValueError(f"an array is cut off, or larger than {most_bytes:,} bytes")
            [(kind, part)] = _elements(memoryview(unpacked), order)
        if kind == MATRIX and (named := _array(part, order)):
            found[named[0]] = named[1]
    return found


def _elements(content: memoryview, order: str) -> Iterator[tuple[int, memoryview]]:
    """Types and contents of the elements that follow each other."""
    start = 0
    while start < len(content):
        if len(content) - start < 8:
            raise ValueError("an element is cut off")
        kind, size = struct.unpack_from(f"{order}II", content, start)
        first = start + 8
        if kind >> 16:  # a short element, with its size and up to four bytes in one word
            kind, size, first = kind & 0xFFFF, kind >> 16, start + 4
            if size > 4:
                raise ValueError("a short element is too long")
        if size > len(content) - first:
            raise ValueError("an element is cut off")
        yield kind, content[first : first + size]
        start = first + size
        if kind != COMPRESSED:
            start += -start % 8


def _array(content: memoryview, order: str) -> tuple[str, np.ndarray] | None:
    """Name and values of an array; None if it is none of real numbers."""
    parts = _elements(content, order)
    (_, flags), (_, sizes), (_, name), (kind, values) = (next(parts, NOTHING) for _ in range(4))
    word = int(np.frombuffer(flags, f"{order}u4", 1)[0])
    if word & 0xFF not in ARRAYS or word & COMPLEX:
        return None
    if kind not in VALUES:
        raise ValueError(f"values are of type {kind}")
    shape = tuple(np.frombuffer(sizes, f"{order}i4").tolist())
    dtype = np.dtype(order + VALUES[kind])
    if min(shape, default=-1) < 0 or math.prod(shape) * dtype.itemsize != len(values):
        raise ValueError(f"an array of shape {shape} has {counted(len(values), 'byte')}")
    stored = np.frombuffer(values, dtype).reshape(shape, order="F")
    return bytes(name).decode("ascii"), stored.astype(ARRAYS[word & 0xFF], copy=False)
