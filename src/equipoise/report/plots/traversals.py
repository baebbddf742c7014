"""What each code does to the images of every class."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InvalidInputError, counted
from ._mosaic import Canvas, as_rgb, mosaic, show
from ._style import (
    AxesArray,
    Counts,
    Names,
    as_floats,
    class_labels,
    closing_on_failure,
    fit_figure,
    literally,
    new_figure,
)

_PAGE, _LARGEST_TILE = 10.5, 0.5  # inches


@closing_on_failure
def plot_traversals(
    images_by_code: Mapping[str, ArrayLike],
    values: ArrayLike,
    *,
    class_names: Names = None,
    counts: Counts = None,
    value_range: tuple[float, float] | None = None,
) -> AxesArray:
    """A panel per code, with a row per class and a column per value of that code.

    Where nothing but the code changes along a row, and every class changes alike, the code has
    one meaning, and can be named after it.

    Parameters
    ----------
    images_by_code : mapping of str to array of shape (n_classes, n_values, height, width[, 1 or 3])
        Images by the code that was varied; all codes with the same classes and image size.
        Booleans, integers in 0–255 or floats in 0–1.
    values : array-like of shape (n_values,)
        Values of the code, to be written beneath the columns.
    class_names : mapping of int to str, or sequence of str, default=None
        Names of the rows, in their order or by their number; by default the numbers.
    counts : mapping or sequence of int, default=None
        Numbers of training images, to be written beside the names.
    value_range : (float, float), default=None
        Values to be drawn black and white, where they are not the above.

    Returns
    -------
    ndarray of matplotlib Axes of shape (n_codes,)
        At most three stand side by side; names of the classes stand at the left of the page only.

    Raises
    ------
    InvalidInputError
        If there is nothing to draw, or shapes do not match each other or `values`.
    ValueError
        If values are out of range or not finite, or names do not match the classes.

    References
    ----------
    He, Lin, Yuan, Tzeng. "Interpretable Minority Synthesis for Imbalanced Classification",
    IJCAI 2021.
    """
    if not images_by_code:
        raise InvalidInputError("images_by_code is empty. Pass images of at least one code.")
    ticks = _value_labels(as_floats("values", values, 1))
    panels = {
        code: _rows(f"images_by_code[{code!r}]", images, len(ticks), value_range)
        for code, images in images_by_code.items()
    }
    shapes = {rows.shape[:1] + rows.shape[2:4] for rows in panels.values()}
    if len(shapes) > 1:
        raise InvalidInputError(
            f"images_by_code mixes shapes (classes, height, width) {sorted(shapes)}. "
            "Draw the same classes in the same size for every code."
        )
    n_classes, height, width = shapes.pop()
    labels = class_labels(range(n_classes), class_names, counts, " in training")

    # Two by two for four codes: no panel stands alone in its row.
    n_columns = 2 if len(panels) in (2, 4) else min(3, len(panels))
    n_rows = -(-len(panels) // n_columns)
    axes = new_figure(None, 1, 1, layout="none").subplots(n_rows, n_columns, squeeze=False)
    tile = min(_LARGEST_TILE, _PAGE / n_columns / (1.1 * len(ticks)))  # gaps are a tenth
    small = "small" if tile > 0.4 else "x-small"
    for i, (ax, (code, rows)) in enumerate(zip(axes.flat, panels.items(), strict=False)):
        canvas, tops, lefts = mosaic(list(rows))
        show(ax, canvas, height)
        ax.set_title(literally(code), loc="left")
        ax.set_xticks(lefts + (width - 1) / 2, ticks, fontsize=small)
        names = labels if i % n_columns == 0 else [""] * n_classes
        ax.set_yticks(tops + (height - 1) / 2, names)
        if i + n_columns >= len(panels):
            ax.set_xlabel("value of the code", fontsize="small")
    for ax in axes.flat[len(panels) :]:
        ax.set_axis_off()
    fit_figure(axes, canvas.shape[1] / width * tile, canvas.shape[0] / width * tile)
    for ax in axes.flat[len(panels) :]:
        ax.remove()
    return axes.flat[: len(panels)]


def _rows(
    name: str, images: ArrayLike, n_values: int, value_range: tuple[float, float] | None
) -> Canvas:
    """Images in 0–1 of shape (n_classes, n_values, height, width, 3)."""
    array = np.asarray(images)
    if array.ndim not in (4, 5) or array.shape[4:] not in ((), (1,), (3,)) or not array.size:
        raise InvalidInputError(
            f"{name} has shape {array.shape}. Pass (n_classes, n_values, height, width) for grey "
            "images or (n_classes, n_values, height, width, 3) for colour, none of them 0."
        )
    if array.shape[1] != n_values:
        raise InvalidInputError(
            f"{name} has {counted(array.shape[1], 'image')} per class for {n_values} values. Pass "
            "one for each."
        )
    tiles = as_rgb(name, array.reshape(-1, *array.shape[2:]), value_range)
    return tiles.reshape(*array.shape[:2], *tiles.shape[1:])


def _value_labels(values: NDArray[np.float64]) -> list[str]:
    """Values with two decimals, or more where these do not tell them apart."""
    for decimals in range(2, 7):
        rounded = [round(value, decimals) + 0.0 for value in values.tolist()]  # 0, not -0
        if len(set(rounded)) == len(set(values.round(6).tolist())):
            break
    return [f"{value:g}".replace("-", "−") for value in rounded]
