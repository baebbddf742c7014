"""How a CSV is written: separator, decimal mark, ends of lines, encoding, and its text."""

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
SEPARATORS = ("\t", ";", ",")  # of equals the first
SAMPLE, LINES = 2**16, 20  # bytes, and whole lines of them, that tell how a file is written


@dataclass(frozen=True)
class Cells:
    r"""A CSV as it is written.

    Attributes
    ----------
    text : DataFrame
        Every cell below the header.
    header : list of str
    separator : {",", ";", "\t"}
        The one of which all the first lines have as many, else that of the header.
    decimal : {".", ","}
    newline : {"\n", "\r\n"}
    encoding : {"utf-8", "utf-8-sig"}
        The latter has a byte order mark, as spreadsheets write it.
    quoting : int
        Of :mod:`csv`.
    """

    text: pd.DataFrame
    header: list[str]
    separator: str
    decimal: str
    newline: str
    encoding: str
    quoting: int

    def read(self, file: Any, **how: Any) -> pd.DataFrame:
        """Another table written so, by ``pandas.read_csv``."""
        import pandas as pd

        return pd.read_csv(
            file, sep=self.separator, decimal=self.decimal, encoding=self.encoding, **how
        )

    def write(self, rows: pd.DataFrame, file: Any, header: list[str] | bool = True) -> None:
        """Write a table so."""
        rows.to_csv(
            file,
            index=False,
            header=header,
            sep=self.separator,
            decimal=self.decimal,
            lineterminator=self.newline,
            encoding=self.encoding,
            quoting=self.quoting,
        )


def read_cells(path: Path, categories: Sequence[str] = ()) -> Cells:
    """Read a CSV as text.

    Parameters
    ----------
    path : Path
    categories : sequence of str, default=()
        Columns that are no numbers, whatever they look like.

    Raises
    ------
    ValueError
        The rows have more cells than the header, or numbers are written in two ways.
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
    return Cells(
        text,
        header.iloc[0].tolist(),
        how["sep"],
        _decimal(path, text.drop(columns=list(categories), errors="ignore"), how),
        newline,
        how["encoding"],
        # Of a carriage return alone, the writer does not know that readers take it for an end.
        csv.QUOTE_ALL if newline == "\n" and b"\r" in raw else csv.QUOTE_MINIMAL,
    )


def _separator(lines: Sequence[bytes]) -> str:
    """Separator of lines whose quoted parts are left out."""

    def rank(separator: str) -> tuple[bool, int]:
        counts = [line.count(separator.encode()) for line in lines] or [0]
        return len(set(counts)) == 1 and counts[0] > 0, counts[0]

    return max(SEPARATORS, key=rank)


def _decimal(path: Path, text: pd.DataFrame, how: dict[str, Any]) -> str:
    """Decimal mark of the columns that have one.

    Raises
    ------
    ValueError
        Some have commas, others points.
    """
    import pandas as pd

    with_commas = [
        name
        for name in text
        if (has := text[name].str.contains(",", regex=False)).any()
        and text.loc[has, name].str.fullmatch(NUMBER).all()
    ]
    if not with_commas:
        return "."

    def numbers(decimal: str) -> set[str]:
        rows = pd.read_csv(path, decimal=decimal, low_memory=False, **how)
        return set(rows.select_dtypes("number")) & set(text)

    by_comma, by_point = numbers(","), numbers(".")
    commas, points = sorted(by_comma - by_point), sorted(by_point - by_comma)
    if commas and points:
        raise ValueError(
            f"column {commas[0]!r} has decimal commas, column {points[0]!r} has points. Write them "
            "alike, or name columns that hold no numbers with --categories."
        )
    return "," if commas else "."
