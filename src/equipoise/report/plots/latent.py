"""Two-dimensional maps of the data and of the latent codes."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from equipoise.errors import counted

from ...metrics._labels import check_labels
from . import _style as style
from ._style import MUTED, AnyFigure, AxesArray, Counts, Names

_MAX_FEATURES = 50  # before t-SNE, wider data is projected on its principal components


@style.closing_on_failure
def plot_latent(
    X: ArrayLike,
    Z: ArrayLike,
    y: ArrayLike,
    *,
    class_names: Names = None,
    counts: Counts = None,
    random_state: int | None = 0,
    max_rows: int = 2000,
    fig: AnyFigure | None = None,
) -> AxesArray:
    """Map data and latent codes side by side with t-SNE, coloured by class.

    Where the codes separate classes that the data mixes, the model has learned something of use
    to a classifier. Distances between clusters mean nothing in t-SNE; neighbourhoods do.

    Parameters
    ----------
    X : array-like of shape (n_samples, ...)
        Rows or images.
    Z : array-like of shape (n_samples, latent_dim)
        Latent codes of the same rows.
    y : array-like of shape (n_samples,)
        Class labels.
    class_names : mapping or sequence of str, default=None
        Names by class, or in the order of the sorted classes.
    counts : mapping or sequence of int, default=None
        Numbers of training rows, to be written beside the names.
    random_state : int, default=0
        Seed of the choice of rows and of t-SNE.
    max_rows : int, default=2000
        Rows to draw at most: the largest classes are thinned first, so that small ones stay.
    fig : matplotlib Figure or SubFigure, default=None
        Where to draw; by default a new figure.

    Returns
    -------
    ndarray of matplotlib Axes of shape (2,)
        Data on the left, codes on the right.

    Raises
    ------
    ValueError
        If lengths differ, there are fewer than four rows, values are not finite, or `max_rows`
        leaves no row for some class.

    References
    ----------
    Wang, Lyu, Jing. "Deep Generative Model for Robust Imbalance Classification", CVPR 2020,
    Figure 5.
    """
    data, codes, target = np.asarray(X), style.as_floats("Z", Z, 2), check_labels("y", y)
    if not len(data) == len(codes) == len(target):
        raise ValueError(
            f"X, Z and y have {len(data)}, {len(codes)} and {counted(len(target), 'row')}. Pass "
            "codes and labels of the same rows."
        )
    if len(target) < 4:
        raise ValueError(f"X has {counted(len(target), 'row')}. A map needs at least four.")
    classes, encoded = np.unique(target, return_inverse=True)
    labels = style.class_labels(classes.tolist(), class_names, counts)
    chosen = _thin(encoded, max_rows, random_state)
    data = style.as_floats("X", data[chosen].reshape(len(chosen), -1), 2)

    columns = 1 if len(classes) <= 20 else 2
    widest = max(map(len, labels))
    figure = style.new_figure(fig, 9.4 + columns * (0.4 + 0.075 * widest), 5.0)
    axes = figure.subplots(1, 2)
    drawn = encoded[chosen]
    by_size = np.argsort(-np.bincount(drawn), kind="stable")  # small classes on top
    handles = {}
    for ax, title, values in zip(
        axes, ("Data (X)", "Latent codes (Z)"), (data, codes[chosen]), strict=True
    ):
        points = _embed(values, random_state)
        for i in by_size.tolist():
            dots = {"s": 16, "linewidths": 0.2, "edgecolors": "white", "zorder": 2}
            cloud = ax.scatter(*points[drawn == i].T, label=labels[i], **style.look(i), **dots)
            handles[i] = cloud
        ax.set_title(title)
        if not np.ptp(points):
            ax.text(0.5, 0.55, "all rows are the same", transform=ax.transAxes, ha="center")
        ax.set(xticks=[], yticks=[])
    figure.legend(
        handles=[handles[i] for i in range(len(classes))],
        title="class" if counts is None else "class (training rows)",
        loc="outside right upper",
        ncols=columns,
        frameon=False,
        fontsize="small",
        markerscale=1.6,
    )
    which = f"all {counted(len(target), 'row')}"
    if len(chosen) < len(target):
        which = f"{len(chosen):,} of {counted(len(target), 'row')}, the largest classes thinned"
    figure.supxlabel(f"t-SNE of {which}; the axes have no unit", fontsize="small", color=MUTED)
    return axes


def _thin(encoded: NDArray[np.intp], max_rows: int, random_state: int | None) -> NDArray[np.intp]:
    """At most `max_rows` positions, with one cap for all classes."""
    counts = np.bincount(encoded)
    if max_rows < max(4, len(counts)):
        raise ValueError(
            f"max_rows={max_rows} is too few for {counted(len(counts), 'class', 'classes')}. Use "
            f"at least {max(4, len(counts))}."
        )
    if len(encoded) <= max_rows:
        return np.arange(len(encoded))
    cap = max(c for c in range(1, max_rows + 1) if np.minimum(counts, c).sum() <= max_rows)
    shuffled = pd.Series(encoded).sample(frac=1, random_state=random_state)
    return np.sort(shuffled.groupby(shuffled).head(cap).index.to_numpy())


def _embed(values: NDArray[np.float64], random_state: int | None) -> NDArray[np.float64]:
    if np.ptp(values, axis=0).max() == 0:  # collapsed codes: one point, which t-SNE cannot start on
        return np.zeros((len(values), 2))
    if values.shape[1] > _MAX_FEATURES < len(values):
        values = PCA(_MAX_FEATURES, random_state=random_state).fit_transform(values)
    if values.shape[1] == 1:
        values = np.hstack([values, np.zeros_like(values)])  # two principal components are needed
    perplexity = min(30.0, (len(values) - 1) / 3)
    tsne = TSNE(2, perplexity=perplexity, init="pca", random_state=random_state)
    return tsne.fit_transform(values)
