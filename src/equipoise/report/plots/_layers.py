"""Where the nodes of a directed acyclic graph stand: parents left of children, few crossings.

Source: Sugiyama, Tagawa, Toda, "Methods for Visual Understanding of Hierarchical System
Structures", IEEE Transactions on Systems, Man, and Cybernetics 11 (1981).
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from itertools import pairwise

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import isotonic_regression

Pair = tuple[int, int]
Order = list[list[int]]

_PASS = 0.45  # rows that a line takes in passing between nodes
_STARTS, _SWEEPS = 20, 8


def depths(n: int, edges: Iterable[Pair]) -> list[int]:
    """For each of `n` nodes the edges on its longest path from a node without parents.

    Raises networkx.NetworkXUnfeasible where there is a cycle.
    """
    graph = nx.DiGraph(edges)
    graph.add_nodes_from(range(n))
    layers = nx.topological_generations(graph)
    depth = {node: i for i, layer in enumerate(layers) for node in layer}
    return [depth[i] for i in range(n)]


def layered(
    depth: Sequence[int], links: Sequence[Pair]
) -> tuple[NDArray[np.float64], dict[Pair, list[float]]]:
    """Rows of the nodes, and of each line where it passes the layers between its ends.

    Parameters
    ----------
    depth : sequence of int of length n
        Layer of each node.
    links : sequence of (int, int)
        Pairs of nodes to be joined by a line, the first in the lower layer; others are ignored.

    Returns
    -------
    rows : ndarray of shape (n,)
        Node positions within their layers, at least 1 apart. Nodes without links stand last.
    passes : dict of pair to list of float
        For each link its positions in the layers in between, in order.
    """
    links = [(a, b) for a, b in links if depth[a] < depth[b]]
    layer_of, chains = list(depth), {}
    for a, b in links:  # a line through a layer holds a place there, like a node
        between = range(depth[a] + 1, depth[b])
        chains[a, b] = [a, *range(len(layer_of), len(layer_of) + len(between)), b]
        layer_of += between
    segments = [step for chain in chains.values() for step in pairwise(chain)]

    linked = {node for step in segments for node in step}
    layers: Order = [[] for _ in range(max(layer_of) + 1)]
    for node in sorted(linked):
        layers[layer_of[node]].append(node)
    layers = _ordered(layers, segments)
    room = np.where(np.arange(len(layer_of)) < len(depth), 1, _PASS)
    rows = _placed(layers, segments, room)
    for node in sorted(set(range(len(depth))) - linked):
        layer = layers[layer_of[node]]
        rows[node] = max((rows[i] for i in layer), default=-1) + 1
        layer.append(node)
    return rows[: len(depth)], {link: rows[chain[1:-1]].tolist() for link, chain in chains.items()}


def _ordered(layers: Order, segments: Sequence[Pair]) -> Order:
    """The layers, each in an order that leaves few crossings."""
    best, fewest = layers, _crossings(layers, segments)
    shuffle = random.Random(0).shuffle
    for start in range(_STARTS):
        order = [list(layer) for layer in layers]
        if start:  # the first attempt keeps the given order where nothing is against it
            for layer in order:
                shuffle(layer)
        for sweep in range(_SWEEPS):
            forwards = sweep % 2 == 1
            for i in range(len(order))[:: 1 if forwards else -1]:
                place = {node: k for layer in order for k, node in enumerate(layer)}
                ends = [(b, a) if forwards else (a, b) for a, b in segments]
                mean = {
                    node: np.mean([place[far] for near, far in ends if near == node] or place[node])
                    for node in order[i]
                }
                order[i].sort(key=mean.__getitem__)
            crossings = _crossings(order, segments)
            if crossings < fewest:
                best, fewest = [list(layer) for layer in order], crossings
            if not fewest:
                return best
    return best


def _crossings(layers: Order, segments: Sequence[Pair]) -> int:
    place = {node: k for layer in layers for k, node in enumerate(layer)}
    layer_of = {node: i for i, layer in enumerate(layers) for node in layer}
    ends = np.array([(layer_of[a], place[a], place[b]) for a, b in segments]).reshape(-1, 3)
    layer, left, right = (column[:, None] - column for column in ends.T)
    return int(((layer == 0) & (left * right < 0)).sum() // 2)


def _placed(
    layers: Order, segments: Sequence[Pair], room: NDArray[np.float64]
) -> NDArray[np.float64]:
    """A row for every linked node and pass: near those it is joined to, in this order."""
    layers = [layer for layer in layers if layer]
    rows = np.zeros(len(room))
    near: list[list[int]] = [[] for _ in rows]
    for a, b in segments:
        near[a].append(b)
        near[b].append(a)
    steps = []
    for layer in layers:
        own = room[layer]
        steps.append(np.cumsum(own) - own / 2 - own[0] / 2)
        rows[layer] = steps[-1] - steps[-1].mean()
    for _ in range(30):
        for layer, step in zip(layers, steps, strict=True):
            wanted = np.array([rows[near[i]].mean() for i in layer])
            # Least squares under the order and the distances that the layer must keep.
            rows[layer] = isotonic_regression(wanted - step) + step
    return rows
