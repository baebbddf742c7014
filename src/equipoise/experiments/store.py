"""The store of results: a record of every attempt at a job, and the predictions beside it.

A run appends loose files, ``EXPERIMENT/DATASET/NAME/SEED.ATTEMPT.json`` and ``.npz``, which are
never changed. :func:`pack` gathers them into two files, ``EXPERIMENT/records.parquet`` and
``EXPERIMENT/predictions.parquet``. Readers take both kinds together.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Iterable, Mapping
from functools import reduce
from itertools import groupby
from operator import and_
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from equipoise.atomic import replacing
from equipoise.errors import InvalidInputError

KEY = ("dataset", "treatment", "classifier", "sampler", "seed")
RECORDS, PREDICTIONS = "records.parquet", "predictions.parquet"
LOOSE = "*/*/*.json"
SECONDS = ("fit_seconds", "sampler_seconds", "predict_seconds")
ARRAYS = {"y_true": "int64", "y_pred": "int64", "fold": "int64", "proba": "float16"}

Job = tuple[str, str | None, str | None, str | None, int]  # in the order of KEY
Attempt = tuple[Job, int]  # its number counts from 1
Loose = dict[Attempt, tuple[Path, dict[str, Any]]]


def folder_of(results: Path, experiment: str, held_out: bool) -> Path:
    """Folder with the records of an experiment; those on held-out images are apart."""
    return results / (f"{experiment}@held-out" if held_out else experiment)


def key_of(record: Mapping[str, Any]) -> Job:
    """Data set, treatment, classifier, sampler and seed of a record or a job."""
    dataset, treatment, classifier, sampler, seed = (record[name] for name in KEY)
    return dataset, treatment, classifier, sampler, seed


def append(folder: Path, record: Mapping[str, Any], predictions: bytes | None) -> Path:
    """Store a record as the next attempt at its job.

    Parameters
    ----------
    folder : Path
        Of the experiment.
    record : dict
        Without ``attempt``, which is set here.
    predictions : bytes or None
        Content of an npz file with ``y_true``, ``y_pred`` and maybe ``fold`` and ``proba``.

    Returns
    -------
    Path
        The record's file. The predictions are there before it is.
    """
    home = _home(folder, record)
    # Loose files first: what is packed in the meantime is then seen twice rather than not at all.
    numbers = [_number(path) for path in home.glob(f"{record['seed']}.*.*")]
    packed = _read(folder / RECORDS, ["attempt"], key_of(record))
    attempt = max([*numbers, *(row["attempt"] for row in packed)], default=0) + 1
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


def read_records(folder: Path) -> list[dict[str, Any]]:
    """The record that counts of every job: its last finished attempt, else its last one.

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
        A file cannot be read, or needs pyarrow, which is not installed.
    """
    counting: dict[Job, dict[str, Any]] = {}
    for (job, _), record in read_attempts(folder).items():
        if record["status"] == "done" or counting.get(job, record)["status"] != "done":
            counting[job] = record
    return list(counting.values())


def read_attempts(folder: Path) -> dict[Attempt, dict[str, Any]]:
    """Every record, also of attempts that do not count; in the order of jobs and attempts."""
    # Loose files first: what is packed in the meantime is then seen twice rather than not at all.
    return _with_packed(Path(folder), _loose(Path(folder)))


def read_predictions(folder: Path, record: Mapping[str, Any]) -> dict[str, np.ndarray] | None:
    """Predictions of the attempt that a record tells of.

    Parameters
    ----------
    folder : Path
        Of the experiment.
    record : dict
        From :func:`read_records`.

    Returns
    -------
    dict of str to ndarray, or None
        ``y_true`` and ``y_pred`` as int64, of shape (n,); on folds ``fold``, int64 of the same
        shape; with probabilities ``proba``, float16 of shape (n, n_classes). None for an attempt
        without predictions: it failed, or trained a sampler.

    Raises
    ------
    InvalidInputError
        A file cannot be read, or needs pyarrow, which is not installed.
    """
    job, number = _attempt_of(record)
    path = _home(Path(folder), record) / f"{record['seed']}.{number}.npz"
    with contextlib.suppress(FileNotFoundError):
        return _arrays_of_npz(path)
    rows = _read(Path(folder) / PREDICTIONS, ["attempt", *ARRAYS], job)
    return next((_arrays_of_row(row) for row in rows if row["attempt"] == number), None)


def pack(folder: Path) -> int:
    """Gather loose files, and what is packed already, into two files; then delete the loose ones.

    A command that is killed at any moment loses nothing, and others may append at the same time.

    Parameters
    ----------
    folder : Path
        Of the experiment.

    Returns
    -------
    int
        How many attempts were loose.

    Raises
    ------
    InvalidInputError
        A file cannot be read, or pyarrow is not installed. The store is then as before.
    """
    folder = Path(folder)
    if not any(folder.glob(LOOSE)):
        return 0
    _pyarrow(folder)
    from filelock import FileLock

    with FileLock(folder / ".lock"):  # two that pack at once would replace each other's files
        loose = _loose(folder)
        predictions = {}
        for row in _read(folder / PREDICTIONS, [*KEY, "attempt", *ARRAYS]):
            predictions[_attempt_of(row)] = _arrays_of_row(row)
        for attempt, (path, _) in loose.items():
            with contextlib.suppress(FileNotFoundError):
                predictions[attempt] = _arrays_of_npz(path.with_suffix(".npz"))
        records = _with_packed(folder, loose)
        order = [attempt for attempt in records if attempt in predictions]
        _write_predictions(folder / PREDICTIONS, [(one, predictions[one]) for one in order])
        _write_records(folder / RECORDS, records.values())
        for path, _ in loose.values():
            path.with_suffix(".npz").unlink(missing_ok=True)
            path.unlink(missing_ok=True)
            for emptied in (path.parent, path.parent.parent):
                with contextlib.suppress(OSError):  # there is more in it
                    emptied.rmdir()
    return len(loose)


def _write_records(path: Path, records: Iterable[Mapping[str, Any]]) -> None:
    """Columns to work with, and the whole record as text."""
    import pyarrow as pa

    records = list(records)
    metrics = dict.fromkeys(name for record in records for name in record.get("metrics") or ())
    texts, numbers = ("status", "finished", "scored_on"), (*metrics, *SECONDS)
    schema = [*_key_fields(), *((name, pa.string()) for name in texts)]
    schema += [*((name, pa.float64()) for name in numbers), ("record", pa.string())]
    rows = [
        {**record, **(record.get("metrics") or {}), "record": json.dumps(record)}
        for record in records
    ]
    _write(path, rows, pa.schema(schema))


def _write_predictions(
    path: Path, predictions: list[tuple[Attempt, dict[str, np.ndarray]]]
) -> None:
    """A list of values in each cell; probabilities row by row."""
    import pyarrow as pa

    lists = [(name, pa.list_(pa.type_for_alias(dtype))) for name, dtype in ARRAYS.items()]
    rows = [
        dict(zip(KEY, job, strict=True))
        | {"attempt": number}
        | {name: array.ravel() for name, array in arrays.items()}
        for (job, number), arrays in predictions
    ]
    _write(path, rows, pa.schema([*_key_fields(), *lists]))


def _key_fields() -> list[tuple[str, Any]]:
    import pyarrow as pa

    of_int = ("seed", "attempt")
    return [(name, pa.int64() if name in of_int else pa.string()) for name in (*KEY, "attempt")]


def _write(path: Path, rows: list[dict[str, Any]], schema: Any) -> None:
    """Write a Parquet file with a row group per data set; the rows are sorted by it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    how = {
        "compression": "zstd",
        "compression_level": 19,
        # In one page, the same true classes of many attempts take the space of one.
        "data_page_size": 2**30,
        "write_page_checksum": True,
        "use_dictionary": [*KEY, "status", "scored_on"],
    }
    with replacing(path) as partial, pq.ParquetWriter(partial, schema, **how) as writer:
        for _, group in groupby(rows, key=lambda row: row["dataset"]):
            table = pa.Table.from_pylist(list(group), schema)
            writer.write_table(table, row_group_size=table.num_rows)


