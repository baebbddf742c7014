"""Images as tiles of one canvas: values, places, and how the canvas is shown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

Canvas = NDArray[np.float64]


def as_rgb(name: str, values: ArrayLike, value_range: tuple[float, float] | None) -> Canvas:
    """Images as floats in 0–1 of shape (n, height, width, 3)."""
    if value_range is not None and not value_range[0] < value_range[1]:
        raise ValueError(f"value_range must be (black, white) with black < white: {value_range}.")
    array = np.asarray(values)
    if array.ndim == 3:
        array = array[..., None]
    if array.ndim != 4 or array.shape[-1] not in (1, 3) or 0 in array.shape[1:]:
        raise ValueError(
            f"{name} has shape {np.shape(values)}. Pass (n, height, width) for grey images or "
            "(n, height, width, 3) for colour."
        )
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} has dtype {array.dtype}. Pass numbers.")
    low, high = value_range or (0, 255 if array.dtype.kind in "iu" else 1)
    scaled = (array.astype(np.float64) - low) / (high - low)
    slack = 1e-3  # rounding, not another scale
    if array.size and not (scaled.min() >= -slack and scaled.max() <= 1 + slack):
        raise ValueError(
            f"{name} has values from {array.min():g} to {array.max():g}, outside {low}–{high}. "
            "Pass value_range=(black, white), and no NaN."
        )
    return np.broadcast_to(scaled.clip(0, 1), (*array.shape[:3], 3))


def mosaic(
    rows: Sequence[Canvas], *, paired: bool = False
) -> tuple[Canvas, NDArray[np.intp], NDArray[np.intp]]:
    """One white canvas with all images, the tops of the rows and the lefts of the columns."""
    height, width = rows[0].shape[1:3]
    gap = max(2, round(0.1 * width))
    lefts = (width + gap) * np.arange(max(map(len, rows)))
    # A pair stands close together, and apart from the next.
    steps = [height + (3 * gap if paired and i % 2 else gap) for i in range(len(rows))]
    tops = np.cumsum([0, *steps[:-1]])
    canvas = np.ones((tops[-1] + height, lefts[-1] + width, 3))
    for top, row in zip(tops, rows, strict=True):
        for left, image in zip(lefts, row, strict=False):
            canvas[top : top + height, left : left + width] = image
    return canvas, tops, lefts


def show(ax: Axes, canvas: Canvas, tile_height: int) -> None:
    """The canvas without a frame; small images keep their pixels visible."""
    ax.imshow(canvas, interpolation="nearest" if tile_height < 40 else "antialiased")
    ax.spines[:].set_visible(False)
    ax.tick_params(bottom=False, left=False)
