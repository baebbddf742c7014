"""What each code does to the columns of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...errors import InvalidInputError
from ._style import (
    DASHES,
    GRID,
    PALETTE,
    AxesArray,
    Names,
    as_floats,
    class_labels,
    closing_on_failure,
    literally,
    new_figure,
)

_WIDTH, _HEIGHT = 2.1, 1.35  # inches of a panel


@closing_on_failure
def plot_profiles(
    profiles: Mapping[str, ArrayLike],
    values: ArrayLike,
    *,
    code_names: Sequence[str],
    class_names: Names = None,
) -> AxesArray:
    """A row per column of the table, a panel per code, a line per class.

    A flat line says that the code leaves the column alone; lines that rise together, that it means
    the same in all classes.

    Parameters
    ----------
    profiles : mapping of str to array of shape (n_codes, n_classes, n_values)
        Mean of a column, or proportion of a category, by its name. Numbers or dates.
    values : array-like of shape (n_values,)
        Values of the code.
    code_names : sequence of str
    class_names : mapping of int to str, or sequence of str, default=None
        Names of the classes, in their order or by their number; by default the numbers.

    Returns
    -------
    ndarray of matplotlib Axes of shape (n_columns, n_codes)
        Panels of a row share their scale.

    Raises
    ------
    InvalidInputError
        If there is nothing to draw, or shapes do not match.
    """
    if not profiles or not code_names:
        raise InvalidInputError("profiles or code_names is empty. Pass at least one of each.")
    points = as_floats("values", values, 1)
    arrays = {name: np.asarray(profile) for name, profile in profiles.items()}
    n_classes = next(iter(arrays.values())).shape[1]
    for name, array in arrays.items():
        if array.shape != (len(code_names), n_classes, len(points)):
            raise InvalidInputError(
                f"profiles[{name!r}] has shape {array.shape}, expected "
                f"{(len(code_names), n_classes, len(points))}: codes, classes and values."
            )
    labels = class_labels(range(n_classes), class_names, None, "")
    n_rows, n_columns = len(arrays), len(code_names)
    figure = new_figure(None, 1.3 + _WIDTH * n_columns, 0.9 + _HEIGHT * n_rows)
    axes = figure.subplots(n_rows, n_columns, sharex=True, sharey="row", squeeze=False)
    for row, (name, array) in zip(axes, arrays.items(), strict=True):
        for ax, lines in zip(row, array, strict=True):
            for c, line in enumerate(lines):
                dash = DASHES[c // len(PALETTE) % len(DASHES)]
                ax.plot(points, line, dash, color=PALETTE[c % len(PALETTE)], label=labels[c])
            ax.grid(**GRID)
            ax.tick_params(labelsize="x-small")
        row[0].set_ylabel(literally(name), fontsize="small", rotation=0, ha="right", va="center")
    for ax, code in zip(axes[0], code_names, strict=True):
        ax.set_title(literally(code), fontsize="medium", loc="left")
    figure.supxlabel("value of the code", fontsize="small")
    entries = axes[0, 0].get_legend_handles_labels()
    place: dict[str, Any] = {"loc": "outside upper center", "ncols": min(6, n_classes)}
    figure.legend(*entries, frameon=False, **place)
    return axes
