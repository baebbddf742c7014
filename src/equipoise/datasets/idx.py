"""IDX files: MNIST and Fashion-MNIST."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from equipoise.errors import counted

from .fetch import damaged
from .images import Arrays, Images, Labels

MOST_BYTES = 2**29  # of an unpacked file; the largest of MNIST's has 47 MB


def read_idx(path: Path) -> npt.NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes, compressed or not.

    Parameters
    ----------
    path : Path
        The file. Whether it is compressed is read from its content, not from its name.

    Returns
    -------
    ndarray of uint8
        With as many dimensions as the header says.

    Raises
    ------
    DamagedFileError
        If the magic number, the header or the number of bytes is wrong.
    """
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        unpacker = zlib.decompressobj(wbits=31)  # of gzip
        try:
            content = unpacker.decompress(content, MOST_BYTES)
        except zlib.error as error:
            raise damaged(path, f"it does not decompress ({error})") from None
        if not unpacker.eof:
            raise damaged(
                path, f"it does not decompress: cut off, or more than {MOST_BYTES:,} bytes"
            )
    if len(content) < 4 or content[:3] != b"\x00\x00\x08":
        raise damaged(path, f"it starts with {content[:4].hex(' ')}, not as an IDX file of bytes")
    n_dims = content[3]
    start = 4 + 4 * n_dims
    if len(content) < start:
        raise damaged(path, "its header is cut off")
    shape = struct.unpack(f">{n_dims}I", content[4:start])
    # Python's integers, since a broken header may announce more than 64 bits hold.
    expected = 1
    for length in shape:
        expected *= length
    if len(content) - start != expected:
        raise damaged(
            path,
            f"its header announces {counted(expected, 'byte')} of data, it holds "
            f"{len(content) - start:,}",
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape).copy()


def load(paths: Mapping[str, Path]) -> Arrays:
    """Load the four files of MNIST or of Fashion-MNIST.

    Parameters
    ----------
    paths : mapping of str to Path
        Published file name to local file.

    Returns
    -------
    X_train, y_train, X_test, y_test : ndarray
        Images (n, 28, 28) of uint8 and labels (n,) of int64, in the published order.

    Raises
    ------
    DamagedFileError
        If a file is damaged or does not match its companion.
    """
    return *load_part(paths, "train"), *load_part(paths, "test")


def load_part(paths: Mapping[str, Path], part: str) -> tuple[Images, Labels]:
    """Load the training ("train") or the test images ("test"), as :func:`load` does both."""
    prefix = "train" if part == "train" else "t10k"
    image_path = paths[f"{prefix}-images-idx3-ubyte.gz"]
    label_path = paths[f"{prefix}-labels-idx1-ubyte.gz"]
    X, y = read_idx(image_path), read_idx(label_path)
    if X.shape[1:] != (28, 28):
        raise damaged(image_path, f"its shape is {X.shape}, not (n, 28, 28)")
    if y.ndim != 1:
        raise damaged(label_path, f"its shape is {y.shape}, not (n,)")
    if len(X) != len(y):
        raise damaged(
            label_path,
            f"it has {counted(len(y), 'label')}, {image_path.name} has {counted(len(X), 'image')}",
        )
    if len(y) and y.max() > 9:
        raise damaged(label_path, f"it has the label {y.max()}, beyond 9")
    return X, y.astype(np.int64)
