"""Lines between boxes that stand in layers, and places on them for a label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ._layers import Pair

Points = NDArray[np.float64]

STUB = 0.14  # inches: the straight end of a line, as long as an arrow's head
_FRACTIONS = np.linspace(0.15, 0.85, 29)


def routes(
    lines: Sequence[Pair],
    passes: Mapping[Pair, Sequence[float]],
    centres: Points,
    box: Points,
    pitch: Points,
) -> list[Points]:
    """A smooth line for each pair, around the boxes that are in between.

    Parameters
    ----------
    lines : sequence of (int, int)
        Pairs of boxes, the first in the lower layer or both in the same one.
    passes : mapping of pair to sequence of float
        Rows in the layers that it passes.
    centres : ndarray of shape (n_boxes, 2)
        In inches.
    box : ndarray of shape (2,)
        Width and height of all boxes, in inches.
    pitch : ndarray of shape (2,)
        Inches from layer to layer and, negative, from row to row.

    Returns
    -------
    list of ndarray of shape (n_points, 2)
        From right side to left side, with a straight stub at the end; in one layer, an arc from
        left side to left side.
    """
    half = np.array([box[0] / 2, 0])
    arriving: dict[int, list[tuple[float, Pair]]] = {}
    for a, b in lines:
        last = passes.get((a, b))
        height = last[-1] * pitch[1] if last else centres[a, 1]
        if centres[a, 0] < centres[b, 0]:
            arriving.setdefault(b, []).append((height, (a, b)))
    found = []
    for a, b in lines:
        start, end = centres[a] + half, centres[b] - half
        if centres[a, 0] == centres[b, 0]:
            found.append(_arc(centres[a] - half, end, pitch))
            continue
        # Lines arrive side by side, in the order in which they come.
        order = [pair for _, pair in sorted(arriving[b])]
        share = (order.index((a, b)) + 0.5) / len(order) - 0.5
        end = end + np.array([0, 0.7 * box[1] * share])
        points = [start]
        for i, row in enumerate(passes.get((a, b), ()), start=1):
            middle = np.array([centres[a, 0] + i * pitch[0], row * pitch[1]])
            points += [middle - half, middle + half]
        points.append(end - np.array([STUB, 0]))
        curves = [_level_curve(*points[i : i + 2]) for i in range(0, len(points), 2)]
        found.append(np.concatenate([*curves, [end]]))
    return found


def label_spots(found: Sequence[Points]) -> list[Points]:
    """A point on each line, by preference its middle, away from other lines and labels."""
    spots: list[Points] = []
    for i, route in enumerate(found):
        lengths = np.append(0, np.linalg.norm(np.diff(route, axis=0), axis=1).cumsum())
        along = _FRACTIONS * lengths[-1]
        tried = np.column_stack([np.interp(along, lengths, axis) for axis in route.T])
        others = [other for j, other in enumerate(found) if j != i]
        score = -0.15 * abs(_FRACTIONS - 0.5)
        if others:
            score += _distance(tried, np.concatenate(others)).clip(max=0.15)
        if spots:
            score += 3 * _distance(tried, np.array(spots)).clip(max=0.22)
        spots.append(tried[score.argmax()])
    return spots


def _distance(points: Points, others: Points) -> Points:
    """To the nearest of the others; across counts half, since labels are wider than high."""
    apart = (points[:, None] - others) * [0.5, 1]
    return np.linalg.norm(apart, axis=2).min(axis=1)


def _level_curve(start: Points, end: Points) -> Points:
    """Level at both ends."""
    middle = (start[0] + end[0]) / 2
    return _bezier(np.array([start, (middle, start[1]), (middle, end[1]), end]))


def _arc(start: Points, end: Points, pitch: Points) -> Points:
    """To the left, the farther the more rows it spans, so that arcs do not coincide."""
    span = abs((end[1] - start[1]) / pitch[1])
    left = start[0] - 4 / 3 * (0.2 + 0.25 * span)
    return _bezier(np.array([start, (left, start[1]), (left, end[1]), end]))


def _bezier(controls: Points) -> Points:
    t = np.linspace(0, 1, 40)[:, None]
    weights = np.hstack([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3])
    return np.asarray(weights @ controls)
