"""Pictures of the benchmark page: small, each readable on a phone, light or dark as the reader's.

Text and axes are drawn in `INK`, which :func:`picture` turns into the colour of the page's text.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, NullLocator

from ._point_labels import MIDDLE, label_points
from .plots._style import GRID, PALETTE

INK = "#010203"
_THEME = "<style>svg{color:#1d2129}@media(prefers-color-scheme:dark){svg{color:#e4e6ea}}</style>"
_LOOK = {
    **dict.fromkeys(("text.color", "axes.labelcolor", "xtick.color", "ytick.color"), INK),
    "axes.edgecolor": MIDDLE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "font.size": 10,
    "axes.titlesize": 10,
    "svg.fonttype": "none",  # text stays text: small files, and sharp at any size
    "svg.hashsalt": "equipoise",
    "svg.image_inline": True,
}

# Grey is for what others are seen against.
_COLOURS = [colour for colour in PALETTE if colour not in ("#94a4a2", "#717581")]

Colours = Mapping[str, str]


def look() -> Any:
    """Context in which the pictures are to be drawn and written; undone on leaving it."""
    return mpl.rc_context(_LOOK)  # type: ignore[arg-type]  # keys are a Literal in new stubs only


def group_colours(groups: Mapping[str, str]) -> dict[str, str]:
    """Colour of each method, the same within a group; without groups one for all."""
    names = list(dict.fromkeys(groups.values()))
    return {method: _COLOURS[names.index(g) % len(_COLOURS)] for method, g in groups.items()}


class Picture(NamedTuple):
    """A PNG or SVG inside the page.

    Attributes
    ----------
    data : bytes
    alt : str
        What it shows, in words.
    caption : str
    """

    data: bytes
    alt: str
    caption: str = ""

    @property
    def source(self) -> str:
        """The file as an address that holds all of it."""
        kind = "png" if self.data.startswith(b"\x89PNG") else "svg+xml"
        return f"data:image/{kind};base64,{base64.b64encode(self.data).decode('ascii')}"


def picture(figure: Figure, alt: str, caption: str = "") -> Picture:
    """The figure in the reader's colour scheme; without a date, so that it can be repeated."""
    file = io.StringIO()
    figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    text = file.getvalue()
    head, body = text[text.index("<svg") :].split(">", 1)
    return Picture(f"{head}>{_THEME}{body.replace(INK, 'currentColor')}".encode(), alt, caption)


def differences_figure(differences: pd.DataFrame, reference: str, colours: Colours) -> Figure:
    """A line per method: its mean difference to the reference, and the interval.

    `differences` is as :func:`equipoise.metrics.paired_differences` makes it, with labels as index.
    """
    ax = _rows_axes(differences.rename(columns={"difference": "value"}), colours)
    ax.axvline(0, color=INK, linewidth=0.9)
    ax.set_xlabel(f"ACSA minus that of {reference}")
    return ax.figure


def ranks_figure(ranks: pd.Series, critical_difference: float, colours: Colours) -> Figure:
    """Average ranks, best on top, with bars of one critical difference.

    Two methods differ if their bars do not overlap: those that overlap the best one's shade do not
    differ from the best. (Koning et al., "The M3 competition: statistical tests of the results",
    2005, call it multiple comparisons with the best.)
    """
    half = critical_difference / 2
    rows = pd.DataFrame({"value": ranks, "low": ranks - half, "high": ranks + half})
    rows = rows.sort_values("value", kind="stable")
    ax = _rows_axes(rows, colours)
    ax.axvspan(rows["low"].iloc[0], rows["high"].iloc[0], color=MIDDLE, alpha=0.18, linewidth=0)
    ax.set_xlim(0.5, len(ranks) + 0.5)
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    ax.set_xlabel("average rank (1 is best)")
    return ax.figure


