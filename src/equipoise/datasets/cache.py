"""Decoded images, kept on disk as a memory map that is written once."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from .fetch import cache_folder, damaged
from .images import CHUNK, Images


def cache_path(source: Path, prefix: str, key: bytes) -> Path:
    """Return where the decoded images of a file or folder are kept, or will be.

    Parameters
    ----------
    source : Path
        File or folder that the images come from. The cache is beside it, or in the cache folder
        where that is read-only.
    prefix : str
        Start of the cache's name. Caches of the same prefix and another key are superseded.
    key : bytes
        Everything that the images depend on. Its digest is part of the name, so that an outdated
        cache is never read.
    """
    folder = source.parent
    # To root, all folders are writable, also those that were meant to stay as they are.
    if not os.access(folder, os.W_OK) or not folder.stat().st_mode & 0o222:
        folder = cache_folder()
    return folder / f"{prefix}-{hashlib.sha256(key).hexdigest()[:16]}.npy"


def open_cache(path: Path) -> tuple[Images, dict[str, Any]] | None:
    """Open a cache as a read-only memory map, with what :func:`write_cache` was told of it.

    Returns
    -------
    images, about : ndarray of uint8, dict
        Or None where there is no cache, or a damaged one.
    """
    try:
        images = np.load(path, mmap_mode="r")
        with path.open("rb") as file:
            file.seek(images.offset + images.nbytes)
            about = json.loads(file.readline())
    except (OSError, ValueError, EOFError, AttributeError):  # missing, or cut off
        return None
    return (images, about) if images.dtype == np.uint8 else None


def write_cache(
    path: Path,
    shape: tuple[int, ...],
    decode: Callable[[range], Images],
    about: Mapping[str, Any] | None = None,
) -> Images:
    """Decode images into a cache, and open it.

    The file gets its name last, so that a file of this name is complete. A process that is killed
    or interrupted leaves a partial file behind, which the next one completes; after an error
    nothing is left. Two that write at the same time write the same bytes.

    Parameters
    ----------
    path : Path
        From :func:`cache_path`.
    shape : tuple of int
        Shape of all images together.
    decode : callable
        Returns the images of a range of rows.
    about : mapping or None, default=None
        Kept beside the images, as JSON.

    Returns
    -------
    ndarray of uint8
        A read-only memory map.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    try:
        _complete(partial, shape, decode, json.dumps(dict(about or {})).encode() + b"\n")
    except Exception:  # not Ctrl-C, after which it is completed
        partial.unlink(missing_ok=True)
        raise
    try:
        os.replace(partial, path)
    except FileNotFoundError:
        if not path.exists():  # another process was not faster either
            raise
    name, _, _ = path.stem.rpartition("-")
    for other in path.parent.glob(f"{name}-{'?' * 16}.*"):
        if other != path and other.suffix in (".npy", ".partial"):
            other.unlink(missing_ok=True)
    if (opened := open_cache(path)) is None or opened[0].shape != shape:
        raise damaged(path, "it was just written and does not read back")
    return opened[0]


def _complete(
    partial: Path, shape: tuple[int, ...], decode: Callable[[range], Images], about: bytes
) -> None:
    """Write what is missing in a file of a header, the images, ``about``, and a mark per chunk."""
    from tqdm.auto import tqdm

    n, row_bytes = shape[0], int(np.prod(shape[1:]))
    header = BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|u1", "fortran_order": False, "shape": shape}
    )
    first = len(header.getvalue())
    after = first + n * row_bytes
    marks = after + len(about)
    # Written as a stream, because a full disk is then an error and not a crash, as it would be with
    # a memory map.
    with (
        open(partial, "r+b", opener=_creating) as file,
        tqdm(total=n, desc="decoding", unit="image", delay=1) as bar,
    ):
        if file.read(first) != header.getvalue():
            file.truncate(0)
            file.seek(0)
            file.write(header.getvalue())
            file.seek(after)
            file.write(about)
        for number, start in enumerate(range(0, n, CHUNK)):
            rows = range(start, min(start + CHUNK, n))
            file.seek(marks + number)
            if file.read(1) != b"\1":
                images = decode(rows)
                file.seek(first + start * row_bytes)
                file.write(images.tobytes())
                file.flush()
                os.fsync(file.fileno())  # a mark must not reach the disk before its images
                file.seek(marks + number)
                file.write(b"\1")
                file.flush()
            bar.update(len(rows))
        file.truncate(marks)
        file.flush()
        os.fsync(file.fileno())


def _creating(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CREAT, 0o666)
