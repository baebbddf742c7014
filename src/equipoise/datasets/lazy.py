"""Image files as a sequence that decodes them when they are asked for, or once for all."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .cache import cache_path, open_cache, write_cache
from .decoding import FullScale
from .fetch import cache_folder
from .files import ImageFile, is_zip
from .formats import Format, common_format, decode
from .images import Images, Size, parse_size, read_all

IN_MEMORY = 2**30  # bytes of decoded images, above which they are kept on disk


class ImageFiles:
    """Image files as a lazy sequence: they are decoded, in parallel, when rows are asked for.

    The estimators of this library take it in place of an array. If the images are needed more than
    once, :meth:`cached` is faster.

    Parameters
    ----------
    paths : iterable of str or Path
        The files, in the order of the rows.
    image_size : int, (int, int) or None, default=None
        Height and width to stretch to; None where all files have the same.
    full_scale : mapping of str to float or None, default=None
        As for :func:`equipoise.load_dataset`.

    Attributes
    ----------
    shape : tuple of int
        (n, height, width), or (n, height, width, 3) where any file has colour.
    dtype : numpy.dtype
        ``uint8``.
    full_scale : mapping of str to float
        Values that become 255 in files of more than eight bits.

    Raises
    ------
    ValueError
        If there are no files, or an image size is impossible.

    Examples
    --------
    >>> from pathlib import Path
    >>> from equipoise.datasets import ImageFiles
    >>> X = ImageFiles(sorted(Path("tiles").glob("*.jpg")), image_size=64)  # doctest: +SKIP
    >>> X.shape  # doctest: +SKIP
    (200000, 64, 64, 3)
    """

    dtype = np.dtype(np.uint8)

    def __init__(
        self,
        paths: Iterable[str | os.PathLike[str]],
        image_size: int | tuple[int, int] | None = None,
        *,
        full_scale: Mapping[str, float] | None = None,
    ) -> None:
        absolute = [Path(os.path.abspath(path)) for path in paths]
        files = [ImageFile(path.parent, path.name) for path in absolute]
        self._set(files, parse_size(image_size), full_scale)

    @classmethod
    def of(
        cls, files: list[ImageFile], size: Size | None, full_scale: FullScale | None = None
    ) -> ImageFiles:
        """Create it of files that may be in zip files."""
        images = cls.__new__(cls)
        images._set(files, size, full_scale)
        return images

    def _set(self, files: list[ImageFile], size: Size | None, scale: FullScale | None) -> None:
        if not files:
            raise ValueError("paths is empty. Pass the path of at least one image.")
        self._files, self._size, self._scale = files, size, scale

    @cached_property
    def format(self) -> Format:
        """What the files are decoded to; the first time, it is read from all their headers."""
        return common_format(self._files, self._size, self._scale)

    @property
    def full_scale(self) -> FullScale:
        """Values that become 255 in files of more than eight bits."""
        return self.format.full_scale

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of all images together."""
        return (len(self), *self.format.shape)

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, key: int | slice | npt.NDArray[Any]) -> Images:
        """Decode one image, or those of a slice or an array of ints."""
        if isinstance(key, (int, np.integer)):
            return decode(self._files[key], self.format)
        rows, into = np.arange(len(self))[key].tolist(), self.format  # known before threads ask
        if not rows:
            return np.empty((0, *into.shape), dtype=np.uint8)
        return read_all(lambda i: decode(self._files[i], into), rows)

    def cached(self, folder: str | os.PathLike[str] | None = None) -> Images:
        """Return the images as a read-only memory map; the first call writes it.

        The map is a ``.npy`` file, whose name depends on the files, their sizes and their times of
        change. Decoding goes on where it was when it is killed.

        Parameters
        ----------
        folder : path or None, default=None
            Where the map is kept; None for the system's cache folder.

        Returns
        -------
        ndarray of uint8
        """
        place = cache_folder() if folder is None else Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        return self.kept(place / "images", "images")[0]

    def kept(
        self, source: Path, name: str, only_if_large: bool = False
    ) -> tuple[Images, FullScale]:
        """Decode into a cache beside ``source``, unless there is one, or into memory if small."""
        size = "x".join(map(str, self._size or ("original",)))
        path = cache_path(source, f"{name}-{size}", self._key())
        if found := open_cache(path):
            return found[0], found[1]["full_scale"]
        if only_if_large and np.prod(self.shape, dtype=np.int64) <= IN_MEMORY:
            return self[:], self.full_scale
        about = {"full_scale": dict(self.full_scale)}
        images = write_cache(path, self.shape, lambda rows: self[rows.start : rows.stop], about)
        return images, self.full_scale

    def _key(self) -> bytes:
        """Digest of everything that the decoded images depend on."""
        digest = hashlib.sha256(f"{self._size} {sorted((self._scale or {}).items())}".encode())
        roots = {file.root for file in self._files}
        known: dict[Path, str] = {}
        for file in self._files:
            path = file.root if is_zip(file.root) else file.root / file.name
            if path not in known:
                stat = os.stat(path)
                known[path] = f"{stat.st_size} {stat.st_mtime_ns}"
            where = file.name if len(roots) == 1 else str(file)  # a folder may be moved
            digest.update(f"{where}\0{known[path]}\n".encode(errors="surrogateescape"))
        return digest.digest()
