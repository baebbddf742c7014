"""Records of a script: a loose file each while it runs, gathered into one JSON file at its end.

The loose files of the store ``results/NAME`` are ``results/NAME/RECORD.json``, and the one file is
``results/NAME.json``. Scripts that run side by side may share a store until they gather.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from equipoise.atomic import write_text


def measured(script: str, *words: object) -> dict[str, Any]:
    """Run ``script --one WORDS`` in a process of its own, and read the record that it prints."""
    command = [sys.executable, script, "--one", *map(str, words)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    record: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return record


def write(store: Path, name: str, record: dict[str, Any]) -> None:
    """Store a record as a loose file."""
    store.mkdir(parents=True, exist_ok=True)
    write_text(store / f"{name}.json", json.dumps(record, indent=1))


def read(store: Path) -> dict[str, dict[str, Any]]:
    """Records by name, gathered and loose."""
    return _gathered(store) | {
        path.stem: json.loads(path.read_text(encoding="utf-8")) for path in _loose(store)
    }


def gather(store: Path) -> None:
    """Move the loose records into the one file."""
    if loose := _loose(store):
        write_text(_file(store), json.dumps(dict(sorted(read(store).items())), indent=1) + "\n")
        for path in loose:
            path.unlink()


def _file(store: Path) -> Path:
    return store.with_name(f"{store.name}.json")


def _gathered(store: Path) -> dict[str, dict[str, Any]]:
    file = _file(store)
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def _loose(store: Path) -> list[Path]:
    return sorted(store.glob("*.json"))
