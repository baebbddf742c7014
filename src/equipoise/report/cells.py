"""Tables for readers: cells, and how they are written as text, in Markdown and in LaTeX."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

_LATEX_LETTERS = {
    **{letter: f"\\{letter}" for letter in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
}


@dataclass(frozen=True)
class Cell:
    """What a table shows in one place, and what to sort it by.

    Attributes
    ----------
    text : str
    spread : str
        Standard deviation to write after ±; empty for none.
    best : bool
        Whether no other row has a better value.
    value : float
        The number behind the text; NaN where that is none.
    """

    text: str
    spread: str = ""
    best: bool = False
    value: float = math.nan


class Table(NamedTuple):
    """A table, whatever it is to be written in.

    Attributes
    ----------
    title : str
    headings : list of str
    rows : list of list of Cell
    note : str
    """

    title: str
    headings: list[str]
    rows: list[list[Cell]]
    note: str


def number_cell(value: float, pattern: str) -> Cell:
    """A number in this format; empty for NaN."""
    return Cell("" if math.isnan(value) else pattern.format(value), value=value)


def short(value: float, pattern: str) -> str:
    """A number between -1 and 1 in this format without the zero before its point, with a minus."""
    return f"{value:{pattern}}".replace("-", "−").replace("0.", ".", 1)


def markdown_cell(cell: Cell) -> str:
    """A cell of a Markdown table."""
    text = markdown_text(plain_cell(cell))
    return f"**{text}**" if cell.best else text


def plain_cell(cell: Cell) -> str:
    """A cell as plain text."""
    return f"{cell.text} ± {cell.spread}" if cell.spread else cell.text


def markdown_text(text: str) -> str:
    """Text in which nothing is markup of a table."""
    return text.replace("|", r"\|").replace("<", "&lt;")


def in_markdown(table: Table) -> str:
    """A table and its note, without the title."""
    lines = [
        f"| {' | '.join(map(markdown_text, table.headings))} |",
        f"|---|{'---:|' * (len(table.headings) - 1)}",
    ]
    lines += [f"| {' | '.join(map(markdown_cell, row))} |" for row in table.rows]
    return "\n".join([*lines, "", table.note])


def latex_text(text: str) -> str:
    """Text in which nothing is a command."""
    return "".join(_LATEX_LETTERS.get(letter, letter) for letter in text)


def latex_cell(cell: Cell) -> str:
    """A cell of a LaTeX table."""
    text = latex_text(plain_cell(cell))
    return rf"\textbf{{{text}}}" if cell.best else text
