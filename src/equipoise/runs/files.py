"""Checks of the places for results before any work is done for them, and JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from equipoise.atomic import write_text


def write_json(path: Path, content: Any) -> None:
    """Write JSON atomically; NaN and infinity become null, which any reader of JSON knows."""
    finite = json.loads(json.dumps(content), parse_constant=lambda _: None)
    write_text(path, json.dumps(finite, indent=2, ensure_ascii=False) + "\n")


def check_target(path: Path, *endings: str) -> None:
    """Refuse a file that could not be written, before any work is done for it.

    Parameters
    ----------
    path : Path
    *endings : str
        Endings that the name may have, such as ``".csv"``; any if there are none.

    Raises
    ------
    ValueError
        The name has another ending, or is that of a folder, or the folder around it does not
        exist or is not writable.
    """
    if endings and path.suffix.lower() not in endings:
        raise ValueError(f"{path}: name a file that ends in {' or '.join(endings)}.")
    if path.is_dir():
        raise ValueError(f"{path} is a folder. Name a file.")
    if not path.parent.is_dir():
        raise ValueError(f"{path} cannot be written: there is no folder {path.parent}.")
    if not os.access(path.parent, os.W_OK):
        raise ValueError(f"{path} cannot be written: the folder {path.parent} is read-only.")


def make_folder(path: Path) -> None:
    """Make a folder for results, and its parents.

    Raises
    ------
    ValueError
        The folder cannot be made, or is not writable.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"The folder {path} cannot be made: {error.strerror}.") from None
    if not os.access(path, os.W_OK):
        raise ValueError(f"The folder {path} is read-only.")


def refuse_ways_out(path: Path) -> None:
    """Refuse a folder with a symbolic link that leads out of it, at any depth.

    A run may come from somebody else, and what is written into it must stay in it.

    Raises
    ------
    ValueError
        There is such a link.
    """
    real = path.resolve()
    for entry in walk(real) if real.is_dir() else ():
        target = Path(entry.path).resolve()
        if entry.is_symlink() and not target.is_relative_to(real):
            raise ValueError(
                f"{path} has the link {Path(entry.path).relative_to(real)}, which leads out of it "
                f"to {target}. Delete the link, or put what it leads to in its place."
            )


def walk(folder: Path) -> Iterator[os.DirEntry[str]]:
    """All that is below a folder, without following links."""
    with os.scandir(folder) as entries:
        for entry in entries:
            yield entry
            if entry.is_dir(follow_symlinks=False):
                yield from walk(Path(entry.path))
