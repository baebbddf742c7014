"""The store of results: a record of every attempt at a job, and the predictions beside it.

A run appends single files, ``EXPERIMENT/DATASET/METHOD/SEED.ATTEMPT.json`` and ``.npz``, which are
never changed. :func:`pack` gathers them into two Parquet files. All readers take both together.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from equipoise.atomic import replacing
from equipoise.errors import InvalidInputError

from .specs import file_name

KEY = ("dataset", "treatment", "classifier", "sampler", "seed")
RECORDS, PREDICTIONS = "records.parquet", "predictions.parquet"
ARRAYS = ("y_true", "y_pred", "fold", "proba")
SECONDS = ("fit_seconds", "sampler_seconds", "predict_seconds")

Key = tuple[str, str | None, str | None, str | None, int]  # as in KEY
Attempt = tuple[Key, int]  # attempts count from 1
Record = dict[str, Any]


def folder_of(results: Path, experiment: str, held_out: bool) -> Path:
    """Folder with the records of an experiment; those on held-out images are apart."""
    return results / (f"{experiment}@held-out" if held_out else experiment)


def key_of(record: Mapping[str, Any]) -> Key:
    """Data set, treatment, classifier, sampler and seed of a record or a job."""
    dataset, treatment, classifier, sampler, seed = (record[name] for name in KEY)
    return dataset, treatment, classifier, sampler, seed


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
    """
    home = _home(folder, record)
    # Single files first: what is packed meanwhile is then seen twice rather than not at all.
    numbers = [_number(path) for path in home.glob(f"{record['seed']}.*.*")]
    numbers += [row["attempt"] for row in _packed(folder / RECORDS, ["attempt"], record)]
    attempt = 1 + max(numbers, default=0)
    while True:
        home.mkdir(parents=True, exist_ok=True)
        path = home / f"{record['seed']}.{attempt}.json"
        text = json.dumps({**record, "attempt": attempt}, indent=1) + "\n"
        try:
            if predictions is not None:
                _write_new(path.with_suffix(".npz"), predictions)
            _write_new(path, text.encode())
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
    for (job, _), record in read_attempts(folder).items():
        if record["status"] == "done" or counting.get(job, record)["status"] != "done":
            counting[job] = record
    return list(counting.values())


def read_attempts(folder: Path) -> dict[Attempt, Record]:
    """Every record, also of attempts that do not count, by job and attempt."""
    folder = Path(folder)
    # Single files first: what is packed meanwhile is then seen twice rather than not at all.
    found = {attempt: record for attempt, (_, record) in _single(folder).items()}
    for row in _packed(folder / RECORDS, ["record"]):
        record = json.loads(row["record"])
        found[_attempt_of(record)] = record
    return {attempt: found[attempt] for attempt in sorted(found, key=_order)}


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
    for row in _packed(Path(folder) / PREDICTIONS, [*KEY, "attempt", *ARRAYS], record):
        if _attempt_of(row) == _attempt_of(record):
            arrays = {name: row[name] for name in ARRAYS if row[name] is not None}
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
    from filelock import FileLock

    folder = Path(folder)
    if not _single(folder):
        return 0
    with FileLock(folder / ".lock"):  # two that pack at once would replace each other's files
        single = _single(folder)
        rows = _packed(folder / PREDICTIONS, [*KEY, "attempt", *ARRAYS])
        predictions = {_attempt_of(row): row for row in rows}
        for attempt, (path, record) in single.items():
            with contextlib.suppress(FileNotFoundError):
                arrays = _arrays_of(path.with_suffix(".npz"))
                known = {name: record[name] for name in (*KEY, "attempt")}
                predictions[attempt] = known | {n: a.ravel() for n, a in arrays.items()}
        records = read_attempts(folder)
        _write(folder / PREDICTIONS, [predictions[one] for one in records if one in predictions])
        columns = (*KEY, "attempt", "status", "finished", "scored_on", *SECONDS)
        _write(
            folder / RECORDS,
            [
                {name: record.get(name) for name in columns}
                | (record.get("metrics") or {})
                | {"record": json.dumps(record)}
                for record in records.values()
            ],
        )
        for path, _ in single.values():
            path.with_suffix(".npz").unlink(missing_ok=True)
            path.unlink(missing_ok=True)
            for emptied in (path.parent, path.parent.parent):
                with contextlib.suppress(OSError):  # there is more in it
                    emptied.rmdir()
    return len(single)


