"""Targets of results, checked before any work is done for them, and JSON."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

from equipoise.atomic import write_text


def write_json(path: Path, content: Any) -> None:
    """Write JSON atomically; what is not a number becomes null, which any reader knows."""
    write_text(path, json.dumps(_finite(content), indent=2, ensure_ascii=False) + "\n")


def check_target(path: Path) -> None:
    """Refuse a file that could not be written, before any work is done for it.

    Raises
    ------
    ValueError
        It is a folder, or its own folder is not there or not writable.
    """
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
        It cannot be made, or is not writable.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"The folder {path} cannot be made: {error.strerror}.") from None
    if not os.access(path, os.W_OK):
        raise ValueError(f"The folder {path} is read-only.")


def _finite(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_finite(value) for value in content]
    if isinstance(content, float) and not math.isfinite(content):
        return None
    return content
