"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield the path of a file or folder to write; it replaces ``path`` once all is written.

    A symbolic link stays one, to what is new. A folder cannot replace one that has files in it.
    """
    path = path.resolve()
    partial = path.with_name(f".partial-{uuid4().hex}{path.suffix}")
    try:
        yield partial
        os.replace(partial, path)
    finally:
        if partial.is_dir():
            shutil.rmtree(partial, ignore_errors=True)
        else:
            partial.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file, with the ends of lines that it has."""
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="")