def recall_figure(
    points: pd.DataFrame,
    background: pd.DataFrame | None,
    colour: str,
    sizes: tuple[float, float],
    lowest: float,
) -> Figure:
    """Recall of the classes by training size for one method, before that of the reference.

    Each frame has the columns ``size`` and ``recall``; a line joins the means of equal sizes. The
    axes reach over `sizes`, and from below the `lowest` recall to 1.
    """
    figure = Figure(figsize=(3.1, 2.15), layout="constrained")
    ax = figure.add_subplot()
    shown = [(points, colour, "-")]
    if background is not None:
        shown.insert(0, (background, MIDDLE, "--"))
    for frame, ink, dash in shown:
        ax.plot(frame["size"], frame["recall"], "o", color=ink, markersize=4, alpha=0.8)
        line = frame.groupby("size")["recall"].mean()
        ax.plot(line.index, line, dash, color=ink, linewidth=1.6)
    ax.set_xscale("log")
    ax.set_xlim(sizes[0] / 1.3, sizes[1] * 1.3)
    _plain_log_ticks(ax)
    bottom = max(0, math.floor(10 * lowest - 0.2) / 10)
    ax.set_ylim(bottom, 1 + 0.03 * (1 - bottom))
    ax.set_xlabel("training rows of the class")
    ax.set_ylabel("recall")
    ax.grid(**GRID)
    return figure


def cost_figure(scores: pd.DataFrame, colours: Colours) -> Figure:
    """ACSA over seconds of fitting, each point with its label (the index)."""
    figure = Figure(figsize=(4.8, 3.9), layout="constrained")
    ax = figure.add_subplot()
    ax.set_xscale("log")
    for label, row in scores.iterrows():
        ax.plot(row["fit_seconds"], row["acsa"], "o", color=colours[str(label)], markersize=7)
    seconds = scores["fit_seconds"]
    ax.set_xlim(seconds.min() / 1.6, seconds.max() * 1.6)
    _plain_log_ticks(ax)
    ax.margins(y=0.12)
    ax.set_xlabel("seconds to fit, sampler included (logarithmic)")
    ax.set_ylabel("ACSA")
    ax.grid(**GRID)
    label_points(ax, scores[["fit_seconds", "acsa"]].to_numpy(), [str(i) for i in scores.index])
    return figure


def curve_figure(histories: Sequence[Sequence[Mapping[str, Any]]], key: str, colour: str) -> Figure:
    """One quantity over epochs, a line per seed."""
    figure = Figure(figsize=(3.1, 2.15), layout="constrained")
    ax = figure.add_subplot()
    for history in histories:
        known = [(i, r[key]) for i, r in enumerate(history, 1) if r.get(key) is not None]
        ax.plot(*zip(*known, strict=True), color=colour, linewidth=1.3, alpha=0.8)
        if len(known) == 1:
            ax.plot(*known[0], "o", color=colour, markersize=4)
    ax.locator_params(axis="x", integer=True, nbins=6)
    ax.set_xlabel("epoch")
    ax.set_ylabel({"val_acsa": "validation ACSA"}.get(key, key))
    ax.grid(**GRID)
    return figure


def _rows_axes(rows: pd.DataFrame, colours: Colours) -> Axes:
    """A line for each row of `value`, `low` and `high`, the first on top, named by its index."""
    ax = Figure(figsize=(4.8, 0.85 + 0.27 * len(rows)), layout="constrained").add_subplot()
    for y, (label, row) in enumerate(rows.iterrows()):
        colour = colours[str(label)]
        ax.hlines(y, row["low"], row["high"], color=colour, linewidth=2.2, alpha=0.65)
        ax.plot(row["value"], y, "o", color=colour, markersize=6)
    ax.set_yticks(range(len(rows)), [_shortened(str(label)) for label in rows.index], fontsize=9)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.locator_params(axis="x", nbins=5)
    ax.grid(**GRID)
    ax.set_axisbelow(True)
    return ax


def _shortened(label: str, longest: int = 34) -> str:
    return label if len(label) <= longest else f"{label[: longest - 1]}…"


def _plain_log_ticks(ax: Axes) -> None:
    """Ticks such as 30, 100, 300: few on a wide range, more on a narrow one."""
    low, high = ax.get_xlim()
    ratio = high / low
    subs = (1.0, 2.0, 5.0) if ratio < 20 else (1.0, 3.0) if ratio < 1000 else (1.0,)
    ax.xaxis.set_major_locator(LogLocator(subs=subs))
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}")
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_minor_formatter(NullFormatter())
