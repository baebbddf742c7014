"""Grids of images: what a model generates, beside what it was trained on."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from equipoise.errors import counted

from ._mosaic import Canvas, as_rgb, mosaic, show
from ._style import (
    MUTED,
    PALETTE,
    Counts,
    Names,
    class_labels,
    closing_on_failure,
    fit_figure,
    new_axes,
)

_PAIRED_TITLE = "Generated images; framed: the nearest real one"


@closing_on_failure
def plot_samples(
    images_by_class: Mapping[Hashable, ArrayLike],
    *,
    nearest: Mapping[Hashable, ArrayLike] | None = None,
    class_names: Names = None,
    counts: Counts = None,
    max_columns: int = 10,
    value_range: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Samples of each class in a row, optionally each above its nearest real image.

    The neighbours show whether a model has learned or only copied: compare with
    :func:`equipoise.metrics.nearest_rows`.

    Parameters
    ----------
    images_by_class : mapping of class to array of shape (n, height, width[, 1 or 3])
        Images to show, in the order of the mapping. Booleans, integers in 0–255 or floats in
        0–1. Classes may differ in n.
    nearest : mapping of class to array of the same shapes, default=None
        For each image its nearest real one.
    class_names : mapping or sequence of str, default=None
        Names by class, or in the order of `images_by_class`.
    counts : mapping or sequence of int, default=None
        Numbers of training images, to be written beside the names.
    max_columns : int, default=10
        Only the first so many images of a class are drawn.
    value_range : (float, float), default=None
        Values to be drawn black and white, where they are not the above.
    ax : matplotlib.axes.Axes, default=None
        Where to draw; by default a new figure of fitting size.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If there is nothing to draw, shapes or classes do not match, or values are out of range.

    References
    ----------
    Wang, Lyu, Jing. "Deep Generative Model for Robust Imbalance Classification", CVPR 2020,
    Figure 6, of the largest and the smallest class.
    """
    classes = list(images_by_class)
    if not classes:
        raise ValueError("images_by_class is empty. Pass images of at least one class.")
    if max_columns < 1:
        raise ValueError(f"max_columns must be at least 1, got {max_columns}.")
    labels = class_labels(classes, class_names, counts, " in training")
    rows = _rows(images_by_class, nearest, max_columns, value_range)
    height, width = rows[0].shape[1:3]
    canvas, tops, lefts = mosaic(rows, paired=nearest is not None)
    centres = tops + (height - 1) / 2

    given, ax = ax, new_axes(ax, 1, 1, layout="none")
    show(ax, canvas, height)
    ax.set_xticks([])
    ax.set_yticks(centres.reshape(len(classes), -1).mean(axis=1), labels)
    ax.set_title("Samples of each class" if nearest is None else _PAIRED_TITLE, loc="left")
    if nearest is not None:  # every second row is framed
        frames = [
            Rectangle((left - 0.5, top - 0.5), width, height)
            for top, row in zip(tops[1::2], rows[1::2], strict=True)
            for left in lefts[: len(row)]
        ]
        outline: dict[str, Any] = {"edgecolor": PALETTE[1], "linewidth": 1.6}
        ax.add_collection(PatchCollection(frames, facecolor="none", **outline))
        place: dict[str, Any] = {"transform": ax.get_yaxis_transform(), "va": "center"}
        for i, y in enumerate(centres):
            text = " nearest real" if i % 2 else " generated"
            ax.text(1, y, text, fontsize="small", color=MUTED, **place)
    if given is None:
        scale = (0.62 if len(rows) <= 24 else 0.42) / width  # inches of a pixel
        fit_figure(ax, canvas.shape[1] * scale, canvas.shape[0] * scale)
    return ax


def _rows(
    images: Mapping[Hashable, ArrayLike],
    nearest: Mapping[Hashable, ArrayLike] | None,
    max_columns: int,
    value_range: tuple[float, float] | None,
) -> list[Canvas]:
    """One array of images in 0–1 for each row of the grid, all of one shape."""
    rows = []
    for label, values in images.items():
        row = as_rgb(f"images_by_class[{label!r}]", values, value_range)
        rows.append(row[:max_columns])
        if nearest is None:
            continue
        if label not in nearest:
            raise ValueError(f"nearest lacks class {label!r}. Give neighbours for every class.")
        real = as_rgb(f"nearest[{label!r}]", nearest[label], value_range)
        if len(real) != len(row):
            raise ValueError(
                f"nearest[{label!r}] has {counted(len(real), 'image')} for {len(row)} generated "
                "ones. Give one neighbour for each."
            )
        rows.append(real[:max_columns])
    shapes = {row.shape[1:3] for row in rows}
    if len(shapes) > 1:
        raise ValueError(f"images_by_class and nearest mix image sizes {sorted(shapes)}. Use one.")
    if not any(len(row) for row in rows):
        raise ValueError("images_by_class has no images. Pass at least one.")
    return rows
