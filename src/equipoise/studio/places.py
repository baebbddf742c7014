"""Which files the studio may touch: those below the folders that were named when it started."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from equipoise.runs.files import walk
from equipoise.studio.errors import StudioError


def inside(path: Path, roots: Sequence[Path]) -> Path:
    """The path without symbolic links, if it is one of the roots or below one.

    Raises
    ------
    StudioError
        It is not.
    """
    real = path.resolve()
    if not any(real.is_relative_to(root.resolve()) for root in roots):
        raise StudioError(
            f"{path} lies outside the folders that this studio was started with. Start it again "
            f"and name the folder: equipoise studio {real if real.is_dir() else real.parent}"
        )
    return real


def refuse_ways_out(path: Path, roots: Sequence[Path]) -> None:
    """Refuse a folder or file that leads out of the roots by a symbolic link, at any depth.

    Raises
    ------
    StudioError
        There is such a link.
    """
    real = inside(path, roots)
    for entry in walk(real) if real.is_dir() else ():
        if entry.is_symlink():
            inside(Path(entry.path), roots)
