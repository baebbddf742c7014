"""The dependency graph over codes, with what was measured on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import index
from textwrap import fill
from typing import Any

import networkx as nx
import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import BoxStyle, FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path
from matplotlib.textpath import TextPath

from ...errors import InvalidInputError
from ._layers import Pair, Points, label_spots, layered, routes
from ._style import MUTED, fit_figure, new_figure

_NOTABLE = 0.1  # absolute partial correlation from which an unprescribed pair is drawn
_INK = "0.25"
_DASHES = (0, (4, 3))
_NAME, _SMALL, _WRAP = 10.0, 8.5, 18  # font sizes in points; longer names are broken
_GAP, _LINE, _PAD = 1.1, 0.17, 0.11  # inches: between layers, of a line of text, around it


def plot_structure(
    names: Sequence[str],
    edges: Iterable[Pair],
    *,
    strengths: Mapping[Pair, float] | None = None,
    recovery: Mapping[str, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Which code depends on which, parents left of their children.

    With `strengths` and `recovery` it shows at a glance whether a model does as prescribed: every
    box dark, every arrow wide, and no dashed line.

    Parameters
    ----------
    names : sequence of str of length n_codes
        Distinct names of the codes.
    edges : iterable of (int, int)
        Pairs (parent, child) of positions in `names`, without cycles. Repeated ones count once.
    strengths : mapping of (int, int) to float, default=None
        Partial correlations in [−1, 1] by pair. Those of `edges`, in the direction of the edge,
        are written beside the arrow and set its width; of other pairs, those above 0.1 in
        magnitude are drawn dashed: dependences that nobody prescribed.
    recovery : mapping of str to float, default=None
        R² of the codes by name, written under the name and shown as the shade of the box, from 0
        (white) to 1.
    ax : matplotlib.axes.Axes, default=None
        Where to draw; by default a new figure of fitting size.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InvalidInputError
        If names are missing or repeated, edges have a cycle, a pair is not of two codes, is given
        in both directions or against its edge, a strength is outside [−1, 1], or recovery has an
        unknown name or a value above 1.

    References
    ----------
    He, Lin, Yuan, Tzeng. "Interpretable Minority Synthesis for Imbalanced Classification",
    IJCAI 2021.
    """
    codes = [str(name) for name in names]
    if not codes or len(set(codes)) < len(codes):
        raise InvalidInputError(f"names is {codes}. Give every code a name of its own.")
    joined = list(dict.fromkeys(_pair("edges", pair, codes) for pair in edges))
    graph = nx.DiGraph(joined)
    graph.add_nodes_from(range(len(codes)))
    if not nx.is_directed_acyclic_graph(graph):
        path = " → ".join(codes[a] for a, _ in nx.find_cycle(graph))
        raise InvalidInputError(f"edges has a cycle through {path}. Remove one of these.")
    known = _strengths(strengths or {}, joined, codes)
    shares = _recovery(recovery or {}, codes)

    layer_of = {i: k for k, layer in enumerate(nx.topological_generations(graph)) for i in layer}
    depth = [layer_of[i] for i in range(len(codes))]
    drawn = {pair: (known.get(pair), True) for pair in joined}
    for (a, b), rho in known.items():
        if (a, b) not in drawn and abs(rho) > _NOTABLE:
            # What has no direction is laid from left to right.
            drawn[(a, b) if depth[a] <= depth[b] else (b, a)] = (rho, False)
    labels = [
        fill(name, _WRAP) + (f"\nR² {shares[name]:.2f}" if name in shares else "") for name in codes
    ]
    lines = [label.split("\n") for label in labels]
    widest = max(_text_width(line) for label in lines for line in label)
    box = np.array([max(0.7, widest), max(map(len, lines)) * _LINE]) + 2 * _PAD
    crowd = sum(rho is not None for rho, _ in drawn.values()) / max(1, max(depth))
    gap = _GAP + 0.1 * max(0, crowd - 4)  # inches; numbers on many lines need room
    rows, passes = layered(depth, list(drawn))
    step = -box[1] - 0.25  # rows count downwards
    centres = np.column_stack([np.array(depth) * (box[0] + gap), rows * step])
    ways = routes({pair: np.array(way) * step for pair, way in passes.items()}, centres, box)

    corners = np.concatenate([centres - box / 2, centres + box / 2, *ways])
    low, high = corners.min(axis=0) - 0.1, corners.max(axis=0) + 0.1
    own, scale = ax is None, 1.0
    if ax is None:
        ax = new_figure(None, 1, 1, layout="none").add_subplot()
    else:
        window = ax.get_window_extent()
        inches = np.array([window.width, window.height]) / ax.figure.dpi
        scale = min(1.0, *(inches / (high - low)))
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
    ax.set_axis_off()
    for (value, prescribed), way, spot in zip(drawn.values(), ways, label_spots(ways), strict=True):
        _draw_line(ax, way, spot, value, prescribed, scale)
    for name, label, (x, y) in zip(codes, labels, centres, strict=True):
        # Only shades on which black text can be read.
        shade = colormaps["Blues"](0.6 * max(shares[name], 0)) if name in shares else "white"
        style = BoxStyle("round", pad=0, rounding_size=_PAD)
        low_left = (x - box[0] / 2, y - box[1] / 2)
        patch = FancyBboxPatch(low_left, box[0], box[1], boxstyle=style, linewidth=scale, zorder=4)
        patch.set(facecolor=shade, edgecolor=_INK)
        ax.add_patch(patch)
        ax.text(x, y, label, fontsize=scale * _NAME, ha="center", va="center", zorder=5)
    ax.set_title("Dependences between codes", loc="left")
    has_number = any(prescribed and rho is not None for rho, prescribed in drawn.values())
    _explain(ax, has_number, len(drawn) > len(joined))
    if own:
        fit_figure(np.array([[ax]]), *(high - low))
    return ax


