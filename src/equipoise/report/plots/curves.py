"""Learning curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from ._style import GRID, METRIC_NAMES, PALETTE, AnyFigure, new_figure

_TITLES = {
    "loss": "Total loss",
    "reconstruction": "Reconstruction loss",
    "classification": "Classification loss",
    "mmd": "MMD of codes and prior",
    "seconds": "Seconds per epoch",
    "learning_rate": "Learning rate",
}
_MAX_COLUMNS = 3


def plot_curves(history: Sequence[Mapping[str, Any]], *, fig: AnyFigure | None = None) -> AnyFigure:
    """Every recorded quantity over epochs, each in a panel of its own.

    ``val_…`` is drawn into the panel of the training value of the same name where there is one.
    Scores have an axis from 0 to 1 and their best validation epoch marked; other axes fit the
    values.

    Parameters
    ----------
    history : sequence of mappings
        One record per epoch: numbers by name, such as ``epoch``, ``loss``, ``reconstruction``,
        ``classification``, ``mmd``, ``val_acsa``, ``seconds``. Without ``epoch``, records count
        from 1. A missing or non-finite value leaves a gap; what is never a number is skipped.
    fig : matplotlib Figure or SubFigure, default=None
        Where to draw; by default a new figure.

    Returns
    -------
    matplotlib Figure or SubFigure
        With one axes per quantity.

    Raises
    ------
    ValueError
        If `history` is empty or has no numbers beside the epoch.
    """
    records = list(history)
    if not records:
        raise ValueError("history is empty. Pass the records of at least one epoch.")
    names = [
        name
        for name in dict.fromkeys(name for record in records for name in record)
        if name != "epoch" and any(_is_number(record.get(name)) for record in records)
    ]
    if not names:
        raise ValueError(f"history holds no numbers, only {list(records[0])}. Record some.")
    epochs = np.array([float(r.get("epoch", i)) for i, r in enumerate(records, start=1)])
    panels: dict[str, list[str]] = {}
    for name in names:
        panels.setdefault(name.removeprefix("val_"), []).append(name)

    n_columns = min(_MAX_COLUMNS, len(panels))
    n_rows = -(-len(panels) // n_columns)
    figure = new_figure(fig, 3.5 * n_columns, 2.5 * n_rows)
    grid = figure.subplots(n_rows, n_columns, squeeze=False)
    for ax, (quantity, drawn) in zip(grid.flat, panels.items(), strict=False):
        _draw(ax, quantity, {name: _values(records, name) for name in drawn}, epochs)
    for ax in grid.flat[len(panels) :]:
        ax.remove()
    for column in range(n_columns):
        lowest = [row for row in range(n_rows) if row * n_columns + column < len(panels)][-1]
        grid[lowest, column].set_xlabel("epoch")
    return figure


def _draw(
    ax: Axes, quantity: str, series: dict[str, NDArray[np.float64]], epochs: NDArray[np.float64]
) -> None:
    is_score = quantity in METRIC_NAMES
    for name, values in series.items():
        validation = name.startswith("val_")
        ax.plot(
            epochs,
            values,
            color=PALETTE[2] if validation else PALETTE[0],
            linestyle="--" if validation and len(series) > 1 else "-",
            marker="o" if np.isfinite(values).sum() < 3 else "",
            markersize=4,
            label="validation" if validation else "training",
        )
        if is_score and validation:
            best = int(np.nanargmax(values))
            ax.plot(epochs[best], values[best], "o", color=PALETTE[2], markersize=5)
            ax.annotate(
                f"best {values[best]:.3f}, epoch {epochs[best]:g}",
                (0.97, 0.06),
                xycoords="axes fraction",
                ha="right",
                fontsize="small",
            )
    title = _TITLES.get(quantity) or METRIC_NAMES.get(quantity) or quantity.replace("_", " ")
    if list(series) == [f"val_{quantity}"]:
        title = f"Validation {title if title[:2].isupper() else title[0].lower() + title[1:]}"
    else:
        title = title[0].upper() + title[1:]
    ax.set_title(title, fontsize="medium")
    if is_score:
        ax.set_ylim(0, 1.02)
    if len(series) > 1:
        ax.legend(frameon=False, fontsize="small")
    if quantity == "seconds":
        ax.set_ylim(0, 1.1 * max(np.nanmax(values) for values in series.values()))
    if len(epochs) <= 5:
        ax.set_xticks(epochs)
    else:
        ax.locator_params(axis="x", integer=True, nbins=6)
    ax.grid(axis="y", **GRID)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)


def _values(records: Sequence[Mapping[str, Any]], name: str) -> NDArray[np.float64]:
    found = [record.get(name) for record in records]
    return np.array([v if _is_number(v) else np.nan for v in found], dtype=np.float64)


def _is_number(value: Any) -> bool:
    is_real = isinstance(value, (int, float, np.integer, np.floating))
    return is_real and not isinstance(value, bool) and bool(np.isfinite(value))
