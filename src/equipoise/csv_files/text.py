"""The text of a CSV file, and its format: separator, decimal mark, line ends and encoding."""

from __future__ import annotations

import bz2
import codecs
import csv
import gzip
import lzma
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

NUMBER = r"[+-]?(?:\d+(?:[.,]\d+)?|[.,]\d+)([eE][+-]?\d+)?"
COMMA = r"[+-]?\d*,\d+([eE][+-]?\d+)?"  # a number with a decimal comma
SEPARATORS = ("\t", ";", ",")  # the first is preferred
COMPRESSED: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.decompress,
    ".bz2": bz2.decompress,
    ".xz": lzma.decompress,
}
SAMPLE, LINES = 2**16, 20  # bytes, and lines in them, by which the format is recognised


@dataclass(frozen=True)
class CsvText:
    r"""A CSV file as text, with the format to write others like it.

    Attributes
    ----------
    text : DataFrame
        Every cell below the header, as it is in the file.
    header : list of str
    decimal : {".", ","}
    encoded : dict
        The separator and the encoding, as options of pandas: ``sep`` is the one that occurs
        equally often in all of the first lines, else the most frequent one in the header;
        ``encoding`` is "utf-8-sig" where there is a byte order mark, which spreadsheets write.
    written : dict
        The ends of lines and the quoting, as options of ``to_csv``.
    """

    text: pd.DataFrame
    header: list[str]
    decimal: str
    encoded: dict[str, Any]
    written: dict[str, Any]

    def write(self, text: pd.DataFrame, path: Path) -> None:
        """Write rows of text in this format; columns may follow those of the file."""
        header = [*self.header, *text.columns[len(self.header) :]]
        text.to_csv(path, index=False, header=header, **self.encoded, **self.written)


def na_options(missing: Sequence[str] | None) -> dict[str, Any]:
    """Options of pandas for the words that count as missing; None for its own words."""
    return {} if missing is None else {"keep_default_na": False, "na_values": ["", *missing]}


def read_csv_text(
    path: Path, categories: Sequence[str] = (), missing: Sequence[str] | None = None
) -> CsvText:
    """Read a CSV file as text, and find out its format.

    Parameters
    ----------
    path : Path
        Its ending says how it is compressed: .gz, .bz2, .xz, or another one if it is not.
    categories : sequence of str, default=()
        Columns that hold no numbers, even if their cells look like numbers.
    missing : sequence of str or None, default=None
        Words that count as missing beside empty cells; None for NA, None, nan and the like.

    Raises
    ------
    ValueError
        The rows have more cells than the header, or some columns of numbers have decimal commas
        and others decimal points.
    """
    import pandas as pd

    raw = COMPRESSED.get(path.suffix.lower(), bytes)(path.read_bytes())
    end = max(SAMPLE, raw.find(b"\n") + 1)
    bare = re.sub(rb'"[^"]*"', b"", raw[:end])
    newline = "\r\n" if b"\r\n" in bare else "\n"
    if end < len(raw):
        bare = bare.rpartition(b"\n")[0]
    encoded = {
        "sep": _separator([line for line in bare.splitlines() if line][:LINES]),
        "encoding": "utf-8-sig" if raw.startswith(codecs.BOM_UTF8) else "utf-8",
    }
    as_text: dict[str, Any] = {"dtype": str, "keep_default_na": False, **encoded}
    text = pd.read_csv(path, **as_text)
    if not isinstance(text.index, pd.RangeIndex):
        raise ValueError("its rows have more cells than its header. Name every column in line 1.")
    header = pd.read_csv(path, header=None, nrows=1, **as_text).iloc[0].tolist()
    options = encoded | na_options(missing)
    decimal = _decimal(path, text.drop(columns=list(categories), errors="ignore"), options)
    # pandas does not quote a single carriage return, but readers take it for a line end.
    quoting = csv.QUOTE_ALL if newline == "\n" and b"\r" in raw else csv.QUOTE_MINIMAL
    return CsvText(text, header, decimal, encoded, {"lineterminator": newline, "quoting": quoting})


def _separator(lines: Sequence[bytes]) -> str:
    """The separator in lines from which quoted text has been removed."""

    def rank(separator: str) -> tuple[bool, int]:
        counts = [line.count(separator.encode()) for line in lines] or [0]
        return len(set(counts)) == 1 and counts[0] > 0, counts[0]

    return max(SEPARATORS, key=rank)


def _decimal(path: Path, text: pd.DataFrame, options: dict[str, Any]) -> str:
    """The decimal mark of the columns that hold fractions.

    Raises
    ------
    ValueError
        Some columns have decimal commas, others decimal points.
    """
    import pandas as pd

    if not any(text[name].str.fullmatch(COMMA).any() for name in text):
        return "."

    def numbers(decimal: str) -> set[str]:
        rows = pd.read_csv(path, decimal=decimal, low_memory=False, **options)
        return set(rows.select_dtypes("number")) & set(text)

    by_comma, by_point = numbers(","), numbers(".")
    commas, points = sorted(by_comma - by_point), sorted(by_point - by_comma)
    if commas and points:
        raise ValueError(
            f"column {commas[0]!r} has decimal commas, column {points[0]!r} has points. Write all "
            "numbers alike, or mark columns that hold no numbers with --categories."
        )
    return "," if commas else "."
