"""Labels beside the points of a scatter plot, where they cover least."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

MIDDLE = "#8a8f98"  # readable on white and on black
_POINT = 12  # pixels that a point takes
_SWEEPS = 4


def label_points(ax: Axes, points: NDArray[np.float64], labels: Sequence[str]) -> None:
    """Write a label near each point, tied to it by a line.

    Each label takes the place that covers least of points, of other labels and of what is outside
    the axes, that is near to its point and not next to another one; all in turn, a few times over.
    The axes must have their final limits and margins.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    points : ndarray of shape (n, 2)
        In data coordinates.
    labels : sequence of str of length n
    """
    figure = ax.get_figure(root=True)
    assert figure is not None
    texts = [
        ax.annotate(
            label,
            (point[0], point[1]),
            xytext=(0, 0),
            textcoords="offset points",
            fontsize=8,
            ha="center",
            va="center",
            arrowprops={"arrowstyle": "-", "color": MIDDLE, "linewidth": 0.6, "shrinkB": 4},
        )
        for label, point in zip(labels, points, strict=True)
    ]
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # the axes stay where they are now
    frame = ax.get_window_extent()
    at = ax.transData.transform(points)
    sizes = [(size.width + 4, size.height + 2) for size in (t.get_window_extent() for t in texts)]
    offsets = [(0.0, 0.0)] * len(texts)

    def cost(i: int, offset: tuple[float, float]) -> float:
        box = _around(at[i] + offset, *sizes[i])
        outside = box.width * box.height - _overlap(box, frame)
        covered = sum(_overlap(box, _around(point, _POINT, _POINT)) for point in at)
        beside_others = sum(
            _overlap(box, _around(at[j], 2 * _POINT, 2 * _POINT)) for j in range(len(at)) if j != i
        )
        on_labels = sum(
            _overlap(box, _around(at[j] + offsets[j], *sizes[j])) for j in range(len(at)) if j != i
        )
        away = max(abs(offset[0]) - sizes[i][0] / 2, 0) + max(abs(offset[1]) - sizes[i][1] / 2, 0)
        return 3 * outside + 3 * covered + beside_others + 3 * on_labels + 4 * away

    for _ in range(_SWEEPS):
        for i, size in enumerate(sizes):
            offsets[i] = min(_candidates(*size), key=partial(cost, i))
    for text, (x, y) in zip(texts, offsets, strict=True):
        # In points, which stay right where the figure is written at another resolution.
        text.set_position((x * 72 / figure.dpi, y * 72 / figure.dpi))


def _candidates(width: float, height: float) -> list[tuple[float, float]]:
    """Where the middle of a label may lie, seen from its point: near to far."""
    beside = width / 2 + _POINT / 2 + 2
    near = [(beside, 0.0), (-beside, 0.0), (0.0, height / 2 + 7), (0.0, -height / 2 - 7)]
    steps = [side * step * height for step in (1, 1.8, 2.8, 4, 5.5, 7) for side in (1, -1)]
    return near + [(x, y) for y in steps for x in (beside, -beside, 0.0)]


def _around(middle: NDArray[np.float64], width: float, height: float) -> Bbox:
    return Bbox.from_bounds(middle[0] - width / 2, middle[1] - height / 2, width, height)


def _overlap(one: Bbox, other: Bbox) -> float:
    shared = Bbox.intersection(one, other)
    return 0.0 if shared is None else float(shared.width * shared.height)