def _draw_line(
    ax: Axes, way: Points, spot: Points, rho: float | None, prescribed: bool, scale: float
) -> None:
    width = scale * (1.2 if rho is None else 0.8 + 4 * abs(rho))
    style: dict[str, Any] = {"color": MUTED, "linewidth": scale * 1.2, "linestyle": _DASHES}
    if prescribed:
        size = scale * 9 + 2 * width
        style = {"color": _INK, "linewidth": width, "arrowstyle": "-|>", "mutation_scale": size}
        style |= {"joinstyle": "miter", "capstyle": "butt"}
    ax.add_patch(FancyArrowPatch(path=Path(way), **({"arrowstyle": "-"} | style)))
    if rho is not None:
        text = f"{round(rho, 2) + 0.0:.2f}".replace("-", "−")
        look: dict[str, Any] = {
            "color": _INK if prescribed else MUTED,
            "fontsize": scale * _SMALL,
            "zorder": 3,
        }
        behind = {"boxstyle": "square,pad=0.15", "facecolor": "white", "linewidth": 0}
        ax.text(spot[0], spot[1], text, ha="center", va="center", bbox=behind, **look)


def _explain(ax: Axes, numbers: bool, stray: bool) -> None:
    """What numbers and dashes mean, beneath the graph."""
    text = "prescribed, with its partial correlation"
    entries = [Line2D([], [], color=_INK, linewidth=2.5, label=text)] if numbers else []
    if stray:
        text = f"not prescribed, partial correlation |ρ| > {_NOTABLE:g}"
        look: dict[str, Any] = {"color": MUTED, "linewidth": 1.2, "linestyle": _DASHES}
        entries.append(Line2D([], [], label=text, **look))
    if entries:
        place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (0, 0)}
        ax.legend(handles=entries, frameon=False, fontsize="small", borderaxespad=0.2, **place)


def _pair(name: str, pair: Any, codes: Sequence[str]) -> Pair:
    try:
        a, b = map(index, pair)
    except (TypeError, ValueError):
        a = b = -1
    if a == b or not (0 <= a < len(codes) and 0 <= b < len(codes)):
        raise InvalidInputError(
            f"{name} has the pair {pair!r}. Pairs are (parent, child), two different codes by "
            f"their positions 0 to {len(codes) - 1} in names."
        )
    return a, b


def _strengths(
    strengths: Mapping[Pair, float], joined: Sequence[Pair], codes: Sequence[str]
) -> dict[Pair, float]:
    known = {_pair("strengths", pair, codes): float(rho) for pair, rho in strengths.items()}
    for pair, rho in known.items():
        if pair[::-1] in known or pair[::-1] in joined:
            raise InvalidInputError(
                f"strengths has the pair {pair}, but {pair[::-1]} is an edge or given too. "
                "Give each pair once, an edge as (parent, child)."
            )
        if not -1.001 <= rho <= 1.001:
            raise InvalidInputError(f"strengths[{pair}] is {rho:g}. Correlations lie in [-1, 1].")
    return known


def _recovery(recovery: Mapping[str, float], codes: Sequence[str]) -> dict[str, float]:
    for name, r2 in recovery.items():
        if name not in codes:
            raise InvalidInputError(f"recovery has {name!r}, which names lacks. Use its names.")
        if not r2 <= 1.001:
            raise InvalidInputError(f"recovery[{name!r}] is {r2:g}. R² is at most 1.")
    return dict(recovery)


def _text_width(line: str) -> float:
    return float(TextPath((0, 0), line or " ", size=_NAME).get_extents().width) / 72
