"""Where the nodes of a directed acyclic graph stand, and the lines between them.

Parents stand left of their children, each layer in an order that leaves few crossings. Source:
Sugiyama, Tagawa, Toda, "Methods for Visual Understanding of Hierarchical System Structures", IEEE
Transactions on Systems, Man, and Cybernetics 11 (1981).
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

import networkx as nx
import numpy as np
from matplotlib.bezier import BezierSegment
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

Pair = tuple[int, int]
Points = NDArray[np.float64]
Node = int | tuple[int, int, int]  # a node, or both ends of a line and a layer that it passes

_STARTS, _SWEEPS = 20, 8


def layered(depth: Sequence[int], links: Sequence[Pair]) -> tuple[Points, dict[Pair, list[float]]]:
    """Rows of the nodes, and of each line where it passes the layers between its ends.

    Parameters
    ----------
    depth : sequence of int of length n
        Layer of each node.
    links : sequence of (int, int)
        Pairs of nodes to be joined by a line, the first in the lower layer or both in the same one.

    Returns
    -------
    rows : ndarray of shape (n,)
        Node positions within their layers, at least 1 apart.
    passes : dict of pair to list of float
        For each link its positions in the layers in between, in order.
    """
    graph = nx.DiGraph()
    graph.add_nodes_from((node, {"layer": layer}) for node, layer in enumerate(depth))
    chains = {}
    for a, b in links:  # a line through a layer holds a place there, like a node
        chains[a, b] = [(a, b, layer) for layer in range(depth[a] + 1, depth[b])]
        graph.add_nodes_from((place, {"layer": place[-1]}) for place in chains[a, b])
        if depth[a] < depth[b]:
            nx.add_path(graph, [a, *chains[a, b], b])
    attempts = (_swept(graph, seed) for seed in range(_STARTS))
    rows = min(attempts, key=lambda rows: _crossings(graph, rows))
    return np.array([rows[i] for i in range(len(depth))]), {
        pair: [rows[place] for place in between] for pair, between in chains.items()
    }


def _swept(graph: nx.DiGraph, seed: int) -> dict[Node, float]:
    """Rows of all nodes, after each has moved towards its neighbours several times."""
    rows: dict[Node, float] = {}
    layers = [[i for i in graph if graph.nodes[i]["layer"] == k] for k in range(len(graph))]
    for sweep in range(_SWEEPS):
        for nodes in layers if sweep % 2 else layers[::-1]:
            near = graph.pred if sweep % 2 else graph.succ
            if sweep == 0 and seed:  # the first attempt keeps the given order where it can
                random.Random(seed).shuffle(nodes)
            mean = {i: np.mean([rows[j] for j in near[i]] or rows.get(i, 0)) for i in nodes}
            nodes.sort(key=lambda i: (graph.degree(i) == 0, mean[i]))
            rows |= {node: i - (len(nodes) - 1) / 2 for i, node in enumerate(nodes)}
    return rows


def _crossings(graph: nx.DiGraph, rows: Mapping[Node, float]) -> int:
    """How many pairs of lines cross, each pair counted twice."""
    ends = np.array([(graph.nodes[a]["layer"], rows[a], rows[b]) for a, b in graph.edges])
    layer, left, right = (column[:, None] - column for column in ends.reshape(-1, 3).T)
    return int(((layer == 0) & (left * right < 0)).sum())


def routes(passes: Mapping[Pair, Sequence[float]], centres: Points, box: Points) -> list[Points]:
    """A smooth line for each pair, around the boxes that are in between.

    Parameters
    ----------
    passes : mapping of (int, int) to sequence of float
        For each pair its heights in the layers that it passes.
    centres : ndarray of shape (n_boxes, 2)
    box : ndarray of shape (2,)
        Width and height of all boxes.

    Returns
    -------
    list of ndarray of shape (n_points, 2)
        From right side to left side; in one layer, an arc from left side to left side.
    """
    found, half = [], np.array([box[0] / 2, 0])
    for (a, b), heights in passes.items():
        if centres[a, 0] == centres[b, 0]:
            # Longer arcs reach farther to the left, so that no two coincide.
            out = np.array([0.3 + 0.25 * abs(centres[a, 1] - centres[b, 1]) / box[1], 0])
            ends = [centres[a] - half, centres[b] - half]
            found.append(_curve(ends[0], ends[0] - out, ends[1] - out, ends[1]))
            continue
        across = np.linspace(centres[a, 0], centres[b, 0], len(heights) + 2)[1:-1]
        stops = [centres[a], *np.column_stack([across, heights]), centres[b]]
        curves = []
        for left, right in zip(stops, stops[1:], strict=False):
            start, end = left + half, right - half
            level = np.array([(end[0] - start[0]) / 2, 0])
            curves.append(_curve(start, start + level, end - level, end))
            curves.append(np.linspace(end, right + half, 20))  # past a box, or behind the last
        found.append(np.concatenate(curves[:-1]))
    return found


def label_spots(lines: list[Points]) -> list[Points]:
    """A point on each line, by preference its middle, away from other lines and labels."""
    spots: list[Points] = []
    stretch = np.array([0.5, 1])  # labels are wider than high
    for i, line in enumerate(lines):
        tried = line[len(line) // 7 : -len(line) // 7]
        score = -0.15 * np.abs(np.linspace(-0.35, 0.35, len(tried)))
        for others, weight, far in ((lines[:i] + lines[i + 1 :], 1, 0.15), (spots, 3, 0.22)):
            if others:
                distance = cdist(tried * stretch, np.vstack(others) * stretch).min(axis=1)
                score += weight * distance.clip(max=far)
        spots.append(tried[score.argmax()])
    return spots


def _curve(*controls: Points) -> Points:
    return np.asarray(BezierSegment(controls)(np.linspace(0, 1, 40)))