def _write(path: Path, rows: list[Record]) -> None:
    """Write a Parquet file; equal arrays of many attempts take the space of one."""
    import pandas as pd

    _pyarrow(path)
    with replacing(path) as partial:
        pd.DataFrame(rows).to_parquet(
            partial,
            index=False,
            compression="zstd",
            compression_level=19,
            data_page_size=2**30,
            write_page_checksum=True,
        )


def _packed(
    path: Path, columns: list[str], like: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Rows of a Parquet file, of one job or all; none where there is no file. Lists are arrays."""
    if not path.exists():
        return []
    pa = _pyarrow(path)
    import pyarrow.parquet as pq

    is_job = {} if like is None else dict(zip(KEY, key_of(like), strict=True))
    known = [(name, "==", value) for name, value in is_job.items() if value is not None]
    try:
        schema = pq.read_schema(path).names
        table = pq.read_table(
            path,
            columns=[name for name in dict.fromkeys((*columns, *is_job)) if name in schema],
            filters=known or None,
            partitioning=None,
            page_checksum_verification=True,
        )
    except (pa.ArrowException, OSError) as error:
        raise InvalidInputError(f"{path} is damaged ({error}). Restore it from a copy.") from None
    cells = zip(*map(_cells, table.columns), strict=True)
    blank = dict.fromkeys(columns)
    rows = [blank | dict(zip(table.column_names, row, strict=True)) for row in cells]
    return [row for row in rows if all(row[name] == value for name, value in is_job.items())]


def _cells(column: Any) -> list[Any]:
    if "list" not in str(column.type):
        return column.to_pylist()
    return [cell.values.to_numpy() if cell.is_valid else None for cell in column]


def _pyarrow(path: Path) -> Any:
    try:
        import pyarrow
    except ImportError:
        raise InvalidInputError(
            f"{path}: packed results need pyarrow. Try pip install 'equipoise[bench]'."
        ) from None
    return pyarrow


def _arrays_of(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as stored:
            return dict(stored)
    except FileNotFoundError:
        raise
    except Exception as error:  # of zipfile, zlib or NumPy
        raise InvalidInputError(f"{path} is damaged ({error}). Delete it.") from None


def _single(folder: Path) -> dict[Attempt, tuple[Path, Record]]:
    """Records in files of their own, with these files."""
    found = {}
    for path in folder.glob("*/*/*.json"):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            found[_attempt_of(record)] = path, record
        except FileNotFoundError:  # another command has packed it
            continue
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidInputError(f"{path} is a damaged record ({error}). Delete it.") from None
    return found


def _attempt_of(record: Mapping[str, Any]) -> Attempt:
    return key_of(record), record["attempt"]


def _order(attempt: Attempt) -> tuple[Any, ...]:
    job, number = attempt
    return *("" if part is None else part for part in job), number


def _home(folder: Path, record: Mapping[str, Any]) -> Path:
    return folder / file_name(record["dataset"]) / file_name(name_of(record))


def _number(path: Path) -> int:
    attempt = path.stem.partition(".")[2]
    return int(attempt) if attempt.isdigit() else 0


def _write_new(path: Path, content: bytes) -> None:
    """Write a file that does not exist yet; it appears whole."""
    partial = path.with_name(f".partial-{uuid4().hex}")
    try:
        partial.write_bytes(content)
        os.link(partial, path)  # unlike os.replace, it replaces nothing
    except (FileExistsError, FileNotFoundError):
        raise
    except OSError:  # a file system without links
        if path.exists():
            raise FileExistsError(path) from None
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
