"""Decoded images, kept on disk as a memory map."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from equipoise.atomic import replacing

from .fetch import cache_folder, damaged
from .images import Images


def memory_mapped(
    source: Path,
    prefix: str,
    key: bytes,
    shape: tuple[int, ...],
    decode: Callable[[], Iterable[Images]],
) -> Images:
    """Return what ``decode`` yields as a read-only memory map, decoding only the first time.

    Parameters
    ----------
    source : Path
        File or folder that the images come from. The cache is beside it, or in the cache folder
        where that is read-only.
    prefix : str
        Start of the cache's name. Caches of the same prefix and another key are superseded, and
        deleted once the new one is there.
    key : bytes
        Everything that the images depend on, besides the size and the time of ``source``.
    shape : tuple of int
        Shape of all images together.
    decode : callable
        Returns the images in successive chunks.

    Returns
    -------
    ndarray of uint8
    """
    stat = source.stat()
    stamp = f"{source.name} {stat.st_size} {stat.st_mtime_ns} "
    # The digest is part of the name, so that an outdated cache is never read.
    digest = hashlib.sha256(stamp.encode() + key).hexdigest()[:16]
    folder = source.parent if os.access(source.parent, os.W_OK) else cache_folder()
    target = folder / f"{prefix}-{digest}.npy"
    if (images := _open(target, shape)) is not None:
        return images
    folder.mkdir(parents=True, exist_ok=True)
    _write(target, shape, decode())
    for superseded in folder.glob(f"{prefix}-*.npy"):
        if superseded != target:
            superseded.unlink(missing_ok=True)
    if (images := _open(target, shape)) is None:
        raise damaged(target, "it was just written and does not read back")
    return images


def _open(path: Path, shape: tuple[int, ...]) -> Images | None:
    try:
        images = np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError):  # missing, or cut off
        return None
    return images if images.shape == shape and images.dtype == np.uint8 else None


def _write(target: Path, shape: tuple[int, ...], chunks: Iterable[Images]) -> None:
    # Written as a stream, because a full disk is then an error and not a crash, as it would be with
    # a memory map. The file gets its name last, so that a file of this name is complete.
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    with replacing(target) as partial, partial.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for images in chunks:
            file.write(images.tobytes())
        file.flush()
        os.fsync(file.fileno())
