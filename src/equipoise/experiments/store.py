"""The store of results: a record of every attempt at a job, and the predictions beside it.

A run appends single files, ``EXPERIMENT/DATASET/METHOD/SEED.ATTEMPT.json`` and ``.npz``, which are
never changed. :func:`pack` gathers them into two Parquet files. All readers take both together.
"""

from __future__ import annotations

import contextlib
import functools
import json
import operator
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from filelock import FileLock

from equipoise.atomic import replacing, write_new
from equipoise.errors import InvalidInputError
from equipoise.stored import require

from .specs import file_name

KEY = ("dataset", "treatment", "classifier", "sampler", "seed")
IDENTITY = (*KEY, "attempt")  # attempts count from 1
RECORDS, PREDICTIONS = "records.parquet", "predictions.parquet"
TEXT, NUMBER = (None, str), (None, float)  # or null
RECORD_FORM = {
    "dataset": str,
    **dict.fromkeys(("treatment", "classifier", "sampler", "error", "group"), TEXT),
    **dict.fromkeys(("treatment_label", "classifier_label", "scored_on", "finished"), TEXT),
    "seed": int,
    "attempt": int,
    "status": str,
    **dict.fromkeys(("fit_seconds", "sampler_seconds", "predict_seconds", "peak_mib"), NUMBER),
    "metrics": (None, dict),
    "recall": (None, [NUMBER]),
    "spec": (None, dict),
    "protocol": (None, dict),
}
ARRAYS = ("y_true", "y_pred", "fold", "proba")
SECONDS = ("fit_seconds", "sampler_seconds", "predict_seconds")

Key = tuple[str | int | None, ...]  # the values of KEY, or of IDENTITY
Record = dict[str, Any]


def folder_of(results: Path, experiment: str, held_out: bool) -> Path:
    """Folder with the records of an experiment; those on held-out images are apart."""
    return results / (f"{experiment}@held-out" if held_out else experiment)


def key_of(record: Mapping[str, Any]) -> Key:
    """Data set, treatment, classifier, sampler and seed of a record or a job."""
    return tuple(record[name] for name in KEY)


def name_of(record: Mapping[str, Any]) -> str:
    """Name of the method of a record or a job, as commands take it, or of a sampler's training."""
    if record["sampler"] is not None:
        return f"sampler:{record['sampler']}"
    return "+".join(filter(None, (record["treatment"], record["classifier"])))


def append(folder: Path, record: Mapping[str, Any], predictions: bytes | None) -> Path:
    """Store a record as the next attempt at its job.

    Parameters
    ----------
    folder : Path
        Of the experiment.
    record : dict
        Without ``attempt``, which is set here.
    predictions : bytes or None
        Content of an npz file.

    Returns
    -------
    Path
        The record's file. The predictions are there before it is.

    Raises
    ------
    DiskFullError
        If the disk is full; the record is then not stored.
    """
    home = _home(folder, record)
    job = {name: record[name] for name in KEY}
    # Single files first: what is packed meanwhile is then seen twice rather than not at all.
    numbers = [_number(path) for path in home.glob(f"{record['seed']}.*.*")]
    numbers += _packed(folder / RECORDS, **job)["attempt"].tolist()
    attempt = 1 + max(numbers, default=0)
    while True:
        home.mkdir(parents=True, exist_ok=True)
        path = home / f"{record['seed']}.{attempt}.json"
        text = json.dumps({**record, "attempt": attempt}, indent=1) + "\n"
        try:
            if predictions is not None:
                write_new(path.with_suffix(".npz"), predictions)
            write_new(path, text.encode())
            return path
        except FileExistsError:  # another command stores the same job
            attempt += 1
        except FileNotFoundError:  # another command packs, and has removed the empty folder
            continue


def read_records(folder: Path) -> list[Record]:
    """Read the valid record of every job: its last finished attempt, otherwise its last one.

    Parameters
    ----------
    folder : Path
        Of an experiment, such as ``benchmarks/results/images``.

    Returns
    -------
    list of dict
        By data set, treatment, classifier, sampler and seed, None first; empty where nothing is
        stored.

    Raises
    ------
    InvalidInputError
        A file cannot be read, or it needs pyarrow, which is not installed.
    """
    counting: dict[Key, Record] = {}
    for record in read_attempts(folder).values():
        job = key_of(record)
        if record["status"] == "done" or counting.get(job, record)["status"] != "done":
            counting[job] = record
    return list(counting.values())


def read_attempts(folder: Path) -> dict[Key, Record]:
    """Every record, also of attempts that do not count, by job and attempt."""
    folder = Path(folder)
    # Single files first: what is packed meanwhile is then seen twice rather than not at all.
    found = {attempt: record for attempt, (_, record) in _single(folder).items()}
    for record in map(json.loads, _packed(folder / RECORDS)["record"]):
        found[_attempt_of(record)] = record
    # None has no order, but True and False do: None is first.
    order = sorted(found, key=lambda attempt: [(value is not None, value) for value in attempt])
    return {attempt: found[attempt] for attempt in order}


