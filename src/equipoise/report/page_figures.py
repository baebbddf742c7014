"""Pictures of the benchmark page: small, each readable on a phone, light or dark as the reader's.

Every function returns an address that holds the whole picture, as ``img`` takes it. Text and axes
are drawn in `INK`, as ``page.mplstyle`` says, which then becomes the colour of the page's text.
"""

from __future__ import annotations

import base64
import io
import itertools
import math
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import cast

import pandas as pd
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .plots._style import MARKERS, PALETTE, logarithmic

INK = "#010203"
MIDDLE = "#8a8f98"  # readable on white and on black
_THEME = "<style>svg{color:#1d2129}@media(prefers-color-scheme:dark){svg{color:#e4e6ea}}</style>"
_STYLE = Path(__file__).parent / "templates" / "page.mplstyle"

# Greys are kept for what the others are compared with.
_COLOURS = [colour for colour in PALETTE if colour not in ("#94a4a2", "#717581")]

Colours = Mapping[str, str]


def look() -> AbstractContextManager[None]:
    """Context in which the pictures are to be drawn and written; undone on leaving it."""
    return style.context(str(_STYLE))


def group_colours(groups: Mapping[str, str]) -> dict[str, str]:
    """Colour of each method, the same within a group; without groups one for all."""
    names = list(dict.fromkeys(groups.values()))
    return {method: _COLOURS[names.index(g) % len(_COLOURS)] for method, g in groups.items()}


def embedded(data: bytes) -> str:
    """A PNG or SVG file as an address that holds all of it."""
    kind = "png" if data.startswith(b"\x89PNG") else "svg+xml"
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def differences_picture(differences: pd.DataFrame, reference: str, colours: Colours) -> str:
    """A line per method: its mean difference to the reference, and the interval.

    `differences` is as :func:`equipoise.metrics.paired_differences` makes it, with labels as index.
    """
    ax = _intervals(differences, "difference", colours)
    ax.axvline(0, color=INK, linewidth=0.9)
    ax.set_xlabel(f"ACSA minus that of {reference}")
    return _svg(ax)


def ranks_picture(ranks: pd.Series, critical_difference: float, colours: Colours) -> str:
    """Average ranks, best on top, with bars of one critical difference.

    Two methods differ if their bars do not overlap: those that overlap the best one's shade do not
    differ from the best. (Koning et al., "The M3 competition: statistical tests of the results",
    2005, call it multiple comparisons with the best.)
    """
    half = critical_difference / 2
    rows = pd.DataFrame({"rank": ranks, "low": ranks - half, "high": ranks + half})
    rows = rows.sort_values("rank", kind="stable")
    ax = _intervals(rows, "rank", colours)
    ax.axvspan(rows["low"].iloc[0], rows["high"].iloc[0], color=MIDDLE, alpha=0.18, linewidth=0)
    ax.set_xlim(0.5, len(ranks) + 0.5)
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    ax.set_xlabel("average rank (1 is best)")
    return _svg(ax)


def recall_picture(recalls: pd.DataFrame, label: str, reference: str, colours: Colours) -> str:
    """Recall of the classes by training size for one method, before that of the reference.

    `recalls` has the columns ``method``, ``size`` and ``recall``, a row per class, of all methods;
    the axes hold all of them. A line joins the means of equal sizes.
    """
    ax = _axes(3.1, 2.15)
    for name, colour, dash in ((reference, MIDDLE, "--"), (label, colours[label], "-")):
        own = recalls[recalls["method"] == name]
        if own.empty or (name == label and dash == "--"):
            continue
        ax.plot(own["size"], own["recall"], "o", color=colour, markersize=4, alpha=0.8)
        ax.plot(own.groupby("size")["recall"].mean(), dash, color=colour, linewidth=1.6)
    logarithmic(ax, recalls["size"], margin=1.3)
    bottom = max(0, math.floor(10 * recalls["recall"].min() - 0.2) / 10)
    ax.set(xlabel="training rows of the class", ylabel="recall")
    ax.set_ylim(bottom, 1 + 0.03 * (1 - bottom))
    return _svg(ax)


def cost_picture(scores: pd.DataFrame, colours: Colours) -> str:
    """ACSA over seconds of fitting; the legend names the methods (the index), the best first."""
    ax = _axes(7.4, max(3.9, 0.6 + 0.17 * len(scores)))
    marked = zip(scores.iterrows(), itertools.cycle(MARKERS))
    for (label, row), marker in sorted(marked, key=lambda pair: -pair[0][1]["acsa"]):
        point, colour = (row["fit_seconds"], row["acsa"]), colours[str(label)]
        ax.plot(*point, marker, color=colour, markersize=7, label=str(label))
    cast(Figure, ax.figure).legend(loc="outside right upper", frameon=False, fontsize=8)
    logarithmic(ax, scores["fit_seconds"], margin=1.6)
    ax.set(xlabel="seconds to fit, sampler included (logarithmic)", ylabel="ACSA")
    return _svg(ax)


def curve_picture(histories: Sequence[pd.Series], quantity: str, colour: str) -> str:
    """One quantity over epochs, a line per seed."""
    ax = _axes(3.1, 2.15)
    for values in histories:
        marker = "o" if len(values) == 1 else ""
        ax.plot(values, marker=marker, color=colour, linewidth=1.3, alpha=0.8, markersize=4)
    ax.locator_params(axis="x", integer=True, nbins=6)
    ax.set(xlabel="epoch", ylabel={"val_acsa": "validation ACSA"}.get(quantity, quantity))
    return _svg(ax)


def _axes(width: float, height: float) -> Axes:
    return Figure(figsize=(width, height)).add_subplot()


def _intervals(rows: pd.DataFrame, value: str, colours: Colours) -> Axes:
    """A point and a line from ``low`` to ``high`` for each row, the first on top."""
    ax = _axes(4.8, 0.85 + 0.27 * len(rows))
    y, drawn = range(len(rows)), [colours[str(label)] for label in rows.index]
    ax.hlines(y, rows["low"], rows["high"], color=drawn, linewidth=2.2, alpha=0.65)
    ax.scatter(rows[value], y, color=drawn, s=36, zorder=2)
    ax.set_yticks(y, [_shortened(str(label)) for label in rows.index], fontsize=9)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.locator_params(axis="x", nbins=5)
    return ax


def _shortened(label: str, longest: int = 34) -> str:
    return label if len(label) <= longest else f"{label[: longest - 1]}…"


def _svg(ax: Axes) -> str:
    """The figure embedded, in the reader's colour scheme; without a date, so that it repeats."""
    file = io.StringIO()
    cast(Figure, ax.figure).savefig(file, format="svg", metadata={"Date": None})
    text = file.getvalue()
    head, body = text[text.index("<svg") :].split(">", 1)
    return embedded(f"{head}>{_THEME}{body.replace(INK, 'currentColor')}".encode())
