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
from matplotlib.bezier import BezierSegment
from matplotlib.patches import BoxStyle, ConnectionStyle, FancyArrowPatch, FancyBboxPatch
from matplotlib.textpath import TextPath
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from ...errors import InvalidInputError
from ._style import MUTED, closing_on_failure, fit_figure, literally, new_axes

Pair = tuple[int, int]
Points = NDArray[np.float64]

_NOTABLE = 0.1  # absolute partial correlation from which an unprescribed pair is drawn
# Bends of a line, as in matplotlib's connection style arc3; the first that is free is taken.
_BENDS = (0, 0.2, -0.2, 0.35, -0.35, 0.5, -0.5, 0.7, -0.7, 1, -1, 1.5, -1.5, 2.2, -2.2)
_INK = "0.25"
_STRAY: dict[str, Any] = {"color": MUTED, "linestyle": (0, (4, 3)), "linewidth": 1.2}


@closing_on_failure
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
    graph = nx.DiGraph([_pair("edges", pair, codes) for pair in edges])
    graph.add_nodes_from(range(len(codes)))
    if not nx.is_directed_acyclic_graph(graph):
        path = " → ".join(codes[a] for a, _ in nx.find_cycle(graph))
        raise InvalidInputError(f"edges has a cycle through {path}. Remove one of these.")
    rho = {_pair("strengths", pair, codes): float(r) for pair, r in (strengths or {}).items()}
    r2 = recovery or {}
    _check_values(graph, codes, rho, r2)
    stray = [pair for pair, r in rho.items() if pair not in graph.edges and abs(r) > _NOTABLE]

    labels = [fill(n, 18) + (f"\nR² {r2[n]:.2f}" if n in r2 else "") for n in codes]
    lines = [label.split("\n") for label in labels]
    inks = [TextPath((0, 0), text.strip() or "-", size=10) for text in sum(lines, [])]
    widest = max(ink.get_extents().width for ink in inks) / 72
    box = np.array([max(0.7, widest), 0.17 * max(map(len, lines))]) + 0.22  # inches
    centres = _positions(graph) * (box + (1.3, 0.35))
    bends = {pair: _bend(pair, centres, box) for pair in [*graph.edges, *stray]}
    ways = {pair: _arc(pair, centres, bend) for pair, bend in bends.items()}
    corners = np.concatenate([centres - box / 2, centres + box / 2, *ways.values()])
    low, high = corners.min(axis=0) - 0.1, corners.max(axis=0) + 0.1
    given, ax, scale = ax, new_axes(ax, 1, 1, layout="none"), 1.0
    if given is not None:
        window = np.array(ax.get_window_extent().size)
        scale = min(1.0, *(window / ax.figure.dpi / (high - low)))
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
    ax.set_axis_off()
    ax.set_title("Dependences between codes", loc="left")

    boxes = []
    for name, label, (x, y) in zip(codes, labels, centres, strict=True):
        # Only shades on which black text can be read.
        shade = colormaps["Blues"](0.6 * max(r2[name], 0)) if name in r2 else "white"
        rounded = BoxStyle("round", pad=0, rounding_size=0.11)
        patch = FancyBboxPatch((x - box[0] / 2, y - box[1] / 2), box[0], box[1], rounded)
        patch.set(facecolor=shade, edgecolor=_INK, linewidth=scale, zorder=4)
        boxes.append(ax.add_patch(patch))
        ax.text(x, y, literally(label), fontsize=10 * scale, ha="center", va="center", zorder=5)
    for (a, b), (x, y) in _number_spots(ways, centres / box, box).items():
        r, look = rho.get((a, b)), _STRAY | {"arrowstyle": "-"}
        if (a, b) in graph.edges:
            width = 1.2 if r is None else 0.8 + 4 * abs(r)
            look = {"color": _INK, "linewidth": width, "arrowstyle": "-|>"}
            look["mutation_scale"] = scale * (9 + 2 * width)
        look |= {"linewidth": scale * look["linewidth"], "patchA": boxes[a], "patchB": boxes[b]}
        arc = ConnectionStyle.Arc3(bends[a, b])
        ax.add_patch(FancyArrowPatch(*centres[[a, b]], connectionstyle=arc, **look))
        if r is not None:
            text = f"{round(r, 2) + 0.0:.2f}".replace("-", "−")
            number = ax.text(x, y, text, ha="center", va="center", zorder=3)
            number.set(color=look["color"], fontsize=8.5 * scale)
            number.set_bbox({"boxstyle": "square,pad=0.15", "facecolor": "white", "linewidth": 0})
    if any(edge in rho for edge in graph.edges):
        ax.plot([], color=_INK, linewidth=2.5, label="prescribed, with its partial correlation")
    if stray:
        ax.plot([], **_STRAY, label=f"not prescribed, partial correlation |ρ| > {_NOTABLE:g}")
    if ax.lines:
        place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (0, 0)}
        ax.legend(frameon=False, fontsize="small", borderaxespad=0.2, **place)
    if given is None:
        fit_figure(ax, *(high - low))
    return ax


def _positions(graph: nx.DiGraph) -> Points:
    """Columns, each code right of all its parents, and rows in the order of the parents."""
    found = np.zeros((len(graph), 2))
    for column, layer in enumerate(nx.topological_generations(graph)):
        mean = {i: np.mean([found[j, 1] for j in graph.pred[i]] or [0]) for i in layer}
        for row, i in enumerate(sorted(layer, key=lambda i: (-mean[i], i))):
            found[i] = column, (len(layer) - 1) / 2 - row
    return found


def _arc(pair: Pair, centres: Points, bend: float) -> Points:
    """Points of the line between two centres."""
    curve: Any = ConnectionStyle.Arc3(bend).connect(*centres[[*pair]])
    return np.asarray(BezierSegment(curve.vertices)(np.linspace(0, 1, 41)))


def _bend(pair: Pair, centres: Points, box: Points) -> float:
    """How much to bend a line so that it keeps away from the boxes of other codes."""
    others = np.delete(centres, pair, axis=0)
    away = [np.abs(_arc(pair, centres, bend)[:, None] - others) for bend in _BENDS]
    return _BENDS[np.argmin([(a < box / 2 + 0.05).all(axis=-1).sum() for a in away])]


def _number_spots(ways: Mapping[Pair, Points], taken: Points, box: Points) -> dict[Pair, Points]:
    """On each line, the place that is farthest from the boxes and from the numbers before."""
    spots = {}
    for pair, way in ways.items():
        middle = way[12:29]
        spots[pair] = middle[cdist(middle / box, taken).min(axis=1).argmax()]
        taken = np.vstack([taken, spots[pair] / box])
    return spots


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


def _check_values(
    graph: nx.DiGraph, codes: Sequence[str], rho: Mapping[Pair, float], r2: Mapping[str, float]
) -> None:
    for pair, r in rho.items():
        if pair[::-1] in rho or pair[::-1] in graph.edges:
            raise InvalidInputError(
                f"strengths has the pair {pair}, but {pair[::-1]} is an edge or given too. "
                "Give each pair once, an edge as (parent, child)."
            )
        if not -1.001 <= r <= 1.001:
            raise InvalidInputError(f"strengths[{pair}] is {r:g}. Correlations lie in [-1, 1].")
    for name, explained in r2.items():
        if name not in codes:
            raise InvalidInputError(f"recovery has {name!r}, which names lacks. Use its names.")
        if not explained <= 1.001:
            raise InvalidInputError(f"recovery[{name!r}] is {explained:g}. R² is at most 1.")
