"""What the texts of options mean: lists, numbers, class sizes, edges between codes."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable

import typer

Strategy = str | int | float | dict[str, int]


def words(text: str) -> list[str]:
    """``'slant, "width, cm"'`` → ["slant", "width, cm"]."""
    rows = csv.reader(text.splitlines(keepends=True), skipinitialspace=True)
    return [word.strip() for row in rows for word in row] or [""]


def numbers(text: str, kind: Callable[[str], float] = float) -> list[float]:
    """``"-1,0,.5"`` → [-1.0, 0.0, 0.5].

    Raises
    ------
    typer.BadParameter
        A word is not a number of this kind.
    """
    try:
        return [kind(word) for word in words(text)]
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not like -1,0,1.") from None


def numbers_by_name(text: str) -> dict[str, float]:
    """``"slant=.8,style=-1"`` → {"slant": 0.8, "style": -1.0}.

    Raises
    ------
    typer.BadParameter
        A part is not a name, an equals sign and a number.
    """
    found = {}
    for part in words(text):
        try:
            name, number = part.rsplit("=", 1)
            found[name.strip()] = float(number)
        except ValueError:
            name = ""
        if not name.strip():
            raise typer.BadParameter(f"{part!r} is not like NAME=NUMBER.")
    return found


def word_or_numbers(text: str) -> str | float | list[float]:
    """``"64"`` → 64, ``".5"`` → 0.5, ``".9,.1"`` → [0.9, 0.1], any other text stays as it is."""
    try:
        if "," in text:
            return [float(number) for number in text.split(",")]
        return int(text) if text.isdecimal() else float(text)
    except ValueError:
        return text


def word_or_numbers_by_name(text: str) -> str | dict[str, float]:
    """``"0=2,1=.5"`` → {"0": 2.0, "1": 0.5}, a word as it is."""
    return numbers_by_name(text) if "=" in text else text


def sampling_strategy(text: str) -> Strategy:
    """``"500"`` → 500, ``"0.5"`` → 0.5, ``"yes=500,maybe=80"`` → a dict, a word as it is.

    Raises
    ------
    typer.BadParameter
        The size of a class is not a whole number.
    """
    if "=" in text:
        sizes = numbers_by_name(text)
        if any(n % 1 != 0 for n in sizes.values()):
            raise typer.BadParameter(f"{text!r} has a class size that is not a whole number.")
        return {name: int(n) for name, n in sizes.items()}
    try:
        return int(text) if text.isdecimal() else float(text)
    except ValueError:
        return text


def edges(text: str) -> str | list[list[str | int]]:
    """``"style>slant,0>2"`` → [["style", "slant"], [0, 2]]; the two names of structures stay.

    Raises
    ------
    typer.BadParameter
        An edge does not join two codes.
    """
    if text in ("independent", "paper"):
        return text
    pairs = [[code.strip() for code in edge.split(">")] for edge in words(text)]
    if any(len(pair) != 2 for pair in pairs):
        raise typer.BadParameter(
            f"{text!r} is not like style>slant,style>thickness, independent or paper."
        )
    return [[int(code) if code.isdigit() else code for code in pair] for pair in pairs]


def image_size(text: str) -> tuple[int, int]:
    """``"64"`` → (64, 64), ``"64x48"`` → (64, 48).

    Raises
    ------
    typer.BadParameter
        The text is something else.
    """
    height, _, width = text.partition("x")
    if not re.fullmatch(r"\d+(x\d+)?", text):
        raise typer.BadParameter(f"{text!r} is not like 64 or 64x48.")
    return int(height), int(width or height)
