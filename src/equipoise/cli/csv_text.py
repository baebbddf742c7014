"""The text of a CSV file, and its format: separator, decimal mark, line ends and encoding."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

NUMBER = r"[+-]?\d*[.,]?\d+([eE][+-]?\d+)?"
SEPARATORS = ("\t", ";", ",")  # the first is preferred
SAMPLE, LINES = 2**16, 20  # bytes, and lines in them, by which the format is recognised


@dataclass(frozen=True)
class CsvText:
    r"""A CSV file as text, with the format to write others like it.

    Attributes
    ----------
    text : DataFrame
        Every cell below the header, as it is in the file.
    header : list of str
    separator : {",", ";", "\t"}
        The one that occurs equally often in all of the first lines, else the most frequent one
        in the header.
    decimal : {".", ","}
    newline : {"\n", "\r\n"}
    encoding : {"utf-8", "utf-8-sig"}
        The latter has a byte order mark, which spreadsheets write.
    quoting : int
        A constant of :mod:`csv`.
    """

    text: pd.DataFrame
    header: list[str]
    separator: str
    decimal: str
    newline: str
    encoding: str
    quoting: int

    def read(self, path: Path, **options: Any) -> pd.DataFrame:
        """Read the values of the file by ``pandas.read_csv``."""
        import pandas as pd

        how = {"sep": self.separator, "decimal": self.decimal, "encoding": self.encoding}
        return pd.read_csv(path, **how, **options)

    def write(self, text: pd.DataFrame, path: Path) -> None:
        """Write rows of text in this format; columns may follow those of the file."""
        text.to_csv(
            path,
            index=False,
            header=[*self.header, *text.columns[len(self.header) :]],
            sep=self.separator,
            lineterminator=self.newline,
            encoding=self.encoding,
            quoting=self.quoting,
        )


def read_csv_text(path: Path, categories: Sequence[str] = ()) -> CsvText:
    """Read a CSV file as text, and find out its format.

    Parameters
    ----------
    path : Path
    categories : sequence of str, default=()
        Columns that hold no numbers, even if their cells look like numbers.

    Raises
    ------
    ValueError
        The rows have more cells than the header, or some columns of numbers have decimal commas
        and others decimal points.
    """
    import pandas as pd

    raw = path.read_bytes()
    end = max(SAMPLE, raw.find(b"\n") + 1)
    bare = re.sub(rb'"[^"]*"', b"", raw[:end])
    newline = "\r\n" if b"\r\n" in bare else "\n"
    if end < len(raw):
        bare = bare.rpartition(b"\n")[0]
    how: dict[str, Any] = {
        "sep": _separator([line for line in bare.splitlines() if line][:LINES]),
        "encoding": "utf-8-sig" if raw.startswith(codecs.BOM_UTF8) else "utf-8",
    }
    text = pd.read_csv(path, dtype=str, keep_default_na=False, **how)
    if not isinstance(text.index, pd.RangeIndex):
        raise ValueError("its rows have more cells than its header. Name every column in line 1.")
    header = pd.read_csv(path, header=None, nrows=1, dtype=str, keep_default_na=False, **how)
    return CsvText(
        text,
        header.iloc[0].tolist(),
        how["sep"],
        _decimal(path, text.drop(columns=list(categories), errors="ignore"), how),
        newline,
        how["encoding"],
        # pandas does not quote a single carriage return, but readers take it for a line end.
        csv.QUOTE_ALL if newline == "\n" and b"\r" in raw else csv.QUOTE_MINIMAL,
    )


def _separator(lines: Sequence[bytes]) -> str:
    """The separator in lines from which quoted text has been removed."""

    def rank(separator: str) -> tuple[bool, int]:
        counts = [line.count(separator.encode()) for line in lines] or [0]
        return len(set(counts)) == 1 and counts[0] > 0, counts[0]

    return max(SEPARATORS, key=rank)


def _decimal(path: Path, text: pd.DataFrame, how: dict[str, Any]) -> str:
    """The decimal mark of the columns that hold fractions.

    Raises
    ------
    ValueError
        Some columns have decimal commas, others decimal points.
    """
    import pandas as pd

    commas = text.map(lambda cell: "," in cell)
    if not any(
        commas[name].any() and text.loc[commas[name], name].str.fullmatch(NUMBER).all()
        for name in text
    ):
        return "."

    def numbers(decimal: str) -> set[str]:
        rows = pd.read_csv(path, decimal=decimal, low_memory=False, **how)
        return set(rows.select_dtypes("number")) & set(text)

    by_comma, by_point = numbers(","), numbers(".")
    commas, points = sorted(by_comma - by_point), sorted(by_point - by_comma)
    if commas and points:
        raise ValueError(
            f"column {commas[0]!r} has decimal commas, column {points[0]!r} has points. Write all "
            "numbers alike, or name columns that hold no numbers with --categories."
        )
    return "," if commas else "."
