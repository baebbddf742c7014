"""Files and folders that appear whole or not at all, also where the disk is full or power fails."""

from __future__ import annotations

import ctypes
import errno
import glob
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from equipoise.errors import DiskFullError

FULL = (errno.ENOSPC, errno.EDQUOT)
# What a file system without hard links says of a link.
NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV)
PARTIAL = ".partial-"  # before the names of files that are not whole yet
ABANDONED = 3600.0  # seconds since a partial file was changed, after which its writer was killed
AT_FDCWD, RENAME_EXCHANGE = -100, 2  # of Linux


@contextmanager
def replacing(path: Path, earlier: bool = False) -> Iterator[Path]:
    """Yield the path of a file or folder to write; it replaces ``path`` once all is on the disk.

    A symbolic link stays one, to what is new.

    Parameters
    ----------
    path : Path
    earlier : bool, default=False
        Whether a folder may replace one that has files in it.

    Raises
    ------
    DiskFullError
        If the disk is full. Nothing is left of what was written.
    """
    path = path.resolve()
    partial = _partial(path)
    try:
        with full_disk_as_message(path):
            yield partial
            _sync(partial)
        if earlier and path.is_dir():
            _exchange(partial, path)
        else:
            os.replace(partial, path)
        _sync_folder(path.parent)
    finally:
        remove(partial)


def write_text(path: Path, text: str) -> None:
    """Write a text file, with the ends of lines that it has."""
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="")


def write_new(path: Path, content: bytes) -> None:
    """Write a file that does not exist yet.

    Raises
    ------
    FileExistsError
        There is one.
    DiskFullError
        If the disk is full.
    """
    partial = _partial(path)
    try:
        with full_disk_as_message(path):
            partial.write_bytes(content)
            _sync(partial)
            _link(partial, path)
        _sync_folder(path.parent)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def full_disk_as_message(path: Path) -> Iterator[None]:
    """Let the error of a full disk name what could not be written, in whichever form it comes."""
    try:
        yield
    except Exception as error:
        if _is_of_full_disk(error):
            raise DiskFullError(
                f"{path} cannot be written: the disk is full. Free some space and try again."
            ) from error
        raise


def remove(path: Path) -> None:
    """Delete a file, or a folder with all that is in it, where there is one."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _partial(path: Path) -> Path:
    """Where to write what becomes ``path``, after removing what a killed process left of it."""
    start = f"{PARTIAL}{path.stem[:100]}-"
    for left in path.parent.glob(f"{glob.escape(start)}*"):
        with suppress(OSError):  # another process may finish or remove it meanwhile
            parts = [left, *left.rglob("*")] if left.is_dir() else [left]
            if time.time() - max(part.stat().st_mtime for part in parts) > ABANDONED:
                remove(left)
    return path.with_name(f"{start}{uuid4().hex}{path.suffix}")


def _is_of_full_disk(error: BaseException | None) -> bool:
    """Whether an error, or one that it came from, is that of a full disk.

    torch raises its own error in place of the first one, and safetensors has only the number.
    """
    while error is not None:
        number = error.errno if isinstance(error, OSError) else None
        if number in FULL or any(f"(os error {code})" in str(error) for code in FULL):
            return True
        error = error.__cause__ or error.__context__
    return False


def _link(partial: Path, path: Path) -> None:
    """Give a file its name, unless there is one of this name."""
    try:
        os.link(partial, path)  # unlike os.replace, it replaces nothing
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        if path.exists():
            raise FileExistsError(path) from None
        os.replace(partial, path)


def _exchange(partial: Path, path: Path) -> None:
    """Exchange two folders, in one step where the system has one."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        names = [os.fsencode(name) for name in (partial, path)]
        with suppress(AttributeError):  # an old libc
            if not libc.renameat2(AT_FDCWD, names[0], AT_FDCWD, names[1], RENAME_EXCHANGE):
                return
    earlier = partial.with_name(f"{partial.name}.old")
    os.replace(path, earlier)
    try:
        os.replace(partial, path)
    except BaseException:
        os.replace(earlier, path)
        raise
    os.replace(earlier, partial)


def _sync(path: Path) -> None:
    """Wait until a file, or all files of a folder, are on the disk."""
    for file in [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]:
        with file.open("r+b") as written:
            os.fsync(written.fileno())


def _sync_folder(path: Path) -> None:
    """Wait until the names in a folder are on the disk, where the system can."""
    with suppress(OSError):
        folder = os.open(path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
