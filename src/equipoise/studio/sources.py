"""What the page offers to open: built-in data sets, folders of images, tables and runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from equipoise.datasets.images import SUFFIXES
from equipoise.runs.run import RECORD, Run
from equipoise.runs.tables import FORMATS
from equipoise.studio.errors import StudioError
from equipoise.studio.places import inside

METHODS = {"IMSIC": "IMSIC", "DGCClassifier": "DGC", "ConvNetClassifier": "classifier"}
SAID = {
    "running": "not finished",
    "interrupted": "stopped",
    "failed": "failed",
    "trained": "trained",
    "finished": "trained",
}
NOT_OFFERED = "celeba"  # its license asks for a decision that a list cannot take


@dataclass(frozen=True)
class Source:
    """Something that can be opened.

    Attributes
    ----------
    kind : {"builtin", "folder", "table", "run"}
    name : str
        As the page shows it, and by which it asks for it, together with the kind.
    path : Path or None
        None for a built-in data set.
    """

    kind: str
    name: str
    path: Path | None = None

    def to_dict(self) -> dict[str, Any]:
        """What the page gets to know of it."""
        more: dict[str, Any] = {}
        if self.kind == "table" and self.path:
            more["columns"] = columns_of(self.path, self.path.stat().st_mtime_ns)
        if self.kind == "run" and self.path:
            run = Run.find(self.path)
            if run is not None:
                more["about"] = f"{METHODS.get(run.method, run.method)}, {SAID.get(run.status)}"
        return {"kind": self.kind, "name": self.name, **more}


def find_sources(folders: Sequence[Path], runs: Path) -> list[Source]:
    """All that can be opened: the folders that were named, and what lies directly in them.

    Parameters
    ----------
    folders : sequence of Path
        Class-per-folder images, tables, or folders with such; and run folders.
    runs : Path
        Where the runs of the studio are.
    """
    from equipoise.datasets import status

    built_in = [
        Source("builtin", one.name)
        for one in status(None)
        if one.available and one.name != NOT_OFFERED
    ]
    found: dict[Path, Source] = {}
    roots = [*folders, runs]
    for root in roots:
        inner = sorted(root.iterdir()) if root.is_dir() else []
        for path in [root, *inner]:
            source = recognise(path, root)
            if source and path.resolve() not in found and _is_inside(path, roots):
                found[path.resolve()] = source
    return [*built_in, *found.values()]


def check_offer(path: Path) -> None:
    """Refuse a file or folder that was named and has nothing that can be opened.

    Raises
    ------
    StudioError
        It is missing, or neither a table nor a run nor a folder with such or with images.
    """
    if not path.exists():
        raise StudioError(f"{path} does not exist.")
    inner = path.iterdir() if path.is_dir() else ()
    if not any(recognise(one, path) for one in (path, *inner)):
        raise StudioError(
            f"There is nothing in {path} that the studio can open. Name a table "
            f"({' or '.join(FORMATS)}, not compressed), a folder with a subfolder of "
            "pictures per class, a run, or a folder with such."
        )


def recognise(path: Path, root: Path) -> Source | None:
    """The source at this path; its name tells it apart from others below the same root."""
    name = path.name if path == root else f"{root.name}/{path.name}"
    if path.is_file() and path.suffix.lower() in FORMATS:
        return Source("table", name, path)
    if (path / RECORD).is_file():
        return Source("run", name, path)
    return Source("folder", name, path) if has_class_folders(path) else None


def has_class_folders(path: Path) -> bool:
    """Whether a folder has at least two subfolders with pictures, or has them in ``train``."""
    if not path.is_dir():
        return False
    if (path / "train").is_dir() and (path / "test").is_dir():
        path = path / "train"
    inner = [p for p in path.iterdir() if p.is_dir() and not p.name.startswith((".", "__"))]
    return sum(any(f.suffix.lower() in SUFFIXES for f in p.iterdir()) for p in inner) >= 2


@lru_cache
def columns_of(table: Path, changed: int) -> list[str]:
    """Names of the columns of a table that was ``changed`` then; none if it cannot be read."""
    import pandas as pd

    from equipoise.csv_files.text import read_csv_text

    try:
        if table.suffix.lower() == ".csv":
            return list(map(str, read_csv_text(table).text.columns))
        return list(map(str, pd.read_parquet(table).columns))
    except (ValueError, OSError, ImportError):
        return []


def pick(sources: Sequence[Source], kind: str, name: str) -> Source:
    """The source that the page asks for.

    Raises
    ------
    StudioError
        It offers no such source.
    """
    for source in sources:
        if (source.kind, source.name) == (kind, name):
            return source
    raise StudioError(f"There is no {kind} {name!r} any more. Load the page again.")


def _is_inside(path: Path, roots: Sequence[Path]) -> bool:
    try:
        inside(path, roots)
    except StudioError:
        return False
    return True
