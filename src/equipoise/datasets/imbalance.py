"""Numbers of rows that each class keeps: those of published protocols, and general rules.

A protocol is a plain dict from class to number of rows; :func:`subset` applies it.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise.errors import counted

from .split import Generator, shuffled_ranks

# As texts.
PROTOCOLS = "published, published:DATASET, exponential:RATIO, step:RATIO:N or none"
LONG_TAIL = 100  # ratio of the published sizes of CIFAR-10, which fall exponentially
_PUBLISHED = {
    "mnist": (4000, 2000, 1000, 750, 500, 350, 200, 100, 60, 40),
    "fashion-mnist": (4000, 2000, 1000, 750, 500, 350, 200, 100, 60, 40),
    "svhn": (4500, 2000, 1000, 800, 600, 500, 400, 250, 150, 80),
    "cifar-10": (5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50),
    "celeba": (15000, 1500, 750, 300, 150),
    "digits": (120, 90, 60, 45, 32, 24, 16, 11, 8, 6),
}


def published(name: str) -> dict[int, int]:
    """Return the training sizes that papers use for a data set.

    Parameters
    ----------
    name : {"mnist", "fashion-mnist", "svhn", "cifar-10", "celeba", "digits"}
        Data set. The sizes of "cifar-10" are :func:`exponential` with a ratio of 100; the ratios
        50 and 10 are usual, too. Those of "digits" are this library's own (imbalance ratio 20); no
        paper publishes any.

    Returns
    -------
    dict of int to int
        Label to number of training images, in the order of the labels.

    Raises
    ------
    ValueError
        If no sizes are known for ``name``.

    References
    ----------
    X. Wang, Y. Lyu, L. Jing, "Deep Generative Model for Robust Imbalance Classification",
    CVPR 2020, Table 1. For CIFAR-10: K. Cao et al., "Learning Imbalanced Datasets with
    Label-Distribution-Aware Margin Loss", NeurIPS 2019.
    """
    if name not in _PUBLISHED:
        raise ValueError(f"name={name!r}: sizes are published for {', '.join(_PUBLISHED)}.")
    return dict(enumerate(_PUBLISHED[name]))


def exponential(y: npt.ArrayLike, ratio: float) -> dict[Any, int]:
    """Return sizes that fall geometrically from the first class to the last.

    Of C classes, the i-th keeps ``n * ratio ** (-i / (C - 1))`` rows, rounded down, where n is the
    size of the smallest class in ``y``, so that every class has enough rows.

    Parameters
    ----------
    y : array-like of shape (n,)
        Labels, ints or strings.
    ratio : float
        Size of the first class over size of the last, from 1 to n.

    Returns
    -------
    dict of class to int
        In sorted order of the classes, the last one rarest.

    Raises
    ------
    ValueError
        If ``ratio`` is out of range or ``y`` has fewer than two classes.

    References
    ----------
    Y. Cui et al., "Class-Balanced Loss Based on Effective Number of Samples", CVPR 2019.
    """
    classes, largest = _classes_and_equal_size(y, ratio)
    steps = len(classes) - 1
    return {c: _floor(largest * ratio ** (-i / steps)) for i, c in enumerate(classes)}


def step(y: npt.ArrayLike, ratio: float, n_minority: int) -> dict[Any, int]:
    """Return one size for the first, frequent classes and a smaller one for the last, rare ones.

    Parameters
    ----------
    y : array-like of shape (n,)
        Labels, ints or strings.
    ratio : float
        Size of a frequent class over size of a rare one, from 1 to the size of the smallest class
        in ``y``. Frequent classes keep that many rows.
    n_minority : int
        How many classes are rare, from 1 to C - 1.

    Returns
    -------
    dict of class to int
        In sorted order of the classes, the last ``n_minority`` rare.

    Raises
    ------
    ValueError
        If a parameter is out of range or ``y`` has fewer than two classes.

    References
    ----------
    M. Buda, A. Maki, M. Mazurowski, "A systematic study of the class imbalance problem in
    convolutional neural networks", Neural Networks 106, 2018.
    """
    classes, largest = _classes_and_equal_size(y, ratio)
    if n_minority not in range(1, len(classes)):
        raise ValueError(
            f"n_minority={n_minority!r}: of {counted(len(classes), 'class', 'classes')}, 1 to "
            f"{len(classes) - 1} can be rare."
        )
    first_rare = len(classes) - n_minority
    rare = _floor(largest / ratio)
    return {c: largest if i < first_rare else rare for i, c in enumerate(classes)}


def class_sizes(protocol: str, dataset: str, y: npt.ArrayLike) -> dict[Any, int]:
    """Return the training sizes of a protocol that is written as text.

    Parameters
    ----------
    protocol : str
        "published", "exponential:RATIO" or "step:RATIO:N_MINORITY", for the functions of these
        names; "published:DATASET" for the sizes of another data set with as many classes; or
        "none", which keeps all rows.
    dataset : str
        Name of the data set, for "published". Those of "cifar-10" follow their rule where there
        are fewer than 5,000 images of a class.
    y : array-like of shape (n,)
        Labels of all training rows.

    Returns
    -------
    dict of class to int

    Raises
    ------
    ValueError
        If there is no such protocol, or a number in it is out of range.
    """
    check_protocol(protocol)
    kind, *values = protocol.split(":")
    if kind == "published" and not values and dataset == "cifar-10":
        return exponential(y, LONG_TAIL)
    if kind == "published":
        return published(values[0] if values else dataset)
    if kind == "exponential":
        return exponential(y, float(values[0]))
    if kind == "step":
        return step(y, float(values[0]), int(values[1]))
    classes, codes = _classes(y)
    return dict(zip(classes, np.bincount(codes).tolist(), strict=True))


def check_protocol(protocol: str) -> None:
    """Raise for a text that is no protocol of :func:`class_sizes`.

    Raises
    ------
    ValueError
        If it is none.
    """
    number = r"\d+(\.\d+)?"
    named = f"published(:({'|'.join(_PUBLISHED)}))?"
    if not re.fullmatch(rf"none|{named}|exponential:{number}|step:{number}:\d+", protocol):
        raise ValueError(f"protocol={protocol!r} is not one of {PROTOCOLS}.")


def subset(
    X: Any,
    y: Any,
    sizes: Mapping[Any, int],
    random_state: int | Generator | None = None,
    return_indices: bool = False,
) -> tuple[Any, ...]:
    """Take the first ``sizes[c]`` rows of each class c after a seeded shuffle.

    With the same seed, a larger subset contains every smaller one.

    Parameters
    ----------
    X : array-like of shape (n, ...)
        Rows of any kind: array, memory map, sparse matrix, DataFrame, nested list.
    y : array-like of shape (n,)
        Labels, ints or strings.
    sizes : mapping of class to int
        Rows to take, at least 1, of every class in ``y``.
    random_state : int, RandomState, Generator or None, default=None
        Seed of the shuffle; None gives another subset each time.
    return_indices : bool, default=False
        Whether to return the row numbers too.

    Returns
    -------
    X_subset, y_subset : same types as ``X`` and ``y`` (arrays for lists)
        Copies, in shuffled order. A DataFrame or Series keeps its index labels.
    indices : ndarray of shape (n_subset,)
        Row numbers in ``X``; only with ``return_indices``.

    Raises
    ------
    ValueError
        If a class is unknown or left out, or has fewer rows than asked for, or a size is not an
        int of at least 1, or ``X``, ``y`` or ``random_state`` do not fit.
    """
    X = X if hasattr(X, "shape") else np.asarray(X)
    y = y if hasattr(y, "shape") else np.asarray(y)
    classes, codes = _classes(y)
    if X.shape[0] != len(codes):
        raise ValueError(
            f"X has {counted(X.shape[0], 'row')}, y has {len(codes)}; they must agree."
        )
    wanted = _checked(sizes, classes, np.bincount(codes))
    order, ranks = shuffled_ranks(codes, _generator(random_state))
    indices = order[ranks < wanted[codes[order]]]
    taken = _rows(X, indices), _rows(y, indices)
    return (*taken, indices) if return_indices else taken


def _classes(y: npt.ArrayLike) -> tuple[list[Hashable], npt.NDArray[np.int64]]:
    labels = np.asarray(y)
    if labels.ndim != 1 or not len(labels):
        raise ValueError(f"y has shape {labels.shape}; give one label per row, (n,), n >= 1.")
    try:
        classes, codes = np.unique(labels, return_inverse=True)
    except TypeError:
        raise ValueError("y mixes kinds of labels, or lacks some; give ints or strings.") from None
    if (classes != classes).any():
        raise ValueError("y has missing labels (NaN); drop these rows first.")
    return classes.tolist(), codes


def _checked(
    sizes: Mapping[Any, int], classes: list[Hashable], counts: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    for c in sizes:
        if c not in classes:
            raise ValueError(f"sizes names the class {c!r}; y has only {classes}.")
    if left_out := [c for c in classes if c not in sizes]:
        raise ValueError(
            f"sizes leaves out {left_out}; give every class a size, or drop its rows first."
        )
    for c, available in zip(classes, counts.tolist(), strict=True):
        n = sizes[c]
        try:
            valid = operator.index(n) >= 1 and not isinstance(n, bool)
        except TypeError:
            valid = False
        if not valid:
            raise ValueError(f"sizes asks for {n!r} rows of class {c!r}; give an int >= 1.")
        if n > available:
            raise ValueError(
                f"sizes asks for {counted(n, 'row')} of class {c!r}, y has {available}; ask for "
                "fewer."
            )
    return np.array([sizes[c] for c in classes], dtype=np.int64)


def _generator(random_state: int | Generator | None) -> Generator:
    if isinstance(random_state, (np.random.RandomState, np.random.Generator)):
        return random_state
    try:
        # Not default_rng: NumPy promises never to change RandomState's stream.
        return np.random.RandomState(random_state)
    except (TypeError, ValueError):
        raise ValueError(
            f"random_state={random_state!r}: give None, an int from 0 to 2**32 - 1, or a NumPy "
            "generator."
        ) from None


def _rows(X: Any, indices: npt.NDArray[np.int64]) -> Any:
    return X.iloc[indices] if hasattr(X, "iloc") else X[indices]


def _classes_and_equal_size(y: npt.ArrayLike, ratio: float) -> tuple[list[Hashable], int]:
    """The classes, and the size that all of them can have: that of the smallest."""
    classes, codes = _classes(y)
    if len(classes) < 2:
        raise ValueError(f"y has the single class {classes[0]!r}; imbalance needs two.")
    size = int(np.bincount(codes).min())
    if not 1 <= ratio <= size:
        raise ValueError(
            f"ratio={ratio!r}: give a number from 1 to {size}, the size of the smallest class."
        )
    return classes, size


def _floor(size: float) -> int:
    return math.floor(size + 1e-9)  # 49.999... stands for 50, inexact as a float