def _read(path: Path, columns: list[str], job: Job | None = None) -> list[dict[str, Any]]:
    """Rows of a Parquet file, those of a job or all; none where there is no file."""
    if not path.exists():
        return []
    pa = _pyarrow(path)
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    matches = [
        pc.field(name).is_null() if value is None else pc.field(name) == value
        for name, value in zip(KEY, job or (), strict=job is not None)
    ]
    try:
        table = pq.read_table(
            path,
            columns=columns,
            filters=reduce(and_, matches) if matches else None,
            partitioning=None,
            page_checksum_verification=True,
        )
    except (pa.ArrowException, OSError) as error:
        raise InvalidInputError(f"{path} is damaged ({error}). Restore it from a copy.") from None
    cells = zip(*map(_cells, table.columns), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in cells]


def _cells(column: Any) -> list[Any]:
    """Values of a column; lists as arrays."""
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


def _arrays_of_row(row: Mapping[str, Any]) -> dict[str, np.ndarray]:
    arrays = {name: row[name] for name in ARRAYS if row[name] is not None}
    if "proba" in arrays:
        arrays["proba"] = arrays["proba"].reshape(len(arrays["y_true"]), -1)
    return arrays


def _arrays_of_npz(path: Path) -> dict[str, np.ndarray]:
    content = path.read_bytes()
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            return {name: stored[name].astype(ARRAYS[name]) for name in stored}
    except Exception as error:  # of zipfile, zlib or NumPy
        raise InvalidInputError(f"{path} is damaged ({error}). Delete it.") from None


def _loose(folder: Path) -> Loose:
    found = {}
    for path in folder.glob(LOOSE):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            found[_attempt_of(record)] = path, record
        except FileNotFoundError:  # another command has packed it
            continue
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidInputError(f"{path} is a damaged record ({error}). Delete it.") from None
    return found


def _with_packed(folder: Path, loose: Loose) -> dict[Attempt, dict[str, Any]]:
    found = {attempt: record for attempt, (_, record) in loose.items()}
    for row in _read(folder / RECORDS, ["record"]):
        record = json.loads(row["record"])
        found[_attempt_of(record)] = record
    return {attempt: found[attempt] for attempt in sorted(found, key=_order)}


def _attempt_of(record: Mapping[str, Any]) -> Attempt:
    return key_of(record), record["attempt"]


def _order(attempt: Attempt) -> tuple[Any, ...]:
    job, number = attempt
    return *("" if part is None else part for part in job), number


def _home(folder: Path, record: Mapping[str, Any]) -> Path:
    """Folder of the loose files of a job, named as Windows wants it."""
    sampler, parts = record["sampler"], (record["treatment"], record["classifier"])
    name = f"sampler-{sampler}" if sampler else "+".join(part for part in parts if part)
    return folder / record["dataset"].replace(":", "-") / name.replace(":", "-")


def _number(path: Path) -> int:
    attempt = path.stem.partition(".")[2]
    return int(attempt) if attempt.isdigit() else 0


def _write_new(path: Path, content: bytes) -> None:
    """Write a file that is not there yet; it appears whole."""
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
