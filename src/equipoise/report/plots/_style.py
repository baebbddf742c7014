"""What the plots share: colours, new figures, and how classes are called."""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import wraps
from typing import Any, Literal, ParamSpec, TypeVar, cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import LogLocator, NullLocator
from numpy.typing import ArrayLike, NDArray
from sklearn.isotonic import isotonic_regression

from equipoise.errors import counted

# Ten colours chosen for colour-blind readers: Petroff, "Accessible color sequences for data
# visualization" (2021). Written out because matplotlib knows them only from 3.10 on.
PALETTE = "#3f90da #ffa90e #bd1f01 #94a4a2 #832db6 #a96b59 #e76300 #b9ac70 #717581 #92dadd".split()
MARKERS = "os^dvPXp<>"
DASHES = ("-", "--", "-.", ":")
MUTED = "0.45"
GRID: dict[str, Any] = {"color": "0.5", "alpha": 0.25, "linewidth": 0.8}

Names = Mapping[Hashable, str] | Sequence[str] | None
Counts = Mapping[Hashable, int] | Sequence[int] | None
Value = TypeVar("Value")
Arguments = ParamSpec("Arguments")
AnyFigure = Figure | SubFigure
AxesArray = np.ndarray[Any, np.dtype[Any]]
Layout = Literal["constrained", "none"]


def look(i: int) -> dict[str, Any]:
    """Colour and marker of series `i`: no two of the first hundred share both."""
    return {"color": PALETTE[i % 10], "marker": MARKERS[(i + i // 10) % 10]}


def new_figure(
    fig: AnyFigure | None, width: float, height: float, layout: Layout = "constrained"
) -> AnyFigure:
    """`fig`, or else a new figure of this size in inches."""
    if fig is not None:
        return fig
    import matplotlib.pyplot as plt  # registers the figure, so that notebooks and show() find it

    return plt.figure(figsize=(width, height), layout=layout)


def closing_on_failure(plot: Callable[Arguments, Value]) -> Callable[Arguments, Value]:
    """Close the figures that a function has made if it raises, as nobody else knows them."""

    @wraps(plot)
    def plotted(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Value:
        open_before = _open_figures()
        try:
            return plot(*args, **kwargs)
        except BaseException:
            for number in _open_figures() - open_before:
                sys.modules["matplotlib.pyplot"].close(number)
            raise

    return plotted


def _open_figures() -> set[int]:
    """The numbers of pyplot's figures: none where it is not loaded, and it stays so."""
    plt = sys.modules.get("matplotlib.pyplot")
    return set() if plt is None else set(plt.get_fignums())


def new_axes(ax: Axes | None, width: float, height: float, layout: Layout = "constrained") -> Axes:
    """`ax`, or else the axes of a new figure of this size in inches."""
    return new_figure(None, width, height, layout).add_subplot() if ax is None else ax


def legend_beside(ax: Axes, title: str | None = None) -> None:
    """A legend to the right of the axes."""
    place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1, 1)}
    ax.legend(frameon=False, fontsize="small", title=title, **place)


def fit_figure(axes: Axes | AxesArray, width: float, height: float) -> None:
    """Size their figure so that these axes (2-D if several) measure this in inches, no label cut.

    For axes of a fixed aspect, around which constrained layout leaves too much room or too little.
    """
    grid = np.atleast_2d(np.asarray(axes, dtype=object))
    figure, pad = cast(Figure, grid[0, 0].figure), 0.08
    figure.set_size_inches(width, height)
    for ax in grid.flat:
        ax.set_position((0, 0, 1, 1))
    figure.draw_without_rendering()
    # Inches that labels take around the axes; those of a column or row have the same.
    outer = np.array([[ax.get_tightbbox().extents for ax in row] for row in grid]) / figure.dpi
    left, above = pad - outer[..., 0].min(axis=0), pad + outer[..., 3].max(axis=1) - height
    right, below = pad + outer[..., 2].max(axis=0) - width, pad - outer[..., 1].min(axis=1)
    size = np.array([(left + width + right).sum(), (below + height + above).sum()])
    figure.set_size_inches(*size)
    lefts = np.cumsum(left + width + right) - right - width
    bottoms = size[1] - np.cumsum(above + height + below) + below
    for (i, j), ax in np.ndenumerate(grid):
        ax.set_position((*(lefts[j], bottoms[i]) / size, *(width, height) / size))


def logarithmic(ax: Axes, values: ArrayLike, margin: float) -> None:
    """A logarithmic x axis around these values, its ticks written as 30, 100, 300."""
    low, high = np.min(values) / margin, np.max(values) * margin
    ax.set(xscale="log", xlim=(low, high))
    subs = (1, 2, 5) if high < 20 * low else (1, 3) if high < 1000 * low else (1,)
    ax.xaxis.set_major_locator(LogLocator(subs=subs))
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}")
    ax.xaxis.set_minor_locator(NullLocator())


def spread(wanted: NDArray[np.float64], gap: float) -> NDArray[np.float64]:
    """Positions in [0, 1] near the sorted wanted ones, at least `gap` apart."""
    steps = gap * np.arange(len(wanted))
    # Least squares under the order and the gaps.
    return isotonic_regression(wanted - steps, y_min=0, y_max=1 - steps[-1]) + steps


def literally(text: object) -> str:
    """A text in which matplotlib takes nothing for a formula, as between two dollars."""
    return str(text).replace("$", r"\$")


def class_labels(
    classes: Sequence[Hashable], names: Names, counts: Counts = None, unit: str = ""
) -> list[str]:
    """What to write for each class: its name, and its count where counts are given."""
    texts = [literally(name) for name in per_class("class_names", classes, names, classes)]
    if counts is None:
        return texts
    sizes = per_class("counts", classes, counts, ())
    return [f"{text} ({size:,}{unit})" for text, size in zip(texts, sizes, strict=True)]


def per_class(
    parameter: str,
    classes: Sequence[Hashable],
    values: Mapping[Hashable, Value] | Sequence[Value] | None,
    default: Sequence[Value],
) -> list[Value]:
    """Values in the order of `classes`, from a mapping or a sequence in that order."""
    if values is None:
        return list(default)
    if isinstance(values, Mapping):
        missing = [c for c in classes if c not in values]
        if missing:
            raise ValueError(f"{parameter} lacks class {missing[0]!r}. Add it to the mapping.")
        return [values[c] for c in classes]
    listed = list(values)
    if len(listed) != len(classes):
        raise ValueError(
            f"{parameter} has {counted(len(listed), 'entry', 'entries')} for "
            f"{counted(len(classes), 'class', 'classes')} {list(classes)}. Give one for each, in "
            "this order, or a mapping from class to entry."
        )
    return listed


def as_floats(
    parameter: str, values: ArrayLike, ndim: int, length: int | None = None
) -> NDArray[np.float64]:
    """A copy of `values` as finite floats with `ndim` axes, the first of this length."""
    array = np.array(values, dtype=np.float64)
    if array.ndim != ndim:
        raise ValueError(f"{parameter} must have {ndim} axes, got shape {array.shape}.")
    if length is not None and len(array) != length:
        raise ValueError(
            f"{parameter} has {counted(len(array), 'entry', 'entries')}. Give {length}, one for "
            "each."
        )
    if array.size == 0:
        raise ValueError(f"{parameter} is empty, of shape {array.shape}. Nothing can be drawn.")
    if not np.isfinite(array).all():
        raise ValueError(f"{parameter} has NaN or infinite values. Drop or fill them first.")
    return array
