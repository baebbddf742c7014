"""Learning curves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from ...metrics.names import METRICS
from ._style import GRID, PALETTE, AnyFigure, AxesArray, closing_on_failure, new_figure

_TITLES = {
    "loss": "total loss",
    "reconstruction": "reconstruction loss",
    "classification": "classification loss",
    "mmd": "MMD of codes and prior",
    "seconds": "seconds per epoch",
    "learning_rate": "learning rate",
}
_MAX_COLUMNS = 3


@closing_on_failure
def plot_curves(history: Sequence[Mapping[str, Any]], *, fig: AnyFigure | None = None) -> AxesArray:
    """Every recorded quantity over epochs, each in a panel of its own.

    ``val_…`` is drawn into the panel of the training value of the same name where there is one.
    Scores have an axis from 0 to 1 and their best validation epoch marked; other axes fit the
    values.

    Parameters
    ----------
    history : sequence of mappings
        One record per epoch: numbers by name, such as ``epoch``, ``loss``, ``reconstruction``,
        ``classification``, ``mmd``, ``val_acsa``, ``seconds``. Without ``epoch``, records count
        from 1. A missing or non-finite value interrupts the line; a key that never has a number is
        left out.
    fig : matplotlib Figure or SubFigure, default=None
        Where to draw; by default a new figure.

    Returns
    -------
    ndarray of matplotlib Axes of shape (n_quantities,)

    Raises
    ------
    ValueError
        If `history` is empty or has no numbers beside the epoch.
    """
    if not len(history):
        raise ValueError("history is empty. Pass the records of at least one epoch.")
    records = pd.DataFrame(list(history))
    epochs = records.get("epoch", records.index + 1)
    # What is no number, here and there or throughout, is a missing value.
    numbers = records.drop(columns="epoch", errors="ignore").apply(lambda one: one.map(_number))
    numbers = numbers.dropna(axis=1, how="all")
    if numbers.empty:
        raise ValueError(f"history holds no numbers, only {list(records)}. Record some.")
    numbers.index = pd.Index(epochs, dtype=float)
    panels: dict[str, list[str]] = {name.removeprefix("val_"): [] for name in numbers}
    for name in numbers:
        panels[name.removeprefix("val_")].append(name)

    n_columns = min(_MAX_COLUMNS, len(panels))
    n_rows = -(-len(panels) // n_columns)
    figure = new_figure(fig, 3.5 * n_columns, 2.5 * n_rows)
    axes = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    for ax, (quantity, drawn) in zip(axes, panels.items(), strict=False):
        _draw(ax, quantity, numbers[drawn])
    for ax in axes[len(panels) :]:
        ax.remove()
    for ax in axes[max(0, len(panels) - n_columns) : len(panels)]:
        ax.set_xlabel("epoch")
    return axes[: len(panels)]


def _draw(ax: Axes, quantity: str, series: pd.DataFrame) -> None:
    is_score, epochs = quantity in METRICS and not METRICS[quantity].lower_is_better, series.index
    for name, values in series.items():
        validation = str(name).startswith("val_")
        ax.plot(
            values,
            color=PALETTE[2] if validation else PALETTE[0],
            linestyle="--" if validation and series.shape[1] > 1 else "-",
            marker="o" if values.count() < 3 else "",
            markersize=4,
            label="validation" if validation else "training",
        )
        if is_score and validation:
            best, epoch = values.max(), values.idxmax()
            ax.plot(epoch, best, "o", color=PALETTE[2], markersize=5)
            text = f"best {best:.3f}, epoch {epoch:g}"
            ax.text(0.97, 0.06, text, transform=ax.transAxes, ha="right", fontsize="small")
    written = _TITLES.get(quantity, quantity.replace("_", " "))
    title = METRICS[quantity].words if is_score else written
    if list(series) == [f"val_{quantity}"]:
        title = f"validation {title}"
    ax.set_title(title[0].upper() + title[1:], fontsize="medium")
    if is_score:
        ax.set_ylim(0, 1.02)
    if series.shape[1] > 1:
        ax.legend(frameon=False, fontsize="small")
    if quantity == "seconds":
        ax.set_ylim(0, 1.1 * series.max(axis=None))
    if len(epochs) <= 5:
        ax.set_xticks(epochs)
    else:
        ax.locator_params(axis="x", integer=True, nbins=6)
    ax.grid(axis="y", **GRID)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)


def _number(value: object) -> float:
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else math.nan  # type: ignore
