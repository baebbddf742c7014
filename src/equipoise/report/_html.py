"""HTML from Python values, escaped wherever it is not HTML already."""

from __future__ import annotations

import base64
import math
from collections.abc import Container, Iterable, Mapping, Sequence
from html import escape
from typing import Any

from .cells import Cell

_VOID = {"img", "link", "meta"}
_TYPES = {b"\x89PNG": "image/png", b"<svg": "image/svg+xml"}


class Html(str):
    """Text that is HTML; any other text is escaped."""


def tag(name: str, /, *children: Any, **attributes: Any) -> Html:
    """An element; an attribute that is None is left out, and ``class_`` stands for ``class``."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Html(f"<{name}{given}>")
    return Html(f"<{name}{given}>{joined(children)}</{name}>")


def joined(parts: Iterable[Any]) -> Html:
    """All parts, one after another."""
    return Html("".join(p if isinstance(p, Html) else escape(str(p)) for p in parts))


def picture(data: bytes, alt: str, caption: str | None = None) -> Html:
    """A PNG or SVG inside the page."""
    kind = next(kind for start, kind in _TYPES.items() if data.startswith(start))
    source = f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
    words = tag("figcaption", caption) if caption else ""
    return tag("figure", tag("img", src=source, alt=alt), words)


def table(
    headings: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    *,
    hints: Mapping[str, str] | None = None,
    colours: Mapping[str, str] | None = None,
    muted: Container[str] = (),
) -> Html:
    """A table in a box of its own that scrolls sideways, its first column staying in view.

    `hints` explain headings. By what is in their first cell, rows have a dot of a colour before it,
    or are muted.
    """
    rows = list(rows)
    numeric = [any(_is_number(cell) for cell in column) for column in zip(*rows, strict=True)]
    head = [
        tag(
            "th",
            text,
            scope="col",
            title=(hints or {}).get(text),
            class_="number" if is_number else None,
        )
        for text, is_number in zip(headings, numeric, strict=True)
    ]
    body = [
        tag(
            "tr",
            tag("th", dot((colours or {}).get(row[0].text)), row[0].text, scope="row"),
            *map(_cell, row[1:]),
            class_="muted" if row[0].text in muted else None,
        )
        for row in rows
    ]
    whole = tag("table", tag("thead", tag("tr", *head)), tag("tbody", *body))
    return tag("div", whole, class_="scroll", tabindex=0)


def dot(colour: str | None) -> Html:
    """What ties a name to the pictures; nothing without a colour."""
    return Html() if colour is None else tag("i", class_="dot", style=f"background:{colour}")


def _cell(cell: Cell) -> Html:
    is_number = _is_number(cell)
    return tag(
        "td",
        tag("strong", cell.text) if cell.best else cell.text,
        tag("small", f"± {cell.spread}") if cell.spread else "",
        data_value=f"{cell.value:.9g}" if is_number else None,
        class_="number" if is_number else None,
    )


def _is_number(cell: Cell) -> bool:
    return not math.isnan(cell.value)
