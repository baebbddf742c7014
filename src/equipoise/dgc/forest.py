"""Extremely randomised trees as arrays, which are saved without running code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import torch
from sklearn.ensemble import ExtraTreesClassifier
from torch import Tensor

from equipoise.errors import InvalidInputError

N_TREES = 100
MIN_SAMPLES_LEAF = 2
MOST_ROWS = 2**16  # that the trees learn from; with more, every class is limited alike
# Of a column, the most frequent ones, that the trees look at. Splits by rare ones are long chains.
MOST_CATEGORIES = 256
MOST_PROBABILITIES = 2**26  # in all nodes together, 256 MiB
PRIOR_WEIGHT = 0.01  # of the class priors in a prediction, so that no probability is 0


@dataclass(frozen=True, eq=False)
class Forest:
    """The nodes of all trees, one tree after the other.

    Attributes
    ----------
    root : ndarray of shape (n_trees,), int32
        Position of the first node of every tree.
    feature : ndarray of shape (n_nodes,), int32
        Column that a node compares.
    threshold : ndarray of shape (n_nodes,), float32
        Rows with at most this value go to the first child, others to the second.
    children : ndarray of shape (n_nodes, 2), int32
        Positions of the children; those of a leaf are the leaf itself.
    probability : ndarray of shape (n_nodes, n_classes), float32
        Class frequencies of the training rows in a node.
    """

    root: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    children: np.ndarray
    probability: np.ndarray

    @classmethod
    def fit(
        cls,
        x: np.ndarray,
        target: np.ndarray,
        weight: np.ndarray | None,
        n_classes: int,
        seed: int,
        blocks: Sequence[Sequence[float]] = (),
    ) -> Self:
        """Grow extremely randomised trees.

        Parameters
        ----------
        x : ndarray of shape (n, n_values), float32
            Encoded rows.
        target : ndarray of shape (n,)
            Class indices; every class occurs.
        weight : ndarray of shape (n,) or None
            Sample weights.
        n_classes : int
        seed : int
        blocks : sequence of sequence of float, default=()
            Frequencies of the categories in every one-hot block; these blocks come last.

        References
        ----------
        Geurts, Ernst, Wehenkel, Extremely randomized trees, Machine Learning 2006.
        """
        rows, stands_for = _limited(target, MOST_ROWS // n_classes, seed)
        if len(rows) < len(target):
            weight = stands_for[target[rows]] * (1.0 if weight is None else weight[rows])
        columns = _columns(x.shape[1], blocks)
        most_leaves = max(2, MOST_PROBABILITIES // (2 * N_TREES * n_classes))
        model = ExtraTreesClassifier(
            N_TREES,
            min_samples_leaf=MIN_SAMPLES_LEAF,
            # A limit, even one that is never reached, makes trees grow more slowly.
            max_leaf_nodes=None if len(rows) <= MIN_SAMPLES_LEAF * most_leaves else most_leaves,
            n_jobs=torch.get_num_threads(),
            random_state=seed,
        ).fit(x[np.ix_(rows, columns)], target[rows], weight)
        trees = [one.tree_ for one in model.estimators_]
        root = np.cumsum([0, *(tree.node_count for tree in trees[:-1])])
        children = []
        for tree, start in zip(trees, root, strict=True):
            both = np.stack([tree.children_left, tree.children_right], 1)
            itself = np.arange(tree.node_count)[:, None]
            children.append(np.where(both < 0, itself, both) + start)
        feature = np.concatenate([np.maximum(tree.feature, 0) for tree in trees])
        threshold = np.concatenate([tree.threshold for tree in trees])
        rounded = threshold.astype(np.float32)
        # Rounded down, which decides alike for every value of float32.
        rounded = np.where(rounded > threshold, np.nextafter(rounded, np.float32(-np.inf)), rounded)
        return cls(
            root.astype(np.int32),
            columns[feature].astype(np.int32),
            rounded,
            np.concatenate(children).astype(np.int32),
            np.concatenate([tree.value[:, 0] for tree in trees]).astype(np.float32),
        )

    def to_tensors(self) -> dict[str, Tensor]:
        """The arrays by name, to be saved."""
        return {field.name: torch.from_numpy(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor], n_values: int, n_classes: int) -> Self:
        """Inverse of :meth:`to_tensors`.

        Raises
        ------
        InvalidInputError
            If they are no forest for rows of this width and so many classes.
        """
        forest = cls(**{name: tensor.numpy() for name, tensor in tensors.items()})
        n_nodes = len(forest.feature)
        shapes = {
            "root": (len(forest.root),),
            "threshold": (n_nodes,),
            "children": (n_nodes, 2),
            "probability": (n_nodes, n_classes),
        }
        fits = all(getattr(forest, name).shape == shape for name, shape in shapes.items())
        # A child comes after its parent, so that every path ends.
        after = np.arange(n_nodes)[:, None]
        fits = fits and bool(
            len(forest.root)
            and _within(forest.root, n_nodes)
            and _within(forest.children, n_nodes)
            and (forest.children >= after).all()
            and _within(forest.feature, n_values)
            and np.isfinite(forest.probability).all()
        )
        if not fits:
            raise InvalidInputError("The forest does not fit the network beside it.")
        return forest

    def log_posterior(self, x: np.ndarray, prior: np.ndarray) -> np.ndarray:
        """Log class probabilities under the class priors of the training rows.

        Parameters
        ----------
        x : ndarray of shape (n, n_values)
            Encoded rows.
        prior : ndarray of shape (n_classes,)
            Class priors of the training rows.

        Returns
        -------
        ndarray of shape (n, n_classes), float64
        """
        values, children = x.astype(np.float32).ravel(), self.children.ravel()
        row = np.repeat(np.arange(len(x)) * x.shape[1], len(self.root))
        leaf = np.tile(self.root, len(x))
        # Pairs of row and tree that have not reached a leaf.
        on_the_way, node = np.arange(len(leaf)), leaf
        while len(on_the_way):
            second = values[row + self.feature[node]] > self.threshold[node]
            after = children[2 * node + second]
            goes_on = after != node
            leaf[on_the_way] = after
            on_the_way, node, row = on_the_way[goes_on], after[goes_on], row[goes_on]
        shape = len(x), len(self.root), len(prior)
        mean = self.probability[leaf].reshape(shape).mean(1, dtype=np.float64)
        return np.log((mean + PRIOR_WEIGHT * prior) / (1 + PRIOR_WEIGHT))


def _within(positions: np.ndarray, end: int) -> bool:
    return bool(((positions >= 0) & (positions < end)).all())


def _columns(n_values: int, blocks: Sequence[Sequence[float]]) -> np.ndarray:
    """Positions of the values that the trees look at."""
    end = n_values - sum(map(len, blocks))
    columns = [np.arange(end)]
    for shares in blocks:
        frequent = np.argsort(-np.asarray(shares), kind="stable")[:MOST_CATEGORIES]
        columns.append(end + np.sort(frequent))
        end += len(shares)
    return np.concatenate(columns)


def _limited(target: np.ndarray, most: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """At most so many random rows of every class, and how many rows each of them stands for."""
    counts = np.bincount(target)
    if counts.max() <= most:
        return np.arange(len(target)), np.ones(len(counts))
    order = np.random.RandomState(seed).permutation(len(target))
    order = order[np.argsort(target[order], kind="stable")]
    place = np.arange(len(target)) - (np.cumsum(counts) - counts)[target[order]]
    return np.sort(order[place < most]), np.maximum(counts / most, 1.0)