def read_predictions(folder: Path, record: Mapping[str, Any]) -> dict[str, np.ndarray] | None:
    """Predictions of the attempt that a record is about.

    Parameters
    ----------
    folder : Path
        Of the experiment.
    record : dict
        From :func:`read_records`.

    Returns
    -------
    dict of str to ndarray, or None
        ``y_true`` and ``y_pred`` as int64, of shape (n,); with folds ``fold``, int64 of the same
        shape; with probabilities ``proba``, float16 of shape (n, n_classes). None for an attempt
        without predictions: it failed, or trained a sampler.

    Raises
    ------
    InvalidInputError
        A file cannot be read, or it needs pyarrow, which is not installed.
    """
    path = _home(Path(folder), record) / f"{record['seed']}.{record['attempt']}.npz"
    with contextlib.suppress(FileNotFoundError):
        return _arrays_of(path)
    attempt = {name: record[name] for name in IDENTITY}
    for row in _packed(Path(folder) / PREDICTIONS, **attempt).to_dict("records"):
        arrays = {name: row[name] for name in ARRAYS if isinstance(row.get(name), np.ndarray)}
        if "proba" in arrays:
            arrays["proba"] = arrays["proba"].reshape(len(arrays["y_true"]), -1)
        return arrays
    return None


def pack(folder: Path) -> int:
    """Gather all results into two files, then delete the single files.

    A command that is killed at any moment loses nothing, and others may append at the same time.

    Parameters
    ----------
    folder : Path
        Of the experiment.

    Returns
    -------
    int
        How many attempts were in files of their own.

    Raises
    ------
    InvalidInputError
        A file cannot be read, or pyarrow is not installed. The store is then as before.
    """
    folder = Path(folder)
    if not _single(folder):
        return 0
    with FileLock(folder / ".lock"):  # two that pack at once would replace each other's files
        single = _single(folder)
        records, predictions = [], []
        for path, record in single.values():
            attempt = {name: record[name] for name in IDENTITY}
            summary = {name: record.get(name) for name in ("status", "finished", "scored_on")}
            summary |= {name: record.get(name) for name in SECONDS} | (record.get("metrics") or {})
            records.append(attempt | summary | {"record": json.dumps(record)})
            with contextlib.suppress(FileNotFoundError):
                arrays = _arrays_of(path.with_suffix(".npz"))
                predictions.append(attempt | {name: a.ravel() for name, a in arrays.items()})
        _add_rows(folder / PREDICTIONS, predictions)
        _add_rows(folder / RECORDS, records)
        for path, _ in single.values():
            path.with_suffix(".npz").unlink(missing_ok=True)
            path.unlink(missing_ok=True)
            for emptied in (path.parent, path.parent.parent):
                with contextlib.suppress(OSError):  # there is more in it
                    emptied.rmdir()
    return len(single)


def _add_rows(path: Path, rows: list[Record]) -> None:
    """Write a Parquet file anew, with rows for further attempts."""
    rows = [*_packed(path).to_dict("records"), *rows]
    table = pd.DataFrame(rows, columns=None if rows else IDENTITY)
    table = table.drop_duplicates([*IDENTITY]).sort_values([*IDENTITY], na_position="first")
    with _needs_pyarrow(path), replacing(path) as partial:
        table.to_parquet(
            partial,
            engine="pyarrow",
            index=False,
            compression="zstd",
            compression_level=19,
            data_page_size=2**30,  # equal true classes of many attempts take the space of one
            write_page_checksum=True,
        )


def _packed(path: Path, **values: Any) -> pd.DataFrame:
    """Rows of a Parquet file with these values in its columns; none where there is no file."""
    if not path.exists():
        return pd.DataFrame(columns=["attempt", "record"])
    with _needs_pyarrow(path):
        from pyarrow import ArrowException
        from pyarrow.compute import field
    equal = [field(n).is_null() if v is None else field(n) == v for n, v in values.items()]
    try:
        return pd.read_parquet(
            path,
            engine="pyarrow",
            filters=functools.reduce(operator.and_, equal) if equal else None,
            partitioning=None,
            page_checksum_verification=True,
        )
    except (ArrowException, OSError) as error:
        raise InvalidInputError(f"{path} is damaged ({error}). Restore it from a copy.") from None


@contextlib.contextmanager
def _needs_pyarrow(path: Path) -> Iterator[None]:
    try:
        yield
    except ImportError:
        raise InvalidInputError(
            f"{path}: packed results need pyarrow. Try pip install 'equipoise[bench]'."
        ) from None


def _arrays_of(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as stored:
            return dict(stored)
    except FileNotFoundError:
        raise
    except Exception as error:  # of zipfile, zlib or NumPy
        raise InvalidInputError(f"{path} is damaged ({error}). Delete it.") from None


def _single(folder: Path) -> dict[Key, tuple[Path, Record]]:
    """Records in files of their own, with these files."""
    found = {}
    for path in folder.glob("*/*/*.json"):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            require(record, dict)
            require(dict.fromkeys(RECORD_FORM) | record, RECORD_FORM)
            require([*(record.get("metrics") or {}).values()], [NUMBER], "metrics")
            if not name_of(record):
                raise ValueError("it names no method")
            found[_attempt_of(record)] = path, record
        except FileNotFoundError:  # another command has packed it
            continue
        except (ValueError, KeyError, RecursionError) as error:
            raise InvalidInputError(f"{path} is a damaged record ({error}). Delete it.") from None
    return found


def _attempt_of(record: Mapping[str, Any]) -> Key:
    return (*key_of(record), record["attempt"])


def _home(folder: Path, record: Mapping[str, Any]) -> Path:
    return folder / file_name(record["dataset"]) / file_name(name_of(record))


def _number(path: Path) -> int:
    attempt = path.stem.partition(".")[2]
    return int(attempt) if attempt.isdigit() else 0
