"""Tables as files: CSV and Parquet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from equipoise.atomic import replacing
from equipoise.csv_files.remarks import remarks
from equipoise.csv_files.text import CsvText, read_csv_text
from equipoise.csv_files.values import check_amounts, check_thousands, values_of
from equipoise.errors import counted
from equipoise.runs.csv_cells import quoting

if TYPE_CHECKING:
    import pandas as pd

FORMATS = (".csv", ".parquet")
LISTED = 30  # columns in a message


@dataclass(frozen=True)
class Table:
    """A table as it is in its file, and as a sampler takes it.

    Attributes
    ----------
    X : DataFrame
        All columns but the target and those to ignore.
    y : Series
        The target.
    rows : DataFrame
        All columns.
    csv : CsvText or None
        The text of the file if it is a CSV.
    remarks : list of str
        What a user may want to know of how the cells were read.
    """

    X: pd.DataFrame
    y: pd.Series
    rows: pd.DataFrame
    csv: CsvText | None
    remarks: list[str]


def read_table(
    path: Path,
    target: str,
    dates: Sequence[str] | None,
    categories: Sequence[str] | None,
    ignored: Sequence[str] | None,
    missing: Sequence[str] | None = None,
) -> Table:
    """Read a table and set its target apart.

    Parameters
    ----------
    path : Path
        Ends in ``.csv`` or ``.parquet``.
    target : str
        Column with the class labels.
    dates : sequence of str or None
        Columns of a CSV with dates.
    categories : sequence of str or None
        Columns of numbers that stand for categories.
    ignored : sequence of str or None
        Columns to leave out of ``X``.
    missing : sequence of str or None, default=None
        Words of a CSV that count as missing beside empty cells; None for NA, None, nan and the
        like, but not in a target whose other labels are words.

    Returns
    -------
    Table

    Raises
    ------
    ValueError
        There is no such table or column, a date cannot be read, or the target has missing values,
        fractions or fewer than two classes.
    """
    import pandas as pd

    dates, categories, ignored = dates or [], categories or [], ignored or []
    csv, rows = _read(path, dates, categories, [*ignored], target, missing)
    X = _checked(path, csv, rows.drop(columns=[target, *ignored]), categories)
    if not X.shape[1]:
        raise ValueError(f"{path} has no column beside {target!r} and those to ignore.")
    y = rows[target]
    if isinstance(y.dtype, pd.CategoricalDtype):
        y = y.cat.remove_unused_categories()
    if n_missing := int(y.isna().sum()):
        raise ValueError(
            f"{path}: column {target!r} has {counted(n_missing, 'missing label')} (empty, NA or "
            "the like). Remove these rows first, or name the words for missing values with "
            "--missing-values."
        )
    decimal = "." if csv is None else csv.decimal
    numbers = pd.to_numeric(y.astype(str).str.replace(decimal, "."), errors="coerce")
    if numbers.notna().all() and (numbers % 1 != 0).any():
        raise ValueError(f"{path}: column {target!r} holds measurements, not classes.")
    if y.nunique() < 2:
        raise ValueError(f"{path}: column {target!r} has fewer than two classes.")
    return Table(X, y, rows, csv, remarks(X, y, csv, dates, missing is not None))


def read_rows(
    path: Path, columns: Mapping[str, str], missing: Sequence[str] | None = None
) -> tuple[pd.DataFrame, list[str]]:
    """Read the columns of a table that a model needs, each as it was read for the model.

    Parameters
    ----------
    path : Path
        Ends in ``.csv`` or ``.parquet``.
    columns : mapping of str to {"text", "bool", "date", "number"}
        Name of a column to what it holds.
    missing : sequence of str or None, default=None
        Words of a CSV that count as missing, as in :func:`read_table`.

    Returns
    -------
    rows : DataFrame
    ignored : list of str
        Names of the other columns of the table.

    Raises
    ------
    ValueError
        There is no such table or column, or a date cannot be read.
    """
    texts = [name for name, how in columns.items() if how == "text"]
    dates = [name for name, how in columns.items() if how == "date"]
    names = list(columns)
    csv, rows = _read(path, dates, texts, names, missing=missing)
    return _checked(path, csv, rows[names], texts), [c for c in rows if c not in columns]


def _read(
    path: Path,
    dates: Sequence[str],
    categories: Sequence[str],
    needed: Sequence[str],
    target: str | None = None,
    missing: Sequence[str] | None = None,
) -> tuple[CsvText | None, pd.DataFrame]:
    """All columns, and the text of a CSV."""
    check_format(path)
    if not path.is_file():
        raise ValueError(f"{path}: there is no such file.")
    csv = None
    if missing is not None and path.suffix.lower() != ".csv":
        raise ValueError(f"{path}: --missing-values is for a CSV; Parquet says what is missing.")
    with _naming(path):
        if path.suffix.lower() == ".csv":
            csv = read_csv_text(path, categories, missing)
            rows = csv.text
        else:
            rows = _read_parquet(path)
    targets = [] if target is None else [target]
    check_columns(path, rows, [*targets, *dates, *categories, *needed])
    with _naming(path):
        if csv is not None:
            rows = values_of(path, csv, target, dates, categories, missing)
        return csv, rows


def _checked(
    path: Path, csv: CsvText | None, X: pd.DataFrame, categories: Sequence[str]
) -> pd.DataFrame:
    """The columns that a model is fitted with or gets, unless they hold amounts."""
    with _naming(path):
        check_amounts(X.drop(columns=categories, errors="ignore"))
        if csv is not None:
            check_thousands(csv, X)
            return X
        return X.astype({c: "category" for c in categories if c in X})


def write_table(path: Path, rows: pd.DataFrame, like: CsvText | None) -> None:
    """Write a table in the format that its name ends in; a CSV in the format of another one."""
    with replacing(path) as partial:
        if path.suffix.lower() == ".parquet":
            rows.to_parquet(partial, index=False)
        elif like is None:
            rows.to_csv(partial, index=False, quoting=quoting(rows))
        else:
            like.write(rows, partial)


def check_format(path: Path) -> None:
    """Refuse a file that is neither CSV nor Parquet, or Parquet if pyarrow is not installed.

    Raises
    ------
    ValueError
        The file is such a file.
    """
    if path.suffix.lower() not in FORMATS:
        raise ValueError(f"{path}: name a file that ends in {' or '.join(FORMATS)}.")
    if path.suffix.lower() == ".parquet" and find_spec("pyarrow") is None:
        raise ValueError(
            f"{path}: Parquet needs pyarrow. Try pip install 'equipoise[parquet]', or use CSV."
        )


def check_columns(path: Path, rows: pd.DataFrame, wanted: Sequence[str]) -> None:
    """Refuse the names of columns that a table does not have.

    Raises
    ------
    ValueError
        The table has no column of a name.
    """
    if unknown := [name for name in wanted if name not in rows]:
        listed = ", ".join(map(str, rows.columns[:LISTED]))
        if rows.shape[1] > LISTED:
            listed += f" and {rows.shape[1] - LISTED} more"
        raise ValueError(f"{path} has no column {unknown[0]!r}. Its columns are {listed}.")


def _read_parquet(path: Path) -> pd.DataFrame:
    """Read a Parquet file, with whole numbers as integers also where some are missing.

    Raises
    ------
    ValueError
        The table has an index with a name, which would not become a column of the result.
    """
    import pandas as pd

    rows = pd.read_parquet(path)
    if names := [str(name) for name in rows.index.names if name is not None]:
        raise ValueError(
            f"{', '.join(names)} is its index. Write it without (reset_index(drop=True)), or as a "
            "column (reset_index()) that is left out with --ignore."
        )
    rows = rows.reset_index(drop=True)
    floats = [name for name in rows if rows[name].dtype.kind == "f"]
    if floats:  # with missing values, they may be integers in the file
        nullable = pd.read_parquet(path, columns=floats, dtype_backend="numpy_nullable")
        whole = [name for name in floats if nullable[name].dtype.kind in "iu"]
        rows[whole] = nullable[whole].reset_index(drop=True)
    return rows


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Add the name of the file to errors about its content."""
    try:
        yield
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not in UTF-8. Save it as such (CSV UTF-8).") from None
    except ValueError as error:
        raise ValueError(f"{path} cannot be read as a table: {error}") from None
