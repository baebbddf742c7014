"""Tables as files: CSV and Parquet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from equipoise.atomic import replacing
from equipoise.cli.cells import check_amounts, check_thousands, typed
from equipoise.cli.csv_format import Cells, read_cells

if TYPE_CHECKING:
    import pandas as pd

ENDINGS = (".csv", ".parquet")
LISTED = 30  # columns in a message


@dataclass(frozen=True)
class Table:
    """A table as its file has it, and as a sampler wants it.

    Attributes
    ----------
    X : DataFrame
        All columns but the target and those to ignore.
    y : Series
        The target.
    rows : DataFrame
        All columns, as they are to be written again.
    cells : Cells or None
        Of a CSV, the text that is in the file.
    """

    X: pd.DataFrame
    y: pd.Series
    rows: pd.DataFrame
    cells: Cells | None


def read_table(
    path: Path,
    target: str,
    dates: Sequence[str] | None,
    categories: Sequence[str] | None,
    ignored: Sequence[str] | None,
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
        Columns of numbers that are names.
    ignored : sequence of str or None
        Columns to leave out of ``X``.

    Returns
    -------
    Table

    Raises
    ------
    ValueError
        There is no such table or column, a date is none, or the target has missing values,
        fractions or fewer than two classes.
    """
    import pandas as pd

    check_ending(path)
    if not path.is_file():
        raise ValueError(f"{path}: there is no such file.")
    dates, categories, ignored = dates or [], categories or [], ignored or []
    named = [target, *dates, *categories, *ignored]
    if path.suffix.lower() == ".csv":
        cells = _read(path, lambda: read_cells(path, categories))
        check_columns(path, cells.text, named)
        rows = _read(path, lambda: typed(path, cells, target, dates, categories))
        X = rows
    else:
        cells = None
        rows = _read(path, lambda: _read_parquet(path))
        check_columns(path, rows, named)
        X = rows.astype(dict.fromkeys(categories, "category"))
    X = X.drop(columns=[target, *ignored])
    _read(path, lambda: check_amounts(X.drop(columns=categories, errors="ignore")))
    if cells is not None:
        _read(path, lambda: check_thousands(cells, X))
    if not X.shape[1]:
        raise ValueError(f"{path} has no column beside {target!r} and those to ignore.")
    y = rows[target]
    if isinstance(y.dtype, pd.CategoricalDtype):
        y = y.cat.remove_unused_categories()
    if missing := int(y.isna().sum()):
        raise ValueError(
            f"{path}: column {target!r} has {missing} missing labels (empty, NA or the like). "
            "Leave these rows out first."
        )
    decimal = "." if cells is None else cells.decimal
    numbers = pd.to_numeric(y.astype(str).str.replace(decimal, "."), errors="coerce")
    if numbers.notna().all() and (numbers % 1 != 0).any():
        raise ValueError(f"{path}: column {target!r} holds measurements, not classes.")
    if y.nunique() < 2:
        raise ValueError(f"{path}: column {target!r} has fewer than two classes.")
    return Table(X, y, rows, cells)


def write_table(path: Path, rows: pd.DataFrame, like: Cells | None) -> None:
    """Write a table atomically, in the format that its name ends in; a CSV like another one."""
    with replacing(path) as partial:
        if path.suffix.lower() == ".parquet":
            rows.to_parquet(partial, index=False)
        elif like is None:
            rows.to_csv(partial, index=False)
        else:
            like.write(rows, partial, [*like.header, *rows.columns[len(like.header) :]])


def check_ending(path: Path) -> None:
    """Refuse a file of another kind, or Parquet where nothing can read it.

    Raises
    ------
    ValueError
        It is such a file.
    """
    if path.suffix.lower() not in ENDINGS:
        raise ValueError(f"{path}: name a file that ends in {' or '.join(ENDINGS)}.")
    if path.suffix.lower() == ".parquet" and find_spec("pyarrow") is None:
        raise ValueError(
            f"{path}: Parquet needs pyarrow. Try pip install 'equipoise[parquet]', or use CSV."
        )


def check_columns(path: Path, rows: pd.DataFrame, wanted: Sequence[str]) -> None:
    """Refuse columns that a table does not have.

    Raises
    ------
    ValueError
        One is not there.
    """
    if unknown := [name for name in wanted if name not in rows]:
        listed = ", ".join(map(str, rows.columns[:LISTED]))
        if rows.shape[1] > LISTED:
            listed += f" and {rows.shape[1] - LISTED} more"
        raise ValueError(f"{path} has no column {unknown[0]!r}. Its columns are {listed}.")


def _read_parquet(path: Path) -> pd.DataFrame:
    """A table whose whole numbers are such, gaps or not.

    Raises
    ------
    ValueError
        It has an index with a name, which no column of the result would be.
    """
    import pandas as pd

    rows = pd.read_parquet(path)
    if names := [str(name) for name in rows.index.names if name is not None]:
        raise ValueError(
            f"{', '.join(names)} is its index. Write it without (reset_index(drop=True)), or as a "
            "column (reset_index()) that --ignore names."
        )
    rows = rows.reset_index(drop=True)
    floats = [name for name in rows if rows[name].dtype.kind == "f"]
    if floats:  # those with gaps may be whole numbers in the file
        nullable = pd.read_parquet(path, columns=floats, dtype_backend="numpy_nullable")
        whole = [name for name in floats if nullable[name].dtype.kind in "iu"]
        rows[whole] = nullable[whole].reset_index(drop=True)
    return rows


def _read(path: Path, call: Callable[[], Any]) -> Any:
    try:
        return call()
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not in UTF-8. Save it as such (CSV UTF-8).") from None
    except ValueError as error:
        raise ValueError(f"{path} is no table that can be read: {error}") from None
