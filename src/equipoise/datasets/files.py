"""Image files in a folder or in a zip file of it, and the class folders that hold them."""

from __future__ import annotations

import errno
import lzma
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, NamedTuple

from .fetch import damaged
from .images import SUFFIXES, readable_suffixes

PARTS = ("train", "test")
MOST_BYTES = 2**29  # of an image in a zip file, which may be a few bytes when it is packed


class ImageFile(NamedTuple):
    """A file below a folder, or in a zip file.

    Attributes
    ----------
    root : Path
        The folder, or the zip file.
    name : str
        Path below it, with slashes.
    """

    root: Path
    name: str

    def __str__(self) -> str:
        return f"{self.root}/{self.name}"

    @property
    def base(self) -> str:
        """Name without its folder."""
        return self.name.rpartition("/")[2]

    def open(self) -> BinaryIO:
        """Open the file to read it.

        Raises
        ------
        DamagedFileError
            If the zip file is damaged or encrypted, or the file is not in it.
        OSError
            If there is no such file on disk.
        """
        if not is_zip(self.root):
            return (self.root / self.name).open("rb")
        archive = open_zip(self.root)
        try:
            size = archive.getinfo(self.name).file_size
        except KeyError:
            raise damaged(self.root, f"{self.name} is not in it") from None
        if size > MOST_BYTES:
            raise damaged(self.root, f"{self.name} has more than {MOST_BYTES >> 20} MiB")
        with _naming_damage(self.root, f"{self.name}: "):
            return BytesIO(archive.read(self.name))


def is_zip(path: Path) -> bool:
    """Whether a path is that of a zip file, by its name."""
    return path.suffix.lower() == ".zip" and not path.is_dir()


def open_zip(path: Path) -> zipfile.ZipFile:
    """Open a zip file, once for all reads in a process.

    Raises
    ------
    DamagedFileError
        If it is no zip file.
    """
    # A child process must not share the position in the file with its parent.
    return _opened(path, path.stat().st_mtime_ns, os.getpid())


@lru_cache(maxsize=4)
def _opened(path: Path, changed: int, process: int) -> zipfile.ZipFile:
    with _naming_damage(path):
        return zipfile.ZipFile(path)


@contextmanager
def _naming_damage(path: Path, prefix: str = "") -> Iterator[None]:
    """Turn what Python's reader raises for a damaged zip file into an error that names it."""
    try:
        yield
    except OSError as error:
        # A position outside of the file, or data that do not decompress.
        if error.errno not in (None, errno.EINVAL):
            raise
        raise damaged(path, f"{prefix}{error}") from None
    except (
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        struct.error,
        EOFError,
        ValueError,
        OverflowError,
        RuntimeError,  # of encryption, and of methods of compression that are unknown
    ) as error:
        raise damaged(path, f"{prefix}{error}") from None


def class_folders(root: Path) -> dict[str, list[str]]:
    """List the folders in a folder or zip file, and the files directly in each of them.

    Parameters
    ----------
    root : Path
        Where a zip file holds a single folder, and no images directly in it, this is left out.

    Returns
    -------
    dict of str to list of str
        Name of a folder to the sorted names of its files below ``root``. The folders in ``train``
        and ``test`` are among them, as ``train/NAME``. What is hidden is left out.
    """
    found = _in_zip(root) if is_zip(root) else _in_folder(root, "")
    return {name: sorted(found[name]) for name in sorted(found)}


def image_names(root: Path) -> list[str]:
    """Sorted names of the images in a folder or zip file at any depth, without hidden ones."""
    if is_zip(root):
        names = [n for n in open_zip(root).namelist() if not any(map(_is_hidden, n.split("/")))]
    else:
        names = []
        for place, folders, files in os.walk(root):
            folders[:] = [name for name in folders if not _is_hidden(name)]
            below = Path(place).relative_to(root)
            names += [(below / file).as_posix() for file in files if not file.startswith(".")]
    endings = readable_suffixes()
    return sorted(name for name in names if name.lower().endswith(endings))


def _in_folder(root: Path, below: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    with os.scandir(root / below) as entries:
        folders = [entry.name for entry in entries if entry.is_dir() and not _is_hidden(entry.name)]
    for name in folders:
        folder = f"{below}{name}"
        with os.scandir(root / folder) as entries:
            files = [e.name for e in entries if not e.name.startswith(".") and e.is_file()]
        found[folder] = [f"{folder}/{file}" for file in files]
        if folder in PARTS:
            found |= _in_folder(root, f"{folder}/")
    return found


def _in_zip(path: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in open_zip(path).namelist():
        folder, _, file = name.rpartition("/")
        if not any(map(_is_hidden, folder.split("/"))):
            members = found.setdefault(folder, [])
            if file and not file.startswith("."):
                members.append(name)
    found.pop("", None)
    tops = {name.partition("/")[0] for name in found}
    top = min(tops, default="")
    inside = found.get(top, [])
    if len(tops) == 1 and not any(file.lower().endswith(SUFFIXES) for file in inside):
        found = {name.removeprefix(f"{top}/"): files for name, files in found.items()}
        found.pop(top, None)
    depths = {name: name.count("/") + (name.partition("/")[0] not in PARTS) for name in found}
    return {name: found[name] for name in found if depths[name] <= 1}


def _is_hidden(folder: str) -> bool:
    return folder.startswith((".", "__"))
