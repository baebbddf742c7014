"""Recall of every class against the number of rows it was learned from."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from . import _style as style
from ._style import DASHES, GRID, Names

_MAX_NAMED = 50  # classes; more names do not fit above the axes


@style.closing_on_failure
def plot_recall_by_size(
    class_counts: Mapping[Hashable, int] | Sequence[int],
    recalls: Mapping[str, Mapping[Hashable, float] | ArrayLike],
    *,
    class_names: Names = None,
    ax: Axes | None = None,
) -> Axes:
    """Per-class recall against training size, one line per method.

    A method that serves all classes alike draws a level line. Points are classes; the line joins
    them, through the mean where classes have the same size.

    Parameters
    ----------
    class_counts : mapping of class to int, or sequence of int of length n_classes
        Training rows of each class, at least 1.
    recalls : mapping of method to (mapping of class to float, or array-like of shape (n_classes,))
        Recalls in [0, 1], in the order of `class_counts`. NaN, of a class without test rows, is
        left out.
    class_names : mapping or sequence of str, default=None
        Names by class, or in the order of `class_counts`, to be written above the axes. Without
        it, the keys of a mapping of counts are.
    ax : matplotlib.axes.Axes, default=None
        Where to draw; by default a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        With a logarithmic size axis, and recall from 0 to 1.

    Raises
    ------
    ValueError
        If lengths do not match, a count is below 1, or a recall is outside [0, 1].
    """
    given = class_counts if isinstance(class_counts, Mapping) else dict(enumerate(class_counts))
    classes = list(given)
    counts = style.as_floats("class_counts", list(given.values()), 1)
    if counts.min() < 1:
        raise ValueError(
            f"class_counts has {counts.min():g}. A logarithmic axis needs sizes of at least 1; "
            "leave classes without training rows out."
        )
    if not recalls:
        raise ValueError("recalls is empty. Pass the recalls of at least one method.")
    named = class_names is not None or isinstance(class_counts, Mapping)
    names = style.class_labels(classes, class_names) if named and len(classes) <= _MAX_NAMED else []

    ax = style.new_axes(ax, 7.2, 4.4 + 0.06 * max(map(len, names), default=0))
    for i, (method, values) in enumerate(recalls.items()):
        recall = _recalls(method, values, classes)
        known = ~np.isnan(recall)
        marks, dash = style.look(i), DASHES[i % 4]
        ax.plot(counts[known], recall[known], linestyle="", markersize=5, **marks)
        means = pd.Series(recall[known]).groupby(counts[known]).mean()
        ax.plot(means, color=marks["color"], linestyle=dash, linewidth=1.3)
        # What the legend shows: line and marker together.
        ax.plot([], [], linestyle=dash, markersize=5, label=style.literally(method), **marks)
    style.logarithmic(ax, counts, margin=1.3)
    ax.set(xlabel="training rows of the class (logarithmic)", ylabel="recall", ylim=(0, 1.02))
    ax.grid(**GRID)
    ax.set_axisbelow(True)
    ax.legend(frameon=False, fontsize="small", loc="best")
    if names:
        _write_names(ax, names, counts)
    ax.set_title("Recall by class size")
    return ax


def _recalls(
    method: str, values: Mapping[Hashable, float] | ArrayLike, classes: list[Hashable]
) -> NDArray[np.float64]:
    name = f"recalls[{method!r}]"
    given = values if isinstance(values, Mapping) else np.asarray(values, np.float64).tolist()
    recall = np.array(style.per_class(name, classes, given, ()), dtype=np.float64)
    outside = recall[(recall < 0) | (recall > 1)]
    if outside.size:
        raise ValueError(f"{name} has the value {outside[0]:g}. Recalls lie in [0, 1].")
    return recall


def _write_names(ax: Axes, names: list[str], counts: NDArray[np.float64]) -> None:
    """Names upright above the axes, each tied to its size; close ones are moved apart."""
    order = np.argsort(counts, kind="stable")
    low, high = np.log(ax.get_xlim())
    wanted = (np.log(counts[order]) - low) / (high - low)
    places = style.spread(wanted, gap=min(0.028, 1 / len(names)))
    top = ax.twiny()  # its ticks, unlike free text, are known to the title and to the layout
    top.set_xlim(0, 1)
    size = "x-small" if len(names) > 20 else "small"
    top.set_xticks(places, [names[i] for i in order], rotation=90, fontsize=size)
    top.tick_params(length=0, pad=12)
    ties: dict[str, Any] = {"color": "0.5", "linewidth": 0.7, "clip_on": False}
    top.plot([wanted, places], [1, 1.035], transform=top.transAxes, **ties)
