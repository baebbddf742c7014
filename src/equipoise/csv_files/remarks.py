"""What a reader of tables took the cells for, in sentences for those who meant something else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from equipoise.csv_files.text import CsvText
from equipoise.errors import counted

if TYPE_CHECKING:
    import pandas as pd

FEWEST = 20  # rows in which different values make an identifier
MISSING_WORDS = {  # of pandas
    *("#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"),
    *("<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
}


def remarks(
    X: pd.DataFrame, y: pd.Series, csv: CsvText | None, dates: Sequence[str], missing: bool
) -> list[str]:
    """Sentences about missing values, dates and identifiers.

    Parameters
    ----------
    X, y : DataFrame, Series
        The columns that a model is fitted with, and the target.
    csv : CsvText or None
        The text of the file if it is a CSV.
    dates : sequence of str
        Columns that were named as dates.
    missing : bool
        Whether the words for missing values were named.
    """
    found = []
    if csv is not None and not missing:
        found += missing_words(X, y, csv, "--missing-values")
    for name, column in X.items():
        if column.dtype.kind == "M" and csv is not None and name not in dates:
            found.append(
                f"column {name!r} holds dates and is read as such. Mark it with --dates to say so, "
                "or with --categories to keep it as words."
            )
        elif _is_identifier(column):
            found.append(
                f"column {name!r} has another value in every row, such as {column.iloc[0]!r}, as "
                "an identifier or the number of a row has. A model learns nothing from it: leave "
                "it out with --ignore."
            )
    return found


def missing_words(X: pd.DataFrame, y: pd.Series, csv: CsvText, option: str) -> list[str]:
    """Sentences about words such as NA, that by default count as missing or are a class.

    Parameters
    ----------
    X, y : DataFrame, Series
        The columns that a model is fitted with, and the target.
    csv : CsvText
    option : str
        What a user names the words for missing values with.
    """
    about = [_words_as_class(y, csv, option), *(_words(X[c], csv, option) for c in X)]
    return [sentence for sentence in about if sentence]


def _words(column: pd.Series, csv: CsvText, option: str) -> str:
    """About the words of a column of words that count as missing."""
    words = csv.text[column.name][column.isna()]
    counts = words[words != ""].value_counts()
    if column.dtype != object or counts.empty or column.isna().all():
        return ""
    listed = " and ".join(f"{counted(n, 'cell')} {word!r}" for word, n in counts.items())
    return (
        f"column {column.name!r}: {listed} count as missing values. If they are values, name the "
        f"words for missing values with {option}, or '' for none but empty cells."
    )


def _words_as_class(y: pd.Series, csv: CsvText, option: str) -> str:
    """About the labels that would be missing values in another column."""
    words = [str(label) for label in y.unique().tolist() if label in MISSING_WORDS]
    if not words:
        return ""
    return (
        f"column {y.name!r}: {' and '.join(map(repr, words))} is taken as a class. If it stands "
        f"for a missing label, name it with {option} and remove these rows."
    )


def _is_identifier(column: pd.Series) -> bool:
    """Whether all values differ: words, or whole numbers without a gap."""
    if len(column) < FEWEST or not column.is_unique or column.isna().any():
        return False
    if column.dtype.kind in "iu":
        return int(column.max()) - int(column.min()) == len(column) - 1
    return column.dtype.kind not in "fMmb"
