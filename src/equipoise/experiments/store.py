"""The store of results: a file per attempt at a job, never changed once it is there.

``RESULTS/EXPERIMENT/DATASET/METHOD/SEED.ATTEMPT.json`` and beside it the predictions, ``.npz``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from equipoise.errors import InvalidInputError

from . import specs

Key = tuple[str, str | None, str | None, str | None, int]


def folder_of(results: Path, experiment: str, held_out: bool) -> Path:
    """Folder with the records of an experiment; those on held-out images are apart."""
    return results / (f"{experiment}@held-out" if held_out else experiment)


def append(folder: Path, record: dict[str, Any], predictions: bytes | None) -> Path:
    """Store an outcome as the next attempt at its job.

    Parameters
    ----------
    folder : Path
        Of the experiment.
    outcome : Outcome

    Returns
    -------
    Path
        The record's file. The predictions are there before it is.
    """
    home = folder / specs.file_name(record["dataset"]) / _name(record)
    home.mkdir(parents=True, exist_ok=True)
    attempt = _next_attempt(home, record["seed"])
    while True:
        path = home / f"{record['seed']}.{attempt}.json"
        text = json.dumps(record | {"attempt": attempt}, indent=1) + "\n"
        try:
            if predictions is not None:
                _write_new(path.with_suffix(".npz"), predictions)
            _write_new(path, text.encode())
            return path
        except FileExistsError:  # another command stores the same job
            attempt += 1


def read_records(folder: Path) -> list[dict[str, Any]]:
    """The record that counts of every job: its last finished attempt, else its last one.

    Parameters
    ----------
    folder : Path
        Of an experiment, such as ``benchmarks/results/digits``.

    Returns
    -------
    list of dict
        By data set, method and seed; empty where nothing is stored.

    Raises
    ------
    InvalidInputError
        A record cannot be read.
    """
    counting: dict[Key, dict[str, Any]] = {}
    for path in sorted(Path(folder).glob("*/*/*.json"), key=_by_attempt):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            job, done = key_of(record), record["status"] == "done"
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidInputError(f"{path} is a damaged record ({error}). Delete it.") from None
        if done or job not in counting or counting[job]["status"] != "done":
            counting[job] = record
    return [
        counting[job]
        for job in sorted(counting, key=lambda k: tuple(x or "" for x in k[:4]) + (k[4],))
    ]


def read_predictions(folder: Path, record: Mapping[str, Any]) -> dict[str, Any] | None:
    import numpy as np

    path = folder / specs.file_name(record["dataset"]) / _name(record)
    path = path / f"{record['seed']}.{record['attempt']}.npz"
    if not path.exists():
        return None
    with np.load(path) as arrays:
        return dict(arrays)


def pack(folder: Path) -> None: ...


def key_of(record: Mapping[str, Any]) -> Key:
    return tuple(record[k] for k in ("dataset", "treatment", "classifier", "sampler", "seed"))


def _name(record):
    return (
        f"sampler-{record['sampler']}"
        if record["sampler"]
        else "+".join(filter(None, (record["treatment"], record["classifier"])))
    )


def _by_attempt(path: Path) -> tuple[str, int]:
    seed, _, attempt = path.stem.partition(".")
    return str(path.with_name(seed)), int(attempt) if attempt.isdigit() else 0


def _next_attempt(home: Path, seed: int) -> int:
    return 1 + max((_by_attempt(path)[1] for path in home.glob(f"{seed}.*.*")), default=0)


def _write_new(path: Path, content: bytes) -> None:
    """Write a file that is not there yet; it appears whole."""
    partial = path.with_name(f".partial-{uuid4().hex}")
    try:
        partial.write_bytes(content)
        os.link(partial, path)  # unlike os.replace, it replaces nothing
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if path.exists():
            raise FileExistsError(path) from None
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
