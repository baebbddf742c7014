"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield the path to write to; it takes the place of ``path`` once all is written.

    A symbolic link stays one, to what is new.
    """
    path = path.resolve()
    partial = path.with_name(f".partial-{uuid4().hex}{path.suffix}")
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file, with the ends of lines that it has."""
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="")
